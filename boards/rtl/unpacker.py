"""Packed samples become the groups of inputs that the core takes (`docs/protocol.md`)."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.ports import Ports


class Unpacker(wiring.Component):
    """Walks from input to input, one a cycle, and sends a group when it leaves it, if an entry lay there.

    Members
    -------
    bytes : In, stream
        Packed samples, one after the other.
    sample : Out, stream
        For the core.
    between : Out
        No sample has begun.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        super().__init__(
            {
                "bytes": In(stream.Signature(8)),
                "sample": Out(stream.Signature(Ports(geometry).sample)),
                "between": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Where the walk is, as slot and lane, and the group there."""
        m = Module()
        geometry, group = self.geometry, self.sample.payload
        input_bits = geometry.specification.formats.input_bits
        count, label, value = Signal(16), Signal(16), Signal(16)
        step, escape = Signal(8), Signal()
        lane = Signal(range(max(2, geometry.cols)))
        slot = Signal.like(group.slot, name="slot_register")
        values = Array(Signal(input_bits, name=f"value_{k}") for k in range(geometry.cols))
        entered, beyond = Signal(), Signal()
        taken = self.bytes.valid & self.bytes.ready
        m.d.comb += [
            group.label.eq(label),
            group.slot.eq(slot),
            *(group["values"][k].eq(word) for k, word in enumerate(values)),
        ]

        def take(state: str, target: Signal, part: int, following: str) -> None:
            with m.State(state):
                m.d.comb += self.bytes.ready.eq(1)
                with m.If(taken):
                    m.d.sync += target.word_select(part, 8).eq(self.bytes.payload)
                    m.next = following

        with m.FSM() as machine:
            take("COUNT", count, 0, "COUNT HIGH")
            take("COUNT HIGH", count, 1, "LABEL")
            take("LABEL", label, 0, "LABEL HIGH")
            take("LABEL HIGH", label, 1, "STEP")
            with m.State("STEP"):
                with m.If(count == 0):
                    m.d.comb += [self.sample.valid.eq(1), group.last.eq(1)]
                    with m.If(self.sample.ready):
                        m.d.sync += [*(word.eq(0) for word in values), lane.eq(0), slot.eq(0), entered.eq(0)]
                        m.d.sync += beyond.eq(0)
                        m.next = "COUNT"
                with m.Else():
                    m.d.comb += self.bytes.ready.eq(1)
                with m.If(taken):
                    # The first input is one step from the start, and that is where the walk stands already.
                    first = Signal()
                    m.d.comb += first.eq(~entered)
                    m.d.sync += [
                        escape.eq(self.bytes.payload == 0),
                        step.eq(Mux(self.bytes.payload == 0, 255, self.bytes.payload) - first),
                        entered.eq(1),
                        count.eq(count - 1),
                    ]
                    m.next = "VALUE"
            take("VALUE", value, 0, "VALUE HIGH" if input_bits > 8 else "WALK")
            if input_bits > 8:
                take("VALUE HIGH", value, 1, "WALK")
            with m.State("WALK"):
                self._walk(m, step, lane, slot, values, beyond)
                with m.If(step == 0):
                    with m.If(~escape & ~beyond):
                        m.d.sync += values[lane].eq(value)
                    m.next = "STEP"
        m.d.comb += self.between.eq(machine.ongoing("COUNT"))
        return m

    def _walk(self, m: Module, step: Signal, lane: Signal, slot: Signal, values: Array, beyond: Signal) -> None:
        """One input on. An entry beyond the last group would land in another one: it is left out."""
        geometry = self.geometry
        filled = Signal()
        leaving = (step != 0) & (lane == geometry.cols - 1) & ~beyond
        m.d.comb += filled.eq(self.sample.payload["values"].as_value().any())
        at_end = slot == geometry.slots(0) - 1
        with m.If(leaving & at_end):
            m.d.sync += [beyond.eq(1), step.eq(0)]
        with m.Elif(leaving):
            m.d.comb += self.sample.valid.eq(filled)
            with m.If(self.sample.ready | ~filled):
                m.d.sync += [*(word.eq(0) for word in values), lane.eq(0), slot.eq(slot + 1), step.eq(step - 1)]
        with m.Elif(step != 0):
            m.d.sync += [lane.eq(lane + 1), step.eq(step - 1)]
