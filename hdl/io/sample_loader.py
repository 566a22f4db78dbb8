"""The sample port: groups of inputs become event messages for the column lanes, where these have two lists a sample
ahead of the one at work."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Messages
from ceprop.specification import Geometry


class SampleLoader(wiring.Component):
    """Takes a sample's groups, one a cycle, until the sample is whole; then waits until work on it begins.

    Members
    -------
    sample : In, stream
        As :class:`Ports` says.
    everything : In
        Zeros are listed too.
    begin, idle : In
        Work on the waiting sample begins in this cycle; no sample is at work.
    whole : Out
        A whole sample waits.
    event : Out
        The group's message, one cycle after it was taken; a message that closes the sample follows its last group.
    values : Out, array
        The group's inputs, one cycle after the message: when it is in the first lane.
    bank : Out
        Lists of the sample at work.
    target : Out
        Its labelled unit, counted down from the size of its layer as `remaining` is.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        ports, messages = Ports(geometry), Messages(geometry)
        super().__init__(
            {
                "sample": In(stream.Signature(ports.sample)),
                "everything": In(1),
                "begin": In(1),
                "idle": In(1),
                "whole": Out(1),
                "event": Out(messages.event),
                "values": Out(ports.sample["values"].shape),
                "bank": Out(1),
                "target": Out(messages.remaining_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Registers only."""
        m = Module()
        group = self.sample.payload
        taken, free = Signal(name="taken"), Signal(name="free")
        first, whole, bank = Signal(name="first", init=1), Signal(name="whole"), Signal(name="bank")
        # A register of its own, for in a reset there is no sample, and yet none is taken.
        room = Signal(name="room")
        event = Signal(self.event.shape(), name="event_register")
        target, waiting = Signal.like(self.target, name="target"), Signal.like(self.target, name="waiting")
        # Without a reset, for they are as wide as the array.
        values = Signal(self.values.shape(), name="values", reset_less=True)
        late = Signal.like(values, name="late_values")
        two = self.geometry.input_lists == 2
        m.d.comb += [
            free.eq(room if two else room & self.idle),
            self.sample.ready.eq(free),
            taken.eq(self.sample.valid & free),
            self.whole.eq(whole),
            self.event.eq(event),
            self.values.eq(late),
            self.bank.eq(bank),
            self.target.eq(target),
        ]
        last = Signal(name="last")
        filled = Mux(self.begin, 0, whole | (taken & group.last))
        m.d.sync += [
            event.valid.eq(taken),
            event.first.eq(first),
            event.everything.eq(self.everything),
            event.bank.eq(~bank if two else 0),
            event.slot.eq(group.slot),
            last.eq(taken & group.last),
            event.closes.eq(last),
            values.eq(group.values),
            late.eq(values),
            whole.eq(filled),
            room.eq(~filled),
        ]
        with m.If(taken):
            m.d.sync += first.eq(group.last)
        with m.If(taken & group.last):
            m.d.sync += waiting.eq(self.geometry.specification.classes - group.label)
        with m.If(self.begin):
            m.d.sync += [bank.eq(~bank if two else 0), target.eq(waiting)]
        return m


def listing_cycles(geometry: Geometry) -> int:
    """Cycles from the one that takes a sample's last group to the one in which the core knows that all are listed: into
    the registers here, past all column lanes, and back to the corner."""
    return 3 + geometry.hops(geometry.cols - 1) + Geometry.return_registers(geometry.cols)
