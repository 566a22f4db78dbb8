"""Theorem 1 for the integer model: its updates compared with the gradients of a network in floating point.

Both networks have the prototypical setting and the same initial weights. Those of the integer network are rounded to
the nearest values of its format. The updates of the integer network are computed from its states, in units of
`2^-state_bits`. The rates are 0, as in the theorem: with a large rate shift and rounding to nearest, no update reaches
half a bit of a weight.
"""

import math

import numpy as np

from ceprop.model import FreeEnd, Network, run_sample
from ceprop.model.reference.dynamics import States
from ceprop.model.reference.gdu import FreePhase, RelativeErrors, compare_states
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.specification import Specification

_INPUT_BITS = 16


def integer_specification(network: ReferenceNetwork, state_bits: int, weight_bits: int) -> Specification:
    """Return the specification with which the integer model runs `network`.

    The `beta` of the network must be a power of two. Weights range from -1 to 1. Inputs have 16 bits, so that their
    rounding has no visible effect.
    """
    settings = network.settings
    fraction = weight_bits - 1
    # `D 2^-(2 S + 1)` is below 1/2. With states of 16 bits, the generator allows one bit less. This is enough up to a
    # `beta` of 1/4, because no product of states changes by 1/2 in one step.
    shift = fraction + (1 if state_bits < 16 else 0)
    return Specification.from_mapping(
        {
            "layers": settings.layers,
            "seed": settings.seed,
            "formats": {
                "state_bits": state_bits,
                "input_bits": _INPUT_BITS,
                "weight_bits": weight_bits,
                "weight_fraction": fraction,
            },
            "activation": {"kind": settings.activation, "table_bits": 12},
            "phases": {
                "free_steps": settings.free_steps,
                "nudged_steps": settings.nudged_steps,
                "order": settings.order,
            },
            "nudge": {"shift": round(-math.log2(settings.beta))},
            "update": {"rounding": "nearest", "shifts": [shift] * len(settings.connections)},
        }
    )


def quantised(network: ReferenceNetwork, specification: Specification) -> Network:
    """Return the integer network whose weights and biases are nearest to those of `network`."""
    found = Network.initial(specification)
    formats = specification.formats
    limit = 1 << (formats.weight_bits - 1)
    for into, values in ((found.weights, network.forward), (found.biases, network.biases)):
        for array, value in zip(into, values, strict=True):
            array[:] = np.clip(np.rint(value * 2.0**formats.weight_fraction), -limit, limit - 1)
    return found


def integer_errors(network: ReferenceNetwork, integer: Network, free: FreePhase, inputs: np.ndarray) -> RelativeErrors:
    """Return the relative errors of one sample. `free` is its free phase in floating point, and `inputs` (1, n_0) are
    from 0 to 1."""
    states, nudged = _run(integer, inputs, int(free.targets.argmax()))
    clamped = FreePhase(free.targets, [free.states[0], *states], free.against)
    after = ([free.states[0], *moved] for moved in nudged)
    return RelativeErrors.of(compare_states(network, clamped, after, network.settings.beta))


def _run(integer: Network, inputs: np.ndarray, label: int) -> tuple[States, list[States]]:
    """Return the states after the free phase and after each nudged step, for layers 1 to L, each (1, n_l), as real
    numbers."""
    specification = integer.specification
    phases, formats = specification.phases, specification.formats
    quantised_inputs = np.rint(inputs[0] * (2**formats.input_bits - 1)).astype(np.uint16)
    record = run_sample(integer, quantised_inputs, label, shifts=specification.largest_shifts, trace=True)
    assert record.states is not None
    rows = record.states / 2.0**formats.state_bits
    # The model skips the rest of a phase that has settled or that has period 2. These steps are added here.
    swapped = record.free_end is FreeEnd.PERIOD_2 and (phases.free_steps - record.free_steps) % 2 == 1
    start = rows[record.free_steps - 1 - swapped]
    nudged = [*rows[record.free_steps :], *([rows[-1]] * (phases.nudged_steps - record.nudged_steps))]
    ends = np.cumsum(specification.layers[1:])[:-1]
    return np.split(start[None], ends, axis=1), [np.split(row[None], ends, axis=1) for row in nudged]
