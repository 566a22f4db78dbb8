"""The table of sweeps in hardware: what the sweep walker needs to know of the sweep that it is at."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.drives import drive_number
from ceprop.hdl.control.signatures import ListLengths, UpdateSettings
from ceprop.hdl.control.sweeps import Kind, Sweep, program
from ceprop.hdl.lanes.messages import Listing, Messages, Operand
from ceprop.hdl.typing import Interface
from ceprop.specification import Geometry

_BEAT = data.StructLayout({"issued": 1, "row": Operand, "column": Operand, "accumulate": 1, "write": 1})
"""What one beat of a visit does: whether it uses the multipliers, the operands, and what the cells do with the
product."""


def length_bits(geometry: Geometry) -> int:
    """Bits of the length of any list."""
    messages = Messages(geometry)
    return max(messages.list_bits("row"), messages.list_bits("column"), messages.event_count_bits)


class SweepLine(wiring.Signature):
    """Sweep table to sweep walker: one line of the table.

    The sweep is `skipped`, because a list is empty; it `settles` or `keeps_parity` before it begins; it `releases` the
    next step; its outer loop
    runs over rows (`rows_outer`); its visits have `two_beats`; it is the first to add to its sums (`starts_sums`).
    `rows` and `columns` are the lengths of its lists. The messages lack the indices of the loops, and `beats` has what
    each beat of a visit does."""

    def __init__(self, geometry: Geometry):
        messages, bits = Messages(geometry), length_bits(geometry)
        super().__init__(
            {
                "skipped": Out(1),
                "settles": Out(1),
                "keeps_parity": Out(1),
                "releases": Out(1),
                "rows_outer": Out(1),
                "two_beats": Out(1),
                "starts_sums": Out(1),
                "rows": Out(bits),
                "columns": Out(bits),
                "row_source": Out(messages.source("row")),
                "column_source": Out(messages.source("column")),
                "tile": Out(messages.tile),
                "row_sum": Out(messages.sum("row")),
                "column_sum": Out(messages.sum("column")),
                "beats": Out(_BEAT).array(2),
            }
        )


class SweepTable(wiring.Component):
    """The sweeps of a core, one per line. Latency: one cycle. Throughput: one line per cycle.

    Members
    -------
    at, anew : In
        Number of a sweep; whether its pass starts its sums anew.
    lists, settings, bank : In
        What a line depends on: lengths of the lists, shifts of the updates, the bank of the sample's drive. The lengths
        must have been there for one cycle before a line that depends on them is `skipped`.
    line : Out
        The line of the sweep `at`, one cycle later.
    """

    at: Signal
    anew: Signal
    bank: Signal
    lists: Interface
    settings: Interface
    line: Interface

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._sweeps = program(geometry).sweeps
        super().__init__(
            {
                "at": In(range(len(self._sweeps))),
                "anew": In(1),
                "bank": In(1),
                "lists": In(ListLengths(geometry)),
                "settings": In(UpdateSettings(geometry)),
                "line": Out(SweepLine(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One register per field, with one case per sweep."""
        m = Module()
        line = self.line
        empty_lists = self._compare(m)
        m.d.sync += [
            *(message.eq(0) for message in (line.row_source, line.column_source, line.tile)),
            *(message.eq(0) for message in (line.row_sum, line.column_sum, *line.beats)),
        ]
        with m.Switch(self.at):
            for number, sweep in enumerate(self._sweeps):
                with m.Case(number):
                    self._describe_loops(m, sweep, empty_lists)
                    self._describe_messages(m, sweep)
                    self._describe_beats(m, sweep)
        return m

    def _compare(self, m: Module) -> dict[Listing, list[Signal]]:
        """For each layer whether its list of changed or of active units is empty, one cycle later. The lengths of a
        step are known some cycles before the walk, early enough for these registers."""
        found: dict[Listing, list[Signal]] = {}
        lengths: tuple[tuple[Listing, Sequence[Signal]], ...] = (
            (Listing.CHANGED, self.lists.changed),
            (Listing.ACTIVE, self.lists.active),
        )
        for listing, of_layers in lengths:
            name = f"none_{listing.name.lower()}"
            found[listing] = [Signal(name=f"{name}_{layer}") for layer in range(1, len(of_layers) + 1)]
            m.d.sync += [none.eq(length == 0) for none, length in zip(found[listing], of_layers, strict=True)]
        return found

    def _describe_loops(self, m: Module, sweep: Sweep, empty_lists: dict[Listing, list[Signal]]) -> None:
        """The loops of a sweep, and how it begins."""
        connection, ports = self.geometry.connections[sweep.connection - 1], self.geometry.memory_ports
        lists = ((sweep.rows, connection.row_layer), (sweep.columns, connection.column_layer))
        empty = Value.cast(Cat(self._is_empty(*each, empty_lists) for each in lists)).any()
        m.d.sync += [
            self.line.skipped.eq(empty & ~self.anew if sweep.starts else empty),
            self.line.settles.eq(sweep.settles),
            self.line.keeps_parity.eq(sweep.keeps_parity(ports)),
            self.line.releases.eq(sweep.releases),
            self.line.rows_outer.eq(sweep.rows_outer),
            self.line.two_beats.eq(sweep.beats(ports) == 2),
            self.line.starts_sums.eq(sweep.anew),
            self.line.rows.eq(self._length(sweep.rows, connection.row_layer)),
            self.line.columns.eq(self._length(sweep.columns, connection.column_layer)),
        ]

    def _length(self, listing: Listing | None, layer: int) -> Value:
        match listing:
            case None:
                return self.lists.events
            case Listing.ALL:
                return Const(self.geometry.slots(layer))
            case Listing.CHANGED:
                return self.lists.changed[layer - 1]
            case Listing.ACTIVE:
                return self.lists.active[layer - 1]

    def _is_empty(self, listing: Listing | None, layer: int, empty_lists: dict[Listing, list[Signal]]) -> Value:
        match listing:
            case None:
                return self.lists.events == 0
            case Listing.ALL:
                return Const(0)
            case _:
                return empty_lists[listing][layer - 1]

    def _describe_messages(self, m: Module, sweep: Sweep) -> None:
        """The messages of a sweep, without the indices of its loops."""
        g, line = self.geometry, self.line
        connection, updates = g.connections[sweep.connection - 1], sweep.kind is Kind.UPDATE
        m.d.sync += [
            line.row_source.sum.eq(not updates),
            line.row_source.listing.eq(sweep.rows),
            line.row_source.layer.eq(g.edge_number(connection.row_layer)),
            line.tile.base.eq(connection.backward_base if sweep.backward else connection.base),
            line.tile.input.eq(sweep.columns is None),
            line.tile.sum.eq(not updates),
            line.tile.row_factor.eq(sweep.kind is Kind.COLUMN_SUM),
            line.row_sum.valid.eq(sweep.kind is Kind.ROW_SUM),
            line.row_sum.drive.eq(drive_number(g, self.bank) if sweep.connection == 1 else 0),
            line.column_sum.valid.eq(sweep.kind is Kind.COLUMN_SUM),
        ]
        if sweep.columns is not None:
            m.d.sync += [
                line.column_source.listing.eq(sweep.columns),
                line.column_source.layer.eq(g.edge_number(connection.column_layer)),
            ]
        if updates:
            for source in (line.row_source, line.column_source):
                m.d.sync += [
                    source.preshift.eq(self.settings.preshifts[sweep.connection - 1]),
                    source.dither_shift.eq(g.widths.dither_shift(sweep.connection)),
                    source.negative.eq(self.settings.negative),
                ]

    def _describe_beats(self, m: Module, sweep: Sweep) -> None:
        """The products of a visit, the last one in its last beat, so that all updates of a pass keep in step."""
        products = sweep.products
        spare = sweep.beats(self.geometry.memory_ports) - len(products)
        for number, (row_operand, column_operand) in enumerate(products):
            beat = self.line.beats[spare + number]
            m.d.sync += [
                beat.issued.eq(1),
                beat.row.eq(row_operand),
                beat.column.eq(Operand.ZERO if sweep.columns is None else column_operand),
                beat.accumulate.eq(number == 1),
                beat.write.eq(sweep.kind is Kind.UPDATE and number == len(products) - 1),
            ]
