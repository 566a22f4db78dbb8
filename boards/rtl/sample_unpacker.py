"""Packed samples become the groups of inputs that the core takes (`docs/protocol.md`)."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import BLOCK_INPUTS, label_bytes
from ceprop.boards.rtl.granule_splitter import GranuleSplitter, granule_bits
from ceprop.boards.rtl.input_group import InputGroup
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


@dataclass(frozen=True)
class _Walk:
    """Where the walk over the inputs is.

    Fields
    ------
    mask : Signal
        The mask of the block. Bit 0 belongs to the input at which the walk is.
    shifted : Signal
        The mask, and behind it the present granule, without the lowest bits that leave.
    place : Signal
        Inputs of the block that the walk has passed, or bits of a mask or a label that have been shifted in.
    part : Signal
        Granules of the value that have been stored.
    label : Signal
        The label.
    lane, slot : Signal
        The input at which the walk is.
    in_last_slot, in_slot_of_last_block : Signal
        Whether this slot is the last one; whether the last block begins in it.
    """

    mask: Signal
    shifted: Signal
    place: Signal
    part: Signal
    label: Signal
    lane: Signal
    slot: Signal
    in_last_slot: Signal
    in_slot_of_last_block: Signal

    @classmethod
    def create(cls, geometry: Geometry, slot: Signal, parts: int, last_block_slot: int) -> "_Walk":
        """Signals for a walk whose slots are as wide as `slot` and whose values have so many granules."""
        return cls(
            mask=Signal(BLOCK_INPUTS, name="mask"),
            shifted=Signal(BLOCK_INPUTS, name="shifted"),
            place=Signal(range(BLOCK_INPUTS), name="place"),
            part=Signal(range(parts), name="part"),
            label=Signal(8 * label_bytes(geometry.specification.classes), name="label"),
            lane=Signal(range(geometry.cols), name="lane"),
            slot=Signal.like(slot, name="slot_register"),
            in_last_slot=Signal(name="in_last_slot", init=geometry.slots(0) == 1),
            in_slot_of_last_block=Signal(name="in_slot_of_last_block", init=last_block_slot == 0),
        )


class SampleUnpacker(wiring.Component):
    """Walks from input to input, and sends a group when it leaves it, if a value lies there::

        LABEL ─► (LABEL HIGH) ─► MASK ─┬─► WALK ◄─► SEND ─┬─► LABEL
                                  ▲    │    │             │
                                  │    └─► SKIP ◄─► SEND BEFORE SKIP
                                  │         │             │
                                  └─────────┴─────────────┘

    MASK takes the mask of a block. WALK passes an input where its bit of the mask is 0, or two of them where the same
    group goes on behind them. Where the bit is 1, the granules of the value are stored, one per cycle. The input is
    passed with the last granule. SEND sends a group in which a value was stored, and passes its last input. SKIP passes
    a whole block without values in one cycle. It does not pass the last block, in which the sample ends. SEND BEFORE
    SKIP sends the group that the block leaves. LABEL HIGH is there only where the label takes two bytes.

    A state of its own offers the group, so that whether the group is taken decides little: the core may lie far away.

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
        specification = geometry.specification
        self._geometry = geometry
        self._granule_bits = granule_bits(specification.formats.input_bits)
        self._parts = specification.formats.input_bits // self._granule_bits
        last_input = specification.layers[0] - 1
        self._last_lane = last_input % geometry.cols
        self._last_block = divmod(last_input // BLOCK_INPUTS * BLOCK_INPUTS, geometry.cols)
        """Slot and lane of its first input."""
        super().__init__(
            {
                "bytes": In(stream.Signature(8)),
                "sample": Out(stream.Signature(Ports(geometry).sample)),
                "between": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The bytes in granules, the group, and the state machine of the drawing."""
        m = Module()
        m.submodules.splitter = splitter = GranuleSplitter(self._granule_bits)
        m.submodules.group = group = InputGroup(self._geometry, self._granule_bits)
        wiring.connect(m, wiring.flipped(self.bytes), splitter.bytes)
        walk = _Walk.create(self._geometry, self.sample.payload.slot, self._parts, self._last_block[0])
        m.d.comb += [
            self.sample.payload.label.eq(walk.label),
            self.sample.payload.slot.eq(walk.slot),
            self.sample.payload["values"].eq(group.values),
            walk.shifted.eq(Cat(walk.mask, splitter.granules.payload)[self._granule_bits :]),
            group.lane.eq(walk.lane),
            group.granule.eq(splitter.granules.payload),
        ]
        with m.FSM() as machine:
            self._add_label_states(m, walk, splitter)
            self._add_mask_state(m, walk, splitter)
            self._add_walk_state(m, walk, splitter, group)
            self._add_skip_state(m, walk, group)
            self._add_send_states(m, walk, splitter, group)
        with m.If(machine.ongoing("LABEL")):
            m.d.comb += group.clear.eq(1)
        m.d.comb += self.between.eq(machine.ongoing("LABEL") & ~splitter.granules.valid & splitter.bytes.ready)
        return m

    def _take_eight_bits(self, m: Module, walk: _Walk, splitter: GranuleSplitter) -> Value:
        """Shift granules into the mask. Return whether `walk.shifted` has all eight bits in this cycle."""
        granules = splitter.granules
        m.d.comb += granules.ready.eq(1)
        with m.If(granules.valid):
            m.d.sync += [walk.mask.eq(walk.shifted), walk.place.eq(walk.place + self._granule_bits)]
        return granules.valid & (walk.place == (8 - self._granule_bits) % 8)

    def _add_label_states(self, m: Module, walk: _Walk, splitter: GranuleSplitter) -> None:
        """LABEL, LABEL HIGH."""
        states = ("LABEL", "LABEL HIGH")[: len(walk.label) // 8]
        for k, (state, following) in enumerate(zip(states, (*states[1:], "MASK"), strict=True)):
            with m.State(state), m.If(self._take_eight_bits(m, walk, splitter)):
                m.d.sync += walk.label.word_select(k, 8).eq(walk.shifted)
                m.next = following

    def _add_mask_state(self, m: Module, walk: _Walk, splitter: GranuleSplitter) -> None:
        """MASK."""
        with m.State("MASK"), m.If(self._take_eight_bits(m, walk, splitter)):
            in_last_block = walk.in_slot_of_last_block & (walk.lane == self._last_block[1])
            m.next = "WALK"
            with m.If((walk.shifted == 0) & ~in_last_block):
                m.next = "SKIP"

    def _add_walk_state(self, m: Module, walk: _Walk, splitter: GranuleSplitter, group: InputGroup) -> None:
        """WALK."""
        cols = self._geometry.cols
        last, edge = self._last(walk), walk.lane == cols - 1
        ends = Signal(name="ends_group")
        m.d.comb += ends.eq(last | edge)
        with m.State("WALK"):
            with m.If(walk.mask[0]):
                stored = self._store_value(m, walk, splitter, group)
                with m.If(stored & ends):
                    m.next = "SEND"
                with m.Elif(stored):
                    self._pass_inputs(m, walk, splitter, 1)
            with m.Elif(ends & (last | group.filled)):
                m.next = "SEND"
            with m.Else():
                self._pass_inputs(m, walk, splitter, 1)
                if cols > 2:
                    two = (walk.mask[:2] == 0) & (walk.place != BLOCK_INPUTS - 1) & (walk.lane < cols - 2)
                    with m.If(two & ~walk.in_last_slot):
                        self._pass_inputs(m, walk, splitter, 2)
                with m.If(edge):
                    self._next_slot(m, walk, 0)

    def _last(self, walk: _Walk) -> Value:
        """The walk is at the last input of the sample."""
        return walk.in_last_slot & (walk.lane == self._last_lane)

    def _pass_inputs(self, m: Module, walk: _Walk, splitter: GranuleSplitter, count: int) -> None:
        """Go on to an input of the same group, or of the next block."""
        # No input has the bits that come in. MASK puts the same one there, so they need no selection.
        beyond = splitter.granules.payload[-1].replicate(count)
        m.d.sync += [
            walk.mask.eq(Cat(walk.mask, beyond)[count:]),
            walk.lane.eq(walk.lane + count),
            walk.place.eq(walk.place + count),
        ]
        with m.If(walk.place == BLOCK_INPUTS - count):
            m.next = "MASK"

    def _store_value(self, m: Module, walk: _Walk, splitter: GranuleSplitter, group: InputGroup) -> Value:
        """Store a granule. Return whether it is the last one of the value."""
        m.d.comb += [splitter.granules.ready.eq(1), group.store.eq(splitter.granules.valid)]
        last = walk.part == self._parts - 1
        with m.If(splitter.granules.valid):
            m.d.sync += walk.part.eq(Mux(last, 0, walk.part + 1))
        return splitter.granules.valid & last

    def _add_skip_state(self, m: Module, walk: _Walk, group: InputGroup) -> None:
        """SKIP."""
        cols = self._geometry.cols
        slots, lanes = divmod(BLOCK_INPUTS, cols)
        with m.State("SKIP"):
            if lanes == 0:
                # The block begins with a group, in which nothing has been stored yet.
                self._next_slot(m, walk, 0, slots)
                m.next = "MASK"
                return
            wraps = walk.lane >= cols - lanes
            leaves = wraps if slots == 0 else 1
            with m.If(leaves & group.filled):
                m.next = "SEND BEFORE SKIP"
            with m.Else():
                m.next = "MASK"
                with m.If(wraps):
                    self._next_slot(m, walk, walk.lane + lanes - cols, slots + 1)
                with m.Else():
                    self._next_slot(m, walk, walk.lane + lanes, slots)

    def _add_send_states(self, m: Module, walk: _Walk, splitter: GranuleSplitter, group: InputGroup) -> None:
        """SEND, SEND BEFORE SKIP. A group in which a skipped block begins is empty, so it needs no second state where
        groups begin with blocks."""
        last = self._last(walk)
        with m.State("SEND"):
            m.d.comb += [self.sample.valid.eq(1), self.sample.payload.last.eq(last), group.clear.eq(self.sample.ready)]
            with m.If(self.sample.ready):
                m.next = "WALK"
                self._pass_inputs(m, walk, splitter, 1)
                with m.If(last):
                    self._end_sample(m, walk)
                    m.d.comb += splitter.drop.eq(1)
                    m.next = "LABEL"
                with m.Else():
                    self._next_slot(m, walk, 0)
        if BLOCK_INPUTS % self._geometry.cols:
            with m.State("SEND BEFORE SKIP"):
                m.d.comb += [self.sample.valid.eq(1), group.clear.eq(self.sample.ready)]
                with m.If(self.sample.ready):
                    m.next = "SKIP"

    def _next_slot(self, m: Module, walk: _Walk, lane: ValueLike, slots: int = 1) -> None:
        """Go on to `lane`, so many slots further."""
        m.d.sync += [
            walk.lane.eq(lane),
            walk.slot.eq(walk.slot + slots),
            walk.in_last_slot.eq(walk.slot == self._geometry.slots(0) - 1 - slots),
            walk.in_slot_of_last_block.eq(walk.slot == self._last_block[0] - slots),
        ]

    def _end_sample(self, m: Module, walk: _Walk) -> None:
        """Go back to the first input. LABEL clears the group."""
        signals = (walk.place, walk.lane, walk.slot, walk.in_last_slot, walk.in_slot_of_last_block)
        m.d.sync += [signal.eq(signal.init) for signal in signals]
