"""The registers of a core. The hardware, the testbench, the manifest and the host all read this one list."""

from dataclasses import dataclass

from ceprop.specification.specification import Specification

REGISTER_BITS = 32
LARGEST_NUDGE_SHIFT = 15


@dataclass(frozen=True)
class Register:
    """One register of the core. A counter counts up and wraps at `2^REGISTER_BITS`.

    `least` and `most` bound a writable register. The core ignores a write outside of them.
    """

    name: str
    address: int
    meaning: str
    writable: bool = False
    initial: int = 0
    least: int = 0
    most: int = 2**REGISTER_BITS - 1


def registers(specification: Specification) -> tuple[Register, ...]:
    """Return all registers of a core, by rising address."""
    phases, shifts = specification.phases, specification.shifts_at(0)
    bounds = zip(specification.smallest_shifts, specification.largest_shifts, strict=True)
    settings = [
        ("free_steps", "most steps of the free phase", phases.free_steps, 1, 1023),
        ("nudged_steps", "most steps of the nudged phase", phases.nudged_steps, 1, 1023),
        ("nudge_shift", "beta = 2^-nudge_shift", specification.nudge.shift, 1, LARGEST_NUDGE_SHIFT),
        ("nudge_negative", "1: the nudge, and beta, are negative", int(specification.nudge.sign == "negative"), 0, 1),
        ("learn", "1: learn from every sample; 0: infer only", 1, 0, 1),
        ("skip", "1: leave out what changes nothing; 0: every unit, input and step", 1, 0, 1),
        *(
            (f"rate_shift_{l}", f"eta / beta = 2^-rate_shift of connection {l}", shifts[l - 1], low, high)
            for l, (low, high) in zip(specification.connections, bounds, strict=True)
        ),
    ]
    counters = [
        ("samples", "samples finished"),
        ("cycles", "cycles of samples, waits for inputs and for readers of results apart"),
        ("slots", "multiply slots issued; every slot is one multiplication in each cell"),
        ("free_steps_executed", "steps of free phases executed"),
        ("nudged_steps_executed", "steps of nudged phases executed"),
        ("saturations", "updates of weights and biases that saturated"),
        ("ties", "predictions with more than one largest output"),
    ]
    digest = int(specification.learning_digest[:8], 16)
    found = [Register("digest", 0, "first 32 bits of the specification's learning digest", initial=digest)]
    for name, meaning, initial, least, most in settings:
        found.append(Register(name, len(found), meaning, True, initial, least, most))
    for name, meaning in counters:
        found.append(Register(name, len(found), meaning))
    return tuple(found)
