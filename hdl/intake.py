"""The sample port: groups of inputs become event messages for the column lanes."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.dither import INPUT_PATTERN
from ceprop.hdl.messages import Messages
from ceprop.hdl.ports import Ports


class Intake(wiring.Component):
    """Takes a sample's groups, one a cycle.

    Members
    -------
    sample : In, stream
        As :class:`Ports` says.
    allowed, everything : In
        Groups may be taken; zeros are listed too.
    event : Out
        The group's message, one cycle after it was taken.
    values : Out, array
        Its inputs, one cycle after the message: when it is in the first lane.
    begin : Out
        The last group of a sample is taken in this cycle.
    target : Out
        The labelled unit, counted down from the size of its layer as `remaining` is.
    """

    latency = 2

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        ports, messages = Ports(geometry), Messages(geometry)
        super().__init__(
            {
                "sample": In(stream.Signature(ports.sample)),
                "allowed": In(1),
                "everything": In(1),
                "event": Out(messages.event),
                "values": Out(ports.sample["values"].shape),
                "begin": Out(1),
                "target": Out(messages.remaining_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Registers only."""
        m = Module()
        group = self.sample.payload
        taken = Signal()
        first = Signal(init=1)
        bits = self.geometry.specification.generator_bits
        stride = INPUT_PATTERN[bits] * self.geometry.cols % (1 << bits)
        event = Signal(self.event.shape(), name="event_register")
        values = Signal(self.values.shape())
        late = Signal.like(values)
        target = Signal.like(self.target)
        m.d.comb += [
            self.sample.ready.eq(self.allowed),
            taken.eq(self.sample.valid & self.allowed),
            self.begin.eq(taken & group.last),
            self.event.eq(event),
            self.values.eq(late),
            self.target.eq(target),
        ]
        m.d.sync += [
            event.valid.eq(taken),
            event.first.eq(first),
            event.last.eq(group.last),
            event.everything.eq(self.everything),
            event.slot.eq(group.slot),
            event.pattern.eq(group.slot * stride),
            values.eq(group.values),
            late.eq(values),
        ]
        with m.If(taken):
            m.d.sync += first.eq(group.last)
        with m.If(self.begin):
            m.d.sync += target.eq(self.geometry.specification.classes - group.label)
        return m
