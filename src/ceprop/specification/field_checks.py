"""What must hold between the fields of a specification. `fields.py` says what must hold of each field alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ceprop.specification.fields import Array
    from ceprop.specification.specification import Specification

LARGEST_WEIGHTS = 2**26
"""Most weights of all connections together. More would take gigabytes of memory, and minutes before the first
sample."""

_LARGEST_SUM_BITS = 60
"""Most bits of the largest possible sum of a neuron. The compiled model adds in 64 bits."""


def check_fields(specification: Specification) -> None:
    """Raise ValueError with one line that names a field, its value and what is allowed, where fields do not fit
    together."""
    _check_layers(specification)
    _check_rates(specification)
    _check_quantiser(specification)
    _check_activation(specification)
    _check_sums(specification)
    if specification.array is not None:
        _check_array(specification, specification.array)


def _check_layers(specification: Specification) -> None:
    """There are enough layers, not too many weights, and an angle only between two sets of them."""
    layers, angle, rule = list(specification.layers), specification.angle, specification.rule
    if len(layers) < 2:
        raise ValueError(f"layers = {layers}: must name at least two layers, input and output")
    if angle is not None and not specification.two_weight_sets:
        raise ValueError(f'angle = {angle}: rule = "{rule}" has one weight set; only "vf" and "c-vf" take it')
    if specification.weights > LARGEST_WEIGHTS:
        raise ValueError(f"layers = {layers}: {specification.weights:,} weights, more than {LARGEST_WEIGHTS:,}")


def _check_rates(specification: Specification) -> None:
    """Every list of shifts has one per connection, the epochs rise, and updates round at a bit that there is."""
    update, count = specification.update, len(specification.connections)
    lists = {"update.shifts": update.shifts}
    if update.largest is not None:
        lists["update.largest"] = update.largest
    lists |= {f"update.schedule.{k}.shifts": change.shifts for k, change in enumerate(update.schedule)}
    for field, shifts in lists.items():
        if len(shifts) != count:
            raise ValueError(f"{field} = {list(shifts)}: must hold one shift per connection, {count}")
    epochs = [change.epoch for change in update.schedule]
    if epochs != sorted(set(epochs)):
        raise ValueError(f"update.schedule: epochs {epochs} must rise")
    for connection in specification.connections:
        _check_rate(specification, connection)


def _check_rate(specification: Specification, connection: int) -> None:
    """The largest shift of a connection is the largest, and its updates round at a bit from 1 to 32."""
    largest = specification.largest_shifts[connection - 1]
    if largest < max(shifts[connection - 1] for shifts in specification.all_shifts):
        raise ValueError(f"update.largest = {list(specification.largest_shifts)}: below a shift of the schedule")
    for shift in (specification.update_shift(connection), specification.bias_shift(connection)):
        if not 1 <= shift <= 32:
            low, high = largest + 1 - shift, largest + 32 - shift
            raise ValueError(
                f"update.shifts = {list(specification.update.shifts)}: the largest shift of connection {connection} "
                f"is {largest}, which rounds its update at bit {shift}; rounding needs a bit from 1 to 32, so the "
                f"largest shift must be from {max(low, 0)} to {high}"
            )


def _check_quantiser(specification: Specification) -> None:
    """The range of the inputs is not empty."""
    if specification.quantiser.low >= specification.quantiser.high:
        raise ValueError(f"quantiser.high = {specification.quantiser.high}: must be above quantiser.low")


def _check_activation(specification: Specification) -> None:
    """The table of the sigmoid is no finer than the sums."""
    if specification.activation.kind != "sigmoid":
        return
    fraction = min(specification.sum_fraction(layer) for layer in specification.connections)
    finest = fraction + specification.sigmoid_range + 1
    if specification.activation.table_bits > finest:
        raise ValueError(f"activation.table_bits = {specification.activation.table_bits}: must be at most {finest}")


def _check_sums(specification: Specification) -> None:
    """No sum is too wide."""
    widest = max(specification.largest_sum(layer) for layer in specification.connections).bit_length()
    if widest > _LARGEST_SUM_BITS:
        raise ValueError(
            f"layers = {list(specification.layers)}: a sum takes {widest} bits, more than {_LARGEST_SUM_BITS}"
        )


def _check_array(specification: Specification, array: Array) -> None:
    """The memories of the array hold the weights, and have what the drives take."""
    for field, have in (("input_lists", array.input_lists), ("memory_ports", array.memory_ports)):
        if array.drives > have:
            raise ValueError(f"array.drives = {array.drives}: takes array.{field} = 2, it is {have}")
    need = specification.cell_words(array.rows, array.cols)
    if need > array.memory_words:
        raise ValueError(
            f"array = {array.rows}x{array.cols}: each cell must hold {need} weights, its memory has room for "
            f"{array.memory_words} (array.memory_words); use more cells or smaller layers"
        )
