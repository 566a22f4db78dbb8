"""What the cycles of a sample depend on: the lengths of the lists that the core walks, and how the phases end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepLists:
    """Lengths of the lists after a step: largest numbers of changed and of active units on one lane, layers 1..L."""

    changed: tuple[int, ...]
    active: tuple[int, ...]


@dataclass(frozen=True)
class NudgedEvents:
    """A nudged phase: the lists after its `steps`; whether it `settled` with the last one; whether it `rests`, which
    means that it ends with its first half-step in alternating order. Where its states are `restored` afterwards, these
    are the lists after that."""

    steps: tuple[StepLists, ...]
    settled: bool
    rests: bool = False
    restored: StepLists | None = None


@dataclass(frozen=True)
class SampleEvents:
    """What the cycles of a sample depend on, from the record of the golden model.

    `longest_list` is the largest number of listed inputs on one column lane. `free` has one entry per step. The phase
    is settled if its last step, or in alternating order its last half-step, changed no state. `other_parity` is a free
    phase of period 2 that ends in the state before that of its last step. `ends_early` is a free phase in alternating
    order that ends with the first half-step of its last step. `nudged` has one entry per nudged phase."""

    longest_list: int
    free: tuple[StepLists, ...]
    free_settled: bool
    other_parity: bool
    ends_early: bool
    nudged: tuple[NudgedEvents, ...]
