"""How the core is reset: its control by a reset that lasts, its lanes and cells by what then flows through them.

A reset that reached every register of a large array would be its longest net. Nothing needs it: whatever is in a lane
leaves it by itself. Therefore the control is held in reset, and sends nothing, until the lanes are empty. What the
lanes keep beyond that are memories, which a host loads, and lengths of lists, which the first entry starts anew.
"""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Elaboratable, Module, ResetSignal, Signal

in_lanes = DomainRenamer("lanes")
"""For a part whose registers have no reset."""


def flushed(m: Module, cycles: int) -> Elaboratable:
    """The module with its domain `sync` in reset from the cycle after the reset outside begins until `cycles` cycles
    after it ends, and with a domain `lanes` of the same clock, which has no reset."""
    m.domains += [ClockDomain("control", local=True), ClockDomain("lanes", local=True, reset_less=True)]
    left = Signal(range(cycles + 1), init=cycles, name="flush_left")
    flushing = Signal(name="flushing", init=1)
    m.d.outside += flushing.eq(left != 0)
    with m.If(left != 0):
        m.d.outside += left.eq(left - 1)
    m.d.comb += [
        ClockSignal("control").eq(ClockSignal("outside")),
        ResetSignal("control").eq(flushing),
        ClockSignal("lanes").eq(ClockSignal("outside")),
    ]
    renamed = DomainRenamer({"sync": "control", "outside": "sync"})(m)
    assert isinstance(renamed, Elaboratable)
    return renamed
