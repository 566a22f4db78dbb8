"""The bins of single numbers: states, nudges and updates."""

import numpy as np

from ceprop.model.plain_update import Update
from ceprop.specification import Specification, sigmoid_address, sigmoid_table
from ceprop.verification.coverage.found import Found


def state_bins(specification: Specification, layer: int, sums: np.ndarray, states: np.ndarray, found: Found) -> None:
    """Add the bins of the new states of a layer, int64 (n_l,), and of the sums from which they are made, with `F_l`
    fraction bits."""
    largest = (1 << specification.formats.state_bits) - 1
    found.add("state", "zero", (states == 0).any())
    found.add("state", "largest", (states == largest).any())
    found.add("state", "between", ((states > 0) & (states < largest)).any())
    if specification.activation.kind == "sigmoid":
        offset, drop = sigmoid_address(specification, layer)
        address = (sums + offset) >> drop
        found.add("state", "first entry", (address < 0).any())
        found.add("state", "last entry", (address >= len(sigmoid_table(specification))).any())
        return
    drop = specification.sum_fraction(layer) - specification.formats.state_bits
    down, rounded = sums >> drop, (sums + (1 << (drop - 1))) >> drop
    inside = (rounded >= 0) & (rounded <= largest)
    found.add("state", "clipped below", (rounded < 0).any())
    found.add("state", "clipped above", (rounded > largest).any())
    found.add("state", "rounded up", (inside & (rounded > down)).any())
    found.add("state", "rounded down", (inside & (rounded == down)).any())


def nudge_bins(
    specification: Specification,
    old: np.ndarray,
    target: np.ndarray,
    rho: np.ndarray,
    negative: bool,
    found: Found,
) -> None:
    """Add the bins of the nudge of the outputs.

    `old` are the states before the step, `target` the targets, and `rho` the activations of the sums, all int64 (n_L,).
    `negative` tells whether the nudge is negative.
    """
    largest, shift = (1 << specification.formats.state_bits) - 1, specification.nudge.shift
    nudge = ((target - old + (1 << (shift - 1))) >> shift) * (-1 if negative else 1)
    found.add("nudge", "raises", (nudge > 0).any())
    found.add("nudge", "lowers", (nudge < 0).any())
    found.add("nudge", "nothing", (nudge == 0).any())
    found.add("nudge", "clipped above", (rho + nudge > largest).any())
    found.add("nudge", "clipped below", (rho + nudge < 0).any())


def update_bins(specification: Specification, update: Update, down: Update, found: Found) -> None:
    """Add the bins of an update. `down` is the same update, rounded down."""
    kind = "weights between neurons" if update.kind == "weights" else update.kind
    if update.kind == "weights" and update.connection == 1:
        kind = "input weights"
    point = f"update: {kind}"
    limit = 1 << (specification.formats.weight_bits - 1)
    changed, carried = update.moved != update.values, update.moved != down.moved
    found.add(point, "raised", (update.moved > update.values).any())
    found.add(point, "lowered", (update.moved < update.values).any())
    found.add(point, "saturated above", (update.lost & (update.moved == limit - 1)).any())
    found.add(point, "saturated below", (update.lost & (update.moved == -limit)).any())
    found.add(point, "from the largest", (changed & (update.values == limit - 1)).any())
    found.add(point, "from the smallest", (changed & (update.values == -limit)).any())
    found.add(point, "carry", carried.any())
    rounding = specification.update.rounding
    if rounding == "floor":
        found.add("rounding of updates", "floor", changed.any())
    else:
        found.add("rounding of updates", f"{rounding}, carry", carried.any())
        found.add("rounding of updates", f"{rounding}, no carry", (changed & ~carried).any())
