"""The registers of the sequencer: what it remembers of the sample at work."""

from typing import NamedTuple

from amaranth.hdl import Signal

from ceprop.hdl.io.result import STEP_BITS
from ceprop.hdl.typing import Fields

_KEPT = ("swap", "bank")
"""Registers that a reset leaves as they are: they tell where the present states and generators lie in the memories,
which keep their contents too."""


class Sample(NamedTuple):
    """What the sequencer remembers of a sample: its result so far, and where it is.

    `steps` of the phase were executed, or begun. Three registers compare it: it is 1 (`first_step`), or the largest
    number of free or of nudged steps. Behind a register of what a step found, the phase `goes_on`. The phase is the
    `nudged` one; a `bank` of generators is in use. The step is one of the biases (`learning`); after the pass or step
    at work the sample is `finished`.

    With a centred nudge, the nudged phase is the `opposite` one, the second of the sample, or the saved states are
    being restored (`restoring`); the first nudged phase settled (`first_settled`).

    In synchronous order, the phase ends in the state before its last one (`other_parity`), states are exchanged
    (`swap`), and all states were zero when the nudged phase began (`blank`). In alternating order, the half-step is the
    `second` one of its step, and the first one `moved` a state."""

    result: Fields
    steps: Signal
    first_step: Signal
    last_free: Signal
    last_nudged: Signal
    goes_on: Signal
    other_parity: Signal
    nudged: Signal
    swap: Signal
    bank: Signal
    blank: Signal
    learning: Signal
    finished: Signal
    opposite: Signal
    restoring: Signal
    first_settled: Signal
    second: Signal
    moved: Signal

    @classmethod
    def create(cls, result: Fields) -> "Sample":
        """The registers."""
        flags = (Signal(name=f"sample_{name}", reset_less=name in _KEPT) for name in cls._fields[2:])
        return cls(Signal(result.shape(), name="outcome"), Signal(STEP_BITS, name="steps"), *flags)
