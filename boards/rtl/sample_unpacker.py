"""Packed samples become the groups of inputs that the core takes (`docs/protocol.md`)."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


class SampleUnpacker(wiring.Component):
    """Walks from input to input, and sends a group when it leaves it, if an entry lay there.

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
        count, label, value = Signal(16, name="count"), Signal(16, name="label"), Signal(16, name="value")
        step, escape, entered, beyond = (
            Signal(8, name="step"),
            Signal(name="escape"),
            Signal(name="entered"),
            Signal(name="beyond"),
        )
        lane, slot = Signal(range(max(2, geometry.cols)), name="lane"), Signal.like(group.slot, name="slot_register")
        # Without a reset, for they are as wide as the array: every sample begins by clearing them.
        values = Array(Signal(input_bits, name=f"value_{k}", reset_less=True) for k in range(geometry.cols))
        byte, held, wanted, filled = (
            Signal(8, name="byte"),
            Signal(name="held"),
            Signal(name="wanted"),
            Signal(name="filled"),
        )
        arrived, at_edge, at_end = (Signal(name=name) for name in ("arrived", "at_edge", "at_end"))
        m.d.comb += [
            self.bytes.ready.eq(~held),
            group.label.eq(label),
            group.slot.eq(slot),
            *(group["values"][k].eq(word) for k, word in enumerate(values)),
        ]
        # A byte waits here, and what is asked about the walk is answered a cycle later: two for each input.
        m.d.sync += [arrived.eq(step == 0), at_edge.eq(lane == geometry.cols - 1)]
        m.d.sync += at_end.eq(slot == geometry.slots(0) - 1)
        with m.If(wanted):
            m.d.sync += held.eq(0)
        with m.If(self.bytes.valid & ~held):
            m.d.sync += [byte.eq(self.bytes.payload), held.eq(1)]
        leave = [*(word.eq(0) for word in values), lane.eq(0), filled.eq(0)]

        def take(state: str, target: Signal, part: int, following: str) -> None:
            with m.State(state):
                m.d.comb += wanted.eq(held)
                with m.If(held):
                    m.d.sync += target.word_select(part, 8).eq(byte)
                    m.next = following

        with m.FSM() as machine:
            take("COUNT", count, 0, "COUNT HIGH")
            take("COUNT HIGH", count, 1, "LABEL")
            take("LABEL", label, 0, "LABEL HIGH")
            take("LABEL HIGH", label, 1, "MORE")
            with m.State("MORE"):
                m.next = "STEP"
                with m.If(count == 0):
                    m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [self.sample.valid.eq(1), group.last.eq(1)]
                with m.If(self.sample.ready):
                    m.d.sync += [slot.eq(0), entered.eq(0), beyond.eq(0)]
                    m.next = "COUNT"
            with m.State("STEP"):
                m.d.comb += wanted.eq(held)
                with m.If(held):
                    # The first input is one step from the start, and that is where the walk stands already.
                    m.d.sync += [
                        escape.eq(byte == 0),
                        step.eq(Mux(byte == 0, 255, byte) - ~entered),
                        entered.eq(1),
                        count.eq(count - 1),
                    ]
                    m.next = "VALUE"
            take("VALUE", value, 0, "VALUE HIGH" if input_bits > 8 else "LOOK")
            if input_bits > 8:
                take("VALUE HIGH", value, 1, "LOOK")
            with m.State("LOOK"):
                m.next = "WALK"
            with m.State("WALK"):
                m.next = "LOOK"
                # An entry beyond the last group would land in another one: it is left out.
                with m.If(arrived | beyond):
                    with m.If(~escape & ~beyond):
                        m.d.sync += [values[lane].eq(value), filled.eq(1)]
                    m.next = "MORE"
                with m.Elif(~at_edge):
                    m.d.sync += [lane.eq(lane + 1), step.eq(step - 1)]
                with m.Elif(at_end):
                    m.d.sync += beyond.eq(1)
                with m.Else():
                    m.d.comb += self.sample.valid.eq(filled)
                    m.next = "WALK"
                    with m.If(self.sample.ready | ~filled):
                        m.d.sync += [*leave, slot.eq(slot + 1), step.eq(step - 1)]
                        m.next = "LOOK"
        with m.If(machine.ongoing("COUNT")):
            m.d.sync += leave
        m.d.comb += self.between.eq(machine.ongoing("COUNT") & ~held)
        return m
