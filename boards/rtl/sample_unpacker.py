"""Packed samples become the groups of inputs that the core takes (`docs/protocol.md`)."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


@dataclass(frozen=True)
class _Walk:
    """Where the walk over the inputs is, and the entry and the group at which it is.

    Fields
    ------
    byte, held, wanted : Signal
        The byte that came last, whether it waits here, and whether a state takes it in this cycle.
    count, label : Signal
        Entries to go, and the label.
    step, escape, value : Signal
        Inputs to go to the entry, whether it is only a long step, and its value.
    entered, beyond : Signal
        The first entry has begun; the walk has passed the last group.
    lane, slot, values, filled : Signal
        The input at which the walk is, the group of its slot, and whether an entry lies in it.
    arrived, at_edge, at_end : Signal
        No step is to go; the walk is at the last lane, at the last slot. These are a cycle late: every input takes two.
    """

    byte: Signal
    held: Signal
    wanted: Signal
    count: Signal
    label: Signal
    step: Signal
    escape: Signal
    value: Signal
    entered: Signal
    beyond: Signal
    lane: Signal
    slot: Signal
    values: Array
    filled: Signal
    arrived: Signal
    at_edge: Signal
    at_end: Signal

    @classmethod
    def create(cls, geometry: Geometry, slot: Signal) -> "_Walk":
        """Signals for a walk whose slots are as wide as `slot`."""
        flags = ("held", "wanted", "escape", "entered", "beyond", "filled", "arrived", "at_edge", "at_end")
        input_bits = geometry.specification.formats.input_bits
        return cls(
            byte=Signal(8, name="byte"),
            count=Signal(16, name="count"),
            label=Signal(16, name="label"),
            step=Signal(8, name="step"),
            value=Signal(16, name="value"),
            lane=Signal(range(max(2, geometry.cols)), name="lane"),
            slot=Signal.like(slot, name="slot_register"),
            # Without a reset, for they are as wide as the array: every sample begins by clearing them.
            values=Array(Signal(input_bits, name=f"value_{k}", reset_less=True) for k in range(geometry.cols)),
            **{name: Signal(name=name) for name in flags},
        )

    def leave_group(self) -> list[Any]:
        """Clear the group."""
        return [*(word.eq(0) for word in self.values), self.lane.eq(0), self.filled.eq(0)]

    def take_byte(self, m: Module, state: str, target: Signal, part: int, following: str) -> None:
        """A state that takes a byte of `target`."""
        with m.State(state):
            m.d.comb += self.wanted.eq(self.held)
            with m.If(self.held):
                m.d.sync += target.word_select(part, 8).eq(self.byte)
                m.next = following


class SampleUnpacker(wiring.Component):
    """Walks from input to input, and sends a group when it leaves it, if an entry lay there::

        COUNT ─► COUNT HIGH ─► LABEL ─► LABEL HIGH ─► MORE ─┬─► CLOSE ─► COUNT
                                                       ▲    └─► STEP ─► VALUE ─► VALUE HIGH ─► LOOK ◄─► WALK ─┐
                                                       └──────────────────────────────────────────────────────┘

    MORE ends a sample that has no more entries. WALK goes from input to input, with a LOOK between two, until it is at
    the entry. VALUE HIGH is there only for inputs of more than 8 bits.

    Members
    -------
    bytes : In, stream
        Packed samples, one after the other.
    sample : Out, stream
        For the core.
    between : Out
        No sample has begun.
    """

    bytes: stream.Interface
    sample: stream.Interface
    between: Signal

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
        """A register for a byte, and the state machine of the drawing."""
        m = Module()
        walk = _Walk.create(self.geometry, self.sample.payload.slot)
        self._wire(m, walk)
        with m.FSM() as machine:
            walk.take_byte(m, "COUNT", walk.count, 0, "COUNT HIGH")
            walk.take_byte(m, "COUNT HIGH", walk.count, 1, "LABEL")
            walk.take_byte(m, "LABEL", walk.label, 0, "LABEL HIGH")
            walk.take_byte(m, "LABEL HIGH", walk.label, 1, "MORE")
            self._add_sample_states(m, walk)
            self._add_entry_states(m, walk)
            self._add_walk_states(m, walk)
        with m.If(machine.ongoing("COUNT")):
            m.d.sync += walk.leave_group()
        m.d.comb += self.between.eq(machine.ongoing("COUNT") & ~walk.held)
        return m

    def _wire(self, m: Module, walk: _Walk) -> None:
        """What does not depend on the state."""
        geometry, group = self.geometry, self.sample.payload
        m.d.comb += [
            self.bytes.ready.eq(~walk.held),
            group.label.eq(walk.label),
            group.slot.eq(walk.slot),
            *(group["values"][k].eq(word) for k, word in enumerate(walk.values)),
        ]
        m.d.sync += [walk.arrived.eq(walk.step == 0), walk.at_edge.eq(walk.lane == geometry.cols - 1)]
        m.d.sync += walk.at_end.eq(walk.slot == geometry.slots(0) - 1)
        with m.If(walk.wanted):
            m.d.sync += walk.held.eq(0)
        with m.If(self.bytes.valid & ~walk.held):
            m.d.sync += [walk.byte.eq(self.bytes.payload), walk.held.eq(1)]

    def _add_sample_states(self, m: Module, walk: _Walk) -> None:
        """MORE, CLOSE."""
        with m.State("MORE"):
            m.next = "STEP"
            with m.If(walk.count == 0):
                m.next = "CLOSE"
        with m.State("CLOSE"):
            m.d.comb += [self.sample.valid.eq(1), self.sample.payload.last.eq(1)]
            with m.If(self.sample.ready):
                m.d.sync += [walk.slot.eq(0), walk.entered.eq(0), walk.beyond.eq(0)]
                m.next = "COUNT"

    def _add_entry_states(self, m: Module, walk: _Walk) -> None:
        """STEP, VALUE, VALUE HIGH."""
        with m.State("STEP"):
            m.d.comb += walk.wanted.eq(walk.held)
            with m.If(walk.held):
                # The first input is one step from the start, and that is where the walk stands already.
                m.d.sync += [
                    walk.escape.eq(walk.byte == 0),
                    walk.step.eq(Mux(walk.byte == 0, 255, walk.byte) - ~walk.entered),
                    walk.entered.eq(1),
                    walk.count.eq(walk.count - 1),
                ]
                m.next = "VALUE"
        wide = self.geometry.specification.formats.input_bits > 8
        walk.take_byte(m, "VALUE", walk.value, 0, "VALUE HIGH" if wide else "LOOK")
        if wide:
            walk.take_byte(m, "VALUE HIGH", walk.value, 1, "LOOK")

    def _add_walk_states(self, m: Module, walk: _Walk) -> None:
        """LOOK, WALK."""
        with m.State("LOOK"):
            m.next = "WALK"
        with m.State("WALK"):
            m.next = "LOOK"
            # An entry beyond the last group would land in another one: it is left out.
            with m.If(walk.arrived | walk.beyond):
                with m.If(~walk.escape & ~walk.beyond):
                    m.d.sync += [walk.values[walk.lane].eq(walk.value), walk.filled.eq(1)]
                m.next = "MORE"
            with m.Elif(~walk.at_edge):
                m.d.sync += [walk.lane.eq(walk.lane + 1), walk.step.eq(walk.step - 1)]
            with m.Elif(walk.at_end):
                m.d.sync += walk.beyond.eq(1)
            with m.Else():
                m.d.comb += self.sample.valid.eq(walk.filled)
                m.next = "WALK"
                with m.If(self.sample.ready | ~walk.filled):
                    m.d.sync += [*walk.leave_group(), walk.slot.eq(walk.slot + 1), walk.step.eq(walk.step - 1)]
                    m.next = "LOOK"
