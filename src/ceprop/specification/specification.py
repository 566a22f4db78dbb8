"""The one object that makes the golden model, the hardware, the testbench and the host driver.

A specification is frozen and validated; it is read from and written to TOML. Lists with one entry a layer or a
connection run from input to output. `docs/numerics.md` says what every field does to the bits.
"""

import itertools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, model_validator

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.specification import digests
from ceprop.specification.fields import Activation, Array, Formats, Nudge, Phases, Quantiser, Section, Update, Within
from ceprop.specification.toml_text import one_line, read_toml, set_field

NAME = r"^[a-z][a-z0-9_-]{0,39}$"
"""What a name looks like: files, modules and identifiers are made of it."""

LARGEST_WEIGHTS = 2**26
"""Weights of all connections together; more would take gigabytes and minutes before the first sample."""


class Specification(Section):
    """Everything that a network, its learning and its hardware are made from.

    Raises :class:`CepropError` (through :meth:`from_mapping` and :meth:`load`) with one line that names the field, the
    value and what is allowed."""

    name: Annotated[str, Field(pattern=NAME)] = "network"
    """Name of the network, from which files and modules are named."""
    layers: tuple[Annotated[int, Within(1, 2**15)], ...] = Field(strict=False)
    """Units of each layer, from input to output. There are at least two layers."""
    rule: Literal["ep", "c-ep", "vf", "c-vf"] = "c-ep"
    """The learning rule. `c-ep` and `c-vf` update after every nudged step, `ep` and `vf` once after the nudged phase.
    `vf` and `c-vf` have backward weights of their own."""
    angle: Annotated[int, Within(0, 180)] | None = None
    """Angle in degrees between the initial forward and backward weights; only for `vf` and `c-vf`, where it is 0 if it
    is left out."""
    seed: Annotated[int, Within(0, 2**64 - 1)] = 1
    """Seed of every random number."""
    formats: Formats = Formats()
    activation: Activation = Activation()
    phases: Phases = Phases()
    nudge: Nudge = Nudge()
    update: Update
    quantiser: Quantiser = Quantiser()
    array: Array | None = None

    # --- reading and writing

    @classmethod
    def from_mapping(cls, fields: dict[str, Any]) -> Self:
        """A validated specification from nested fields as TOML gives them."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            raise CepropError(f"specification: {one_line(first)}") from None

    @classmethod
    def load(cls, path: Path, overrides: Iterable[str] = ()) -> Self:
        """Read a TOML file; every override is `key=value` with a dotted key and a TOML value."""
        fields = read_toml(path)
        for override in overrides:
            set_field(fields, override)
        return cls.from_mapping(fields)

    def override(self, *overrides: str) -> Self:
        """The same specification with some fields set, `key=value` each."""
        fields = self.fields()
        for override in overrides:
            set_field(fields, override)
        return type(self).from_mapping(fields)

    def fields(self) -> dict[str, Any]:
        """Nested fields in plain types, those without a value left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def save(self, path: Path) -> None:
        """Write TOML that :meth:`load` reads back to an equal object."""
        write_aside(path, tomli_w.dumps(self.fields()).encode())

    # --- identity

    @property
    def learning_digest(self) -> str:
        """SHA-256 over the canonical fields: two specifications have the same one if they learn the same bits by
        definition (docs/specification.md)."""
        return digests.digest(self.canonical_fields)

    @property
    def build_digest(self) -> str:
        """SHA-256 over the canonical fields, the name and the array, with the defaults of an array where none is
        given."""
        whole = self.with_array().fields()
        return digests.digest(self.canonical_fields | {"name": whole["name"], "array": whole["array"]})

    @property
    def canonical_fields(self) -> dict[str, Any]:
        """The fields that determine bits, each in the one form that all equal specifications have."""
        return digests.canonical_fields(self)

    def with_array(self) -> Self:
        """The same with an array: the default one where none is given, which must hold the weights."""
        return self if self.array is not None else type(self).from_mapping(self.fields() | {"array": {}})

    # --- what follows from the fields

    @property
    def connections(self) -> range:
        """Numbers of the connections; connection `l` joins layer `l - 1` to layer `l`."""
        return range(1, len(self.layers))

    @property
    def classes(self) -> int:
        """Units of the output layer."""
        return self.layers[-1]

    @property
    def weights(self) -> int:
        """Weights of all connections, backward ones included."""
        forward = [below * above for below, above in itertools.pairwise(self.layers)]
        return sum(forward) + (sum(forward[1:]) if self.two_weight_sets else 0)

    @property
    def continual(self) -> bool:
        """Whether weights move in every nudged step (C-EP, C-VF), or once after the phase (EP, VF)."""
        return self.rule in ("c-ep", "c-vf")

    @property
    def two_weight_sets(self) -> bool:
        """Whether a layer hears the one above through weights of its own (VF, C-VF)."""
        return self.rule in ("vf", "c-vf")

    def shifts_at(self, epoch: int) -> tuple[int, ...]:
        """Rate shifts in force in an epoch (the first is 0), input to output."""
        shifts = self.update.shifts
        for change in self.update.schedule:
            if change.epoch <= epoch:
                shifts = change.shifts
        return shifts

    @property
    def largest_shifts(self) -> tuple[int, ...]:
        """The largest rate shift of each connection (`m_max`)."""
        if self.update.largest is not None:
            return self.update.largest
        return tuple(max(column) for column in zip(*self._all_shifts(), strict=True))

    @property
    def smallest_shifts(self) -> tuple[int, ...]:
        """The smallest rate shift of each connection that the schedule uses."""
        return tuple(min(column) for column in zip(*self._all_shifts(), strict=True))

    def update_shift(self, connection: int) -> int:
        """Bits that an update drops (`SH`): from the product's fraction to the weight's."""
        source = self.formats.input_bits if connection == 1 else self.formats.state_bits
        return source + self.bias_shift(connection) - self.formats.state_bits

    def bias_shift(self, connection: int) -> int:
        """`SH` of the bias of layer `connection`, a synapse from a constant unit of state `2^state_bits`."""
        return 2 * self.formats.state_bits + self.largest_shifts[connection - 1] - self.formats.weight_fraction

    @property
    def generator_bits(self) -> int:
        """Width of a neuron's xorshift generator: 16, or 32 where a rounding position or the size asks for it."""
        return 16 if self._widest_update_shift() <= 16 and sum(self.layers[1:]) < 2**15 else 32

    def row_slot_bits(self, rows: int) -> int:
        """Bits that number the row slots of a cell's weights: for the odd layer that has most of them."""
        return max(1, (math.ceil(max(self.layers[1::2]) / rows) - 1).bit_length())

    def column_words(self, cols: int) -> tuple[int, ...]:
        """Column slots of every set of weights in a cell: connections input to output, then with two weight sets the
        backward weights of connections 2 on."""
        forward = [math.ceil(self.layers[l - l % 2] / cols) for l in self.connections]
        return tuple(forward + (forward[1:] if self.two_weight_sets else []))

    def cell_words(self, rows: int, cols: int) -> int:
        """Words that a cell of a `rows x cols` array needs: the row slots of a column slot take a power of two."""
        return sum(self.column_words(cols)) << self.row_slot_bits(rows)

    def sum_fraction(self, layer: int) -> int:
        """Fraction bits of a neuron's sum: those of a weight and of the finer of its sources."""
        formats = self.formats
        source = max(formats.state_bits, formats.input_bits) if layer == 1 else formats.state_bits
        return formats.weight_fraction + source

    @property
    def sigmoid_range(self) -> int:
        """The sigmoid's table spans `1/2 - 2^h <= a < 1/2 + 2^h`; this is `h`."""
        return 1 if self.formats.state_bits <= 10 else 2

    def largest_sum(self, layer: int) -> int:
        """Bound on the magnitude of a neuron's sum, in units of `2^-sum_fraction`."""
        formats = self.formats
        weight, state = 1 << (formats.weight_bits - 1), 1 << formats.state_bits
        above = self.layers[layer + 1] if layer + 1 < len(self.layers) else 0
        below, source = (self.layers[layer - 1], formats.input_bits if layer == 1 else formats.state_bits)
        fraction = self.sum_fraction(layer) - formats.weight_fraction
        from_below = below * weight * ((1 << source) - 1) << (fraction - source)
        return from_below + (weight * (above * (state - 1) + state) << (fraction - formats.state_bits))

    # --- checks across fields

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.layers) < 2:
            raise ValueError(f"layers = {list(self.layers)}: must name at least two layers, input and output")
        if self.angle is not None and not self.two_weight_sets:
            raise ValueError(
                f'angle = {self.angle}: rule = "{self.rule}" has one weight set; only "vf" and "c-vf" take it'
            )
        self._check_size()
        self._check_rates()
        if self.quantiser.low >= self.quantiser.high:
            raise ValueError(f"quantiser.high = {self.quantiser.high}: must be above quantiser.low")
        if self.activation.kind == "sigmoid":
            finest = min(self.sum_fraction(layer) for layer in self.connections) + self.sigmoid_range + 1
            if self.activation.table_bits > finest:
                raise ValueError(f"activation.table_bits = {self.activation.table_bits}: must be at most {finest}")
        widest = max(self.largest_sum(layer) for layer in self.connections).bit_length()
        if widest > 60:
            raise ValueError(f"layers = {list(self.layers)}: a sum takes {widest} bits, more than 60")
        if self.array is not None:
            self._check_array(self.array)
        return self

    def _check_size(self) -> None:
        if self.weights > LARGEST_WEIGHTS:
            raise ValueError(f"layers = {list(self.layers)}: {self.weights:,} weights, more than {LARGEST_WEIGHTS:,}")

    def _check_rates(self) -> None:
        count = len(self.layers) - 1
        lists = {"update.shifts": self.update.shifts}
        if self.update.largest is not None:
            lists["update.largest"] = self.update.largest
        lists |= {f"update.schedule.{k}.shifts": change.shifts for k, change in enumerate(self.update.schedule)}
        for field, shifts in lists.items():
            if len(shifts) != count:
                raise ValueError(f"{field} = {list(shifts)}: must hold one shift per connection, {count}")
        epochs = [change.epoch for change in self.update.schedule]
        if epochs != sorted(set(epochs)):
            raise ValueError(f"update.schedule: epochs {epochs} must rise")
        for connection in self.connections:
            largest = self.largest_shifts[connection - 1]
            if largest < max(shifts[connection - 1] for shifts in self._all_shifts()):
                raise ValueError(f"update.largest = {list(self.largest_shifts)}: below a shift of the schedule")
            for shift in (self.update_shift(connection), self.bias_shift(connection)):
                if not 1 <= shift <= 32:
                    low, high = largest + 1 - shift, largest + 32 - shift
                    raise ValueError(
                        f"update.shifts = {list(self.update.shifts)}: the largest shift of connection {connection} is "
                        f"{largest}, which rounds its update at bit {shift}; rounding needs a bit from 1 to 32, so the "
                        f"largest shift must be from {max(low, 0)} to {high}"
                    )

    def _check_array(self, array: Array) -> None:
        for field, have in (("input_lists", array.input_lists), ("memory_ports", array.memory_ports)):
            if array.drives > have:
                raise ValueError(f"array.drives = {array.drives}: takes array.{field} = 2, it is {have}")
        need = self.cell_words(array.rows, array.cols)
        if need > array.memory_words:
            raise ValueError(
                f"array = {array.rows}x{array.cols}: each cell must hold {need} weights, its memory has room for "
                f"{array.memory_words} (array.memory_words); use more cells or smaller layers"
            )

    def _all_shifts(self) -> list[tuple[int, ...]]:
        return [self.update.shifts, *(change.shifts for change in self.update.schedule)]

    def _widest_update_shift(self) -> int:
        return max(max(self.update_shift(c), self.bias_shift(c)) for c in self.connections)
