"""The visit walker: leads a pass over every tile of its connections, one slot a cycle."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Connection, Geometry, address_bits
from ceprop.hdl.messages import Messages, Operand, bits_for
from ceprop.hdl.slots import Pass, Slot, largest_lag, pass_connections, visit


class VisitWalker(wiring.Component):
    """Walks row slots (outer) and column slots or events (inner) of one connection after the other.

    Members
    -------
    start, kind : In
        Begin a pass in the next cycle.
    done : Out
        The pass's last slot is out in this cycle.
    events : In
        Length of the longest list of inputs; lists are walked to at least one entry.
    preshifts : In, array
        Left shift of a difference of states, a connection each.
    negative, swap, bank : In
        Sign of the nudge, order of the states, bank of the generators.
    row_source, column_source, row_sum, column_sum, tile : Out
        Messages of the slot; the sums' messages are those of the moment in which the slot leaves.
    issued : Out
        This cycle's slot uses the multipliers.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        messages = Messages(geometry)
        super().__init__(
            {
                "start": In(1),
                "kind": In(Pass),
                "done": Out(1),
                "events": In(messages.event_count_bits),
                "preshifts": In(bits_for(geometry.rate_room)).array(len(geometry.connections)),
                "negative": In(1),
                "swap": In(1),
                "bank": In(1),
                "row_source": Out(messages.source("row")),
                "column_source": Out(messages.source("column")),
                "row_sum": Out(messages.sum("row")),
                "column_sum": Out(messages.sum("column")),
                "tile": Out(messages.tile),
                "issued": Out(1),
            }
        )
        # A visit: everything that its slots need to know of where they are.
        self._place = data.StructLayout(
            {
                "valid": unsigned(1),
                "row_first": unsigned(1),
                "column_first": unsigned(1),
                "row_address": self.row_sum.address.shape(),
                "column_address": self.column_sum.address.shape(),
                "base": unsigned(address_bits(geometry.weight_words)),
                "index": unsigned(messages.event_index_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Where the walk is, the visits it remembers, and the messages of the slot."""
        m = Module()
        connections = self.geometry.connections
        running, kind = Signal(), Signal(Pass)
        number = Signal(range(len(connections) + 2))
        row = Signal(range(max(c.row_slots for c in connections) + 1))
        index = Signal(range(max(c.column_slots for c in connections) + 1))
        base = Signal(address_bits(self.geometry.weight_words))
        beat, slot, slots = Signal(range(4)), Signal(Slot), Signal(range(5))
        flush, lag = Signal(range(largest_lag() + 1)), Signal(range(largest_lag() + 1))
        final = Signal.like(number)
        self._schedule(m, kind, number, beat, slot, slots, lag, final)

        here, lagging = Signal(self._place), Signal(self._place)
        row_slots, column_slots = Signal.like(row), Signal.like(index)
        with m.Switch(number):
            for c in connections:
                with m.Case(c.number):
                    m.d.comb += [row_slots.eq(c.row_slots), column_slots.eq(c.column_slots)]
                    m.d.comb += self._describe(here, c, row, index)
        m.d.comb += [here.valid.eq(running & (flush == 0)), here.base.eq(base), here.index.eq(index)]
        past = [Signal(self._place, name=f"visit_{k + 1}_ago") for k in range(largest_lag())]
        with m.Switch(lag):
            for k, old in enumerate([here, *past]):
                with m.Case(k):
                    m.d.comb += lagging.eq(old)

        width = Mux(number == 1, Mux(self.events == 0, 1, self.events), column_slots)
        last_index, last_tile, ends, leaves = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            last_index.eq(index == width - 1),
            last_tile.eq(last_index & (row == row_slots - 1)),
            ends.eq(running & (beat == slots - 1)),
            leaves.eq(ends & last_tile & (flush == lag)),
            self.done.eq(leaves & (number == final)),
        ]
        with m.If(running):
            m.d.sync += beat.eq(Mux(ends, 0, beat + 1))
        with m.If(ends):
            m.d.sync += [old.eq(new) for old, new in zip(past, [here, *past], strict=False)]
            with m.If(last_tile):
                m.d.sync += flush.eq(flush + 1)
            with m.Elif(last_index):
                m.d.sync += [index.eq(0), row.eq(row + 1), base.eq(base + column_slots)]
            with m.Else():
                m.d.sync += index.eq(index + 1)
        following = Mux(self.start, Mux(self.kind == Pass.SUMS, 2, 1), number + 1)
        with m.If(self.start | leaves):
            m.d.sync += [number.eq(following), row.eq(0), index.eq(0), flush.eq(0), beat.eq(0)]
            m.d.sync += [old.valid.eq(0) for old in past]
            with m.Switch(following):
                for c in connections:
                    with m.Case(c.number):
                        m.d.sync += base.eq(c.base)
        with m.If(self.start):
            m.d.sync += [running.eq(1), kind.eq(self.kind)]
        with m.Elif(self.done):
            m.d.sync += running.eq(0)
        self._emit(m, number, slot, here, lagging)
        return m

    def _schedule(self, m: Module, kind, number, beat, slot, slots, lag, final) -> None:
        """The visit of this kind of pass and connection, from the one table that describes it."""
        numbers = self.geometry.specification.connections
        with m.Switch(kind):
            for case in Pass:
                with m.Case(case):
                    walked = pass_connections(case, numbers)
                    m.d.comb += final.eq(walked[-1] if walked else 0)
                    for is_input in (True, False):
                        found = visit(case, is_input)
                        with m.If((number == 1) == is_input):
                            m.d.comb += [slots.eq(len(found.slots)), lag.eq(found.lag)]
                            with m.Switch(beat):
                                for k, use in enumerate(found.slots):
                                    with m.Case(k):
                                        m.d.comb += slot.eq(use)

    def _describe(self, here, c: Connection, row, index):
        """Where a connection's neurons lie on their edges, and whose sums start anew with it."""
        upper_on_rows = c.number % 2 == 1
        return [
            here.row_address.eq(self.geometry.neuron_base(c.row_layer) + row),
            here.column_address.eq((self.geometry.neuron_base(c.column_layer) if c.column_layer else 0) + index),
            here.row_first.eq((index == 0) if upper_on_rows or c.number == 2 else 0),
            here.column_first.eq(0 if upper_on_rows else (row == 0)),
        ]

    def _emit(self, m: Module, number, slot, here, lagging) -> None:
        """One slot's messages: sums belong to the lagging visit, updates to the one here."""
        is_sum, place = Signal(), Signal(self._place)
        m.d.comb += is_sum.eq((slot == Slot.ROW_SUM) | (slot == Slot.COLUMN_SUM))
        m.d.comb += place.eq(Mux(is_sum, lagging.as_value(), here.as_value()))
        is_input, valid = number == 1, place.valid
        row, column = self.row_source, self.column_source
        with m.Switch(slot):
            with m.Case(Slot.UPDATE_FIRST):
                m.d.comb += [row.operand.eq(Operand.DIFFERENCE), column.operand.eq(Operand.STATE)]
            with m.Case(Slot.UPDATE_SECOND):
                m.d.comb += [row.operand.eq(Operand.PREVIOUS), column.operand.eq(Operand.DIFFERENCE)]
            with m.Case(Slot.ROW_SUM):
                m.d.comb += column.operand.eq(Operand.STATE)
            with m.Case(Slot.COLUMN_SUM):
                m.d.comb += row.operand.eq(Operand.STATE)
        with m.If(~valid):
            m.d.comb += [row.operand.eq(Operand.ZERO), column.operand.eq(Operand.ZERO)]
        with m.Elif(is_input):
            m.d.comb += column.operand.eq(Operand.ZERO)
        for source, address in ((row, place.row_address), (column, place.column_address)):
            m.d.comb += [
                source.address.eq(address),
                source.negative.eq(self.negative),
                source.swap.eq(self.swap),
                source.bank.eq(self.bank),
            ]
            with m.Switch(number):
                for c in self.geometry.specification.connections:
                    with m.Case(c):
                        m.d.comb += source.preshift.eq(self.preshifts[c - 1])
                        m.d.comb += source.dither_shift.eq(self.geometry.dither_shift(c))
        last_update = Mux(is_input, slot == Slot.UPDATE_FIRST, slot == Slot.UPDATE_SECOND)
        m.d.comb += [
            self.tile.sum.eq(is_sum & valid),
            self.tile.row_factor.eq(slot == Slot.COLUMN_SUM),
            self.tile.accumulate.eq(slot == Slot.UPDATE_SECOND),
            self.tile.write.eq(last_update & valid),
            self.tile.input.eq(is_input & valid),
            self.tile.base.eq(place.base),
            self.tile.index.eq(place.index),
            self.row_sum.valid.eq((slot == Slot.ROW_SUM) & valid),
            self.row_sum.drive.eq(is_input),
            self.row_sum.first.eq(place.row_first),
            self.row_sum.address.eq(place.row_address),
            self.column_sum.valid.eq((slot == Slot.COLUMN_SUM) & valid),
            self.column_sum.first.eq(place.column_first),
            self.column_sum.address.eq(place.column_address),
            self.issued.eq(valid),
        ]
