"""The arbiter: whether a sample or a command of the host begins next."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.control.signatures import CommandTurn
from ceprop.hdl.io.signatures import SampleStart
from ceprop.hdl.typing import Interface


class Arbiter(wiring.Component):
    """Lets a command begin between samples, and before any sample on which work has not begun.

    Latency: one cycle from a whole sample to the sequencer. The register makes sure that a command which arrives in
    that cycle waits for the next sample.

    Members
    -------
    loader, commands : In
        A sample waits; a command does.
    sequencer : Out
        A sample may begin.
    """

    loader: Interface
    commands: Interface
    sequencer: Interface

    def __init__(self) -> None:
        super().__init__({"loader": In(SampleStart()), "commands": In(CommandTurn()), "sequencer": Out(SampleStart())})

    def elaborate(self, platform: object) -> Module:
        """Two registers: a sample is ready, and the core is idle."""
        m = Module()
        ready, idle = Signal(name="ready"), Signal(name="idle")
        m.d.sync += [
            ready.eq(self.loader.waits & self.commands.idle & ~self.commands.offered),
            idle.eq(self.sequencer.idle & ~self.sequencer.begin),
        ]
        check(m, "sample_and_command_at_once", self.sequencer.begin & ~self.commands.idle)
        m.d.comb += [
            self.sequencer.waits.eq(ready),
            self.commands.allowed.eq(idle & ~ready),
            self.loader.begin.eq(self.sequencer.begin),
            self.loader.idle.eq(idle),
        ]
        return m
