"""The states of one lane's neurons: current and previous state in one word."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import write_port
from ceprop.hdl.lanes.lane_memory import lane_memory, read_twice
from ceprop.hdl.lanes.messages import Messages, Operation
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.neuron.signatures import WalkFields, address_of, neuron_address, state_words, stored_words
from ceprop.hdl.typing import Fields
from ceprop.specification import Edge, Geometry


class States(NamedTuple):
    """States of a neuron when its `new` state is there: the state before the step (`old`), the one before that
    (`older`), and the one that stays beside the new one (`kept`)."""

    new: Signal
    old: Signal
    older: Signal
    kept: Signal


class StateMemory(wiring.Component):
    """Reads states for the array, for a step and at the end of a step, and stores new ones.

    Throughput: one read per cycle; a step prevails over the array. Latency: `lane_stages(geometry).states` cycles from
    `source`, two cycles from `step`.

    Members
    -------
    sent : In
        The neuron that a `source` message means, one cycle after it.
    sent_states : Out
        Its states as they are stored, at the lane's stage.
    step, walk : In
        The `step` message in this lane; one cycle later, the fields of its walk.
    early : Out
        The states of a step: exchanged by `swap`, and zero in the first step.
    ending, stepped : In
        A message of a walk has its new state one cycle later; the neuron of that message.
    old, older, kept : Out
        One cycle later, with the new state: as :class:`States` has them.
    saved : Out
        At the same time, with a centred nudge: the state at the end of the free phase.
    new, stores, stored : In
        The new state, whether it is stored, and where.
    """

    sent: Fields
    sent_states: Fields
    step: Fields
    walk: Fields
    early: Fields
    ending: Signal
    stepped: Fields
    old: Signal
    older: Signal
    kept: Signal
    saved: Signal
    new: Signal
    stores: Signal
    stored: Fields

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        address, words = neuron_address(geometry, edge), state_words(geometry)
        bits = geometry.specification.formats.state_bits
        super().__init__(
            {
                "sent": In(address),
                "sent_states": Out(words),
                "step": In(Messages(geometry).step(edge)),
                "walk": In(WalkFields),
                "early": Out(words),
                "ending": In(1),
                "stepped": In(address),
                "old": Out(bits),
                "older": Out(bits),
                "kept": Out(bits),
                "saved": Out(bits),
                "new": In(bits),
                "stores": In(1),
                "stored": In(address),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One memory, which is read twice in a step; previous and current states exchanged as the walk asks."""
        m = Module()
        m.submodules.states = memory = lane_memory(stored_words(self.geometry), self.geometry.neuron_words(self.edge))
        write = write_port(memory)
        # The address of a step is one cycle behind the message, as the addresses of its other words are.
        registers = lane_stages(self.geometry).states - 2
        stepping = delay(m, self.step.operation != Operation.NONE, 1 - registers, "steps")
        named = address_of(self.geometry, self.edge, self.step.index, self.step.layer)
        own = delay(m, named, 1 - registers, "step_address")
        address = delay(m, Mux(stepping, own.as_value(), self.sent.as_value()), registers, "state_address")
        first, again = read_twice(m, memory, address, self.stepped.as_value(), self.ending, step_beats(self.geometry))
        current, previous = self._in_order(first)
        old, older = self._in_order(again)
        m.d.comb += [
            self.sent_states.current.eq(first.current),
            self.sent_states.previous.eq(first.previous),
            self.early.current.eq(current),
            self.early.previous.eq(previous),
            self.old.eq(old),
            self.older.eq(older),
            # Where learning waits for the end of the phase, the state of the free phase stays beside the current one.
            self.kept.eq(old if self.geometry.specification.continual else Mux(self.walk.keep, older, old)),
            write.en.eq(self.stores),
            write.addr.eq(self.stored),
            write.data.current.eq(self.new),
            write.data.previous.eq(self.kept),
        ]
        if self.geometry.specification.centred:
            m.d.comb += [self.saved.eq(again.saved), write.data.saved.eq(Mux(self.walk.save, old, again.saved))]
        return m

    def _in_order(self, word: Fields) -> tuple[Value, Value]:
        """Current and previous state of a word, exchanged by `swap`, and zero in the first step."""
        swap, blank = self.walk.swap, self.walk.first
        return (
            Mux(blank, 0, Mux(swap, word.previous, word.current)),
            Mux(blank, 0, Mux(swap, word.current, word.previous)),
        )
