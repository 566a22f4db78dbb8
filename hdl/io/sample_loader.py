"""The sample port: groups of inputs become event messages for the column lanes. Where these have two lists, a sample is
taken while the one before it is at work."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.io.signatures import PhaseSettings, SampleStart, WorkingSample
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.signatures import InputEvents
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Geometry


class SampleLoader(wiring.Component):
    """Takes the groups of a sample, one per cycle, until the sample is whole; then waits until work on it begins.

    Latency: one cycle from a group to its message; `listing_cycles(geometry)` cycles from the last group until the core
    knows that all inputs are listed.

    Members
    -------
    sample : In, stream
        As :class:`Ports` has it.
    settings : In
        With `everything` zeros are listed too.
    start : Out
        A whole sample waits; work on it begins.
    at_work : Out
        The sample on which work has begun.
    inputs : Out
        The message of a group, one cycle after the group was taken; the message that closes the sample follows its last
        group. The inputs of the group come one cycle after the message, when it is in the first lane.
    """

    sample: Interface
    settings: Interface
    start: Interface
    at_work: Interface
    inputs: Interface

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        super().__init__(
            {
                "sample": In(stream_of(Ports(geometry).sample)),
                "settings": In(PhaseSettings()),
                "start": Out(SampleStart()),
                "at_work": Out(WorkingSample(geometry)),
                "inputs": Out(InputEvents(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A sample waits, its groups are sent, its label is kept."""
        m = Module()
        two = self.geometry.input_lists == 2
        group, begin = self.sample.payload, self.start.begin
        taken, whole = Signal(name="taken"), Signal(name="whole")
        # The port is closed during a reset, when no sample is there either: so there is a register for each of the two.
        room = Signal(name="room")
        filled = Mux(begin, 0, whole | (taken & group.last))
        m.d.comb += [
            self.sample.ready.eq(room if two else room & self.start.idle),
            taken.eq(self.sample.valid & self.sample.ready),
            self.start.waits.eq(whole),
        ]
        m.d.sync += [whole.eq(filled), room.eq(~filled)]
        check(m, "work_begins_without_a_sample", begin & ~whole)
        bank = Signal(name="bank")
        self._send(m, group, taken, ~bank if two else 0)
        target, waiting = (Signal.like(self.at_work.target, name=name) for name in ("target", "waiting_target"))
        m.d.comb += [self.at_work.bank.eq(bank), self.at_work.target.eq(target)]
        with m.If(taken & group.last):
            m.d.sync += waiting.eq(self.geometry.specification.classes - group.label)
        with m.If(begin):
            m.d.sync += [bank.eq(~bank if two else 0), target.eq(waiting)]
        return m

    def _send(self, m: Module, group: Any, taken: Signal, bank: Any) -> None:
        """The message of a group into the lists of `bank`, then its inputs."""
        event: Fields = Signal(self.inputs.event.shape(), name="event_register")
        first, last = Signal(name="first", init=1), Signal(name="last")
        # Without a reset, because they are as wide as the array.
        values = Signal(group["values"].shape(), name="values", reset_less=True)
        late = Signal(values.shape(), name="late_values", reset_less=True)
        m.d.comb += [self.inputs.event.eq(event), *(out.eq(late[k]) for k, out in enumerate(self.inputs.values))]
        m.d.sync += [
            event.valid.eq(taken),
            event.first.eq(first),
            event.everything.eq(self.settings.everything),
            event.bank.eq(bank),
            event.slot.eq(group.slot),
            last.eq(taken & group.last),
            event.closes.eq(last),
            values.eq(group["values"]),
            late.eq(values),
        ]
        with m.If(taken):
            m.d.sync += first.eq(group.last)


def listing_cycles(geometry: Geometry) -> int:
    """Cycles from the one that takes a sample's last group to the one in which the core knows that all inputs are
    listed: 3 into the registers of the sample loader, then past all column lanes, then back to the corner."""
    return 3 + geometry.hops(geometry.cols - 1) + Geometry.return_registers(geometry.cols)
