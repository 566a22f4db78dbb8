"""The sweep walker: leads a pass through its sweeps, one slot a cycle (`hdl/control/sweeps.py`)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import update_latency
from ceprop.hdl.control.loop_counter import LoopCounter
from ceprop.hdl.control.sweeps import Kind, Pass, Sweep, program
from ceprop.hdl.lanes.messages import Listing, Messages, Operand, bits_for
from ceprop.hdl.lanes.stages import start_delay
from ceprop.hdl.lanes.wavefront import enter
from ceprop.specification import Geometry

MESSAGE_DELAY = 1
"""Cycles from a slot to its messages, which leave through a register."""
LOOK_UP_CYCLES = 2
"""Cycles that a sweep takes besides its visits: to fetch the lengths of its lists, and to look at them."""


class SweepWalker(wiring.Component):
    """Walks an outer and an inner list of units for every sweep of a pass.

    Members
    -------
    start, kind, anew : In
        Begin a pass in the next cycle, or `start_delay` later, and whether it starts its sums.
    done : Out
        The pass's last slot is in this cycle, its messages are out in the next one.
    events, input_bank, drive : In
        Length of the longest list of inputs; which of the two banks of lists; the drive into which inputs are summed.
    changed, active : In, arrays
        Lengths of the longest lists of units, layers 1..L, from the cycle before `start` on.
    preshifts : In, array
        Left shift of a difference of states in an update, a connection each.
    negative, swap, bank : In
        Sign of the nudge, order of the states, bank of the generators.
    row_source, column_source, row_sum, column_sum, tile : Out
        Messages of the slot; the sums' messages are those of the moment in which the slot leaves.
    walking, issued : Out
        A slot is in this cycle; it uses the multipliers.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._program = program(geometry)
        messages = Messages(geometry)
        layers = len(geometry.connections)
        self._length_bits = max(messages.list_bits("row"), messages.list_bits("column"), messages.event_count_bits)
        super().__init__(
            {
                "start": In(1),
                "kind": In(Pass),
                "anew": In(1),
                "done": Out(1),
                "events": In(messages.event_count_bits),
                "input_bank": In(1),
                "drive": In(messages.drive_number_bits),
                "changed": In(self._length_bits).array(layers),
                "active": In(self._length_bits).array(layers),
                "preshifts": In(bits_for(geometry.widths.rate_room)).array(layers),
                "negative": In(1),
                "swap": In(1),
                "bank": In(1),
                "row_source": Out(messages.source("row")),
                "column_source": Out(messages.source("column")),
                "row_sum": Out(messages.sum("row")),
                "column_sum": Out(messages.sum("column")),
                "tile": Out(messages.tile),
                "walking": Out(1),
                "issued": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Look up a sweep's lists, wait where it must, walk it; then the next sweep or the end."""
        m = Module()
        sweeps = self._program.sweeps
        at, last = Signal(range(len(sweeps)), name="at"), Signal(range(len(sweeps)), name="last")
        anew = Signal(name="anew")
        rows, columns = Signal(self._length_bits, name="rows"), Signal(self._length_bits, name="columns")
        m.submodules.outer = outer = LoopCounter(self._length_bits)
        m.submodules.inner = inner = LoopCounter(self._length_bits)
        # Which beat of a visit this is, and whether it is the last one.
        beat, ends = Signal(name="beat"), Signal(name="ends")
        at_last = Signal(name="at_last")
        wait = Signal(range(self._settling + 1), name="wait")
        odd = Signal(name="odd")
        static = self._static(m, at, anew, rows, columns)
        start, kind, starts_sums = (
            enter(m, value, start_delay(self.geometry), name)
            for name, value in (("starts", self.start), ("kind_to_start", self.kind), ("starts_anew", self.anew))
        )
        over, walking, visited = (Signal(name=name) for name in ("over", "walking", "visited"))
        m.d.sync += [odd.eq(~odd), at_last.eq(at == last)]
        m.d.comb += [
            self.done.eq(over & at_last),
            self.walking.eq(walking),
            outer.length.eq(Mux(static["rows_outer"], rows, columns)),
            inner.length.eq(Mux(static["rows_outer"], columns, rows)),
            inner.step.eq(visited),
            outer.step.eq(visited & inner.final),
        ]
        with m.If(over):
            m.d.sync += at.eq(at + 1)
        with m.FSM():
            with m.State("IDLE"), m.If(start):
                m.d.sync += [anew.eq(starts_sums), odd.eq(0)]
                with m.Switch(kind):
                    for kind, stretch in self._program.stretches.items():
                        if stretch:
                            with m.Case(kind):
                                m.d.sync += [at.eq(stretch[0]), last.eq(stretch[-1])]
                m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "LOOK UP"
            with m.State("LOOK UP"):
                m.d.comb += [outer.load.eq(1), inner.load.eq(1)]
                m.d.sync += [beat.eq(0), ends.eq(~static["two_beats"]), wait.eq(self._settling)]
                with m.If(static["skipped"]):
                    m.d.comb += over.eq(1)
                    m.next = "FETCH"
                    with m.If(at_last):
                        m.next = "IDLE"
                with m.Elif(static["settles"]):
                    m.next = "SETTLE"
                with m.Elif(static["keeps_parity"] & ~odd):
                    m.next = "LOOK UP"
                with m.Else():
                    m.next = "WALK"
            with m.State("SETTLE"):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 1):
                    m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += [walking.eq(1), visited.eq(ends)]
                m.d.sync += [beat.eq(~ends), ends.eq(~static["two_beats"] | ~ends)]
                with m.If(visited & inner.final & outer.final):
                    m.d.comb += over.eq(1)
                    m.next = "FETCH"
                    with m.If(at_last):
                        m.next = "IDLE"
        self._emit(m, at, walking, anew, static, outer.index, inner.index, beat)
        return m

    @property
    def _settling(self) -> int:
        """Cycles between the look-up and the first slot of a sweep that waits for the updates before it."""
        return settling(self.geometry)

    def _static(self, m: Module, at: Signal, anew: Signal, rows: Signal, columns: Signal) -> dict[str, Signal]:
        """What the table says of the sweep, whether nothing is to be visited, and the lengths of its lists: a cycle
        behind `at`."""
        names = ("settles", "keeps_parity", "rows_outer", "two_beats", "skipped")
        flags = {name: Signal(name=name) for name in names}
        # A step's lengths are there some cycles before the walk, time enough to compare them.
        self._none: dict[Listing, list[Signal]] = {}
        for listing, lengths in ((Listing.CHANGED, self.changed), (Listing.ACTIVE, self.active)):
            self._none[listing] = [Signal(name=f"none_{listing.name.lower()}_{k + 1}") for k in range(len(lengths))]
            m.d.sync += [none.eq(length == 0) for none, length in zip(self._none[listing], lengths, strict=True)]
        with m.Switch(at):
            for k, sweep in enumerate(self._program.sweeps):
                connection = self.geometry.connections[sweep.connection - 1]
                with m.Case(k):
                    lists = ((sweep.rows, connection.row_layer), (sweep.columns, connection.column_layer))
                    empty = Cat(self._empty(*each) for each in lists).any()
                    m.d.sync += [
                        flags["skipped"].eq(empty & ~anew if sweep.starts else empty),
                        flags["settles"].eq(sweep.settles),
                        flags["keeps_parity"].eq(keeps_parity(sweep, self.geometry)),
                        flags["rows_outer"].eq(sweep.rows_outer),
                        flags["two_beats"].eq(sweep.beats(self.geometry.memory_ports) == 2),
                        rows.eq(self._length(sweep.rows, connection.row_layer)),
                        columns.eq(self._length(sweep.columns, connection.column_layer)),
                    ]
        return flags

    def _length(self, listing: Listing | None, layer: int) -> Value:
        match listing:
            case None:
                return self.events
            case Listing.ALL:
                return Const(self.geometry.slots(layer))
            case Listing.CHANGED:
                return self.changed[layer - 1]
            case Listing.ACTIVE:
                return self.active[layer - 1]

    def _empty(self, listing: Listing | None, layer: int) -> Value:
        match listing:
            case None:
                return self.events == 0
            case Listing.ALL:
                return Const(0)
            case _:
                return self._none[listing][layer - 1]

    def _emit(self, m: Module, at, walking, anew, static, outer, inner, beat) -> None:
        """One slot's messages, through a register: what the table says of the sweep, and where its loops are."""
        row, column, tile = self.row_source, self.column_source, self.tile
        ports = (row, column, tile, self.row_sum, self.column_sum)
        fixed, anew_here, beats = self._fixed(m, at, ports)
        m.d.comb += self.issued.eq(walking & Mux(beat, beats[1].issued, beats[0].issued))
        m.d.sync += [port.eq(Mux(walking, value, 0)) for port, value in zip(ports, fixed, strict=True)]
        m.d.sync += [port.first.eq(anew_here & anew & (inner == 0)) for port in (self.row_sum, self.column_sum)]
        with m.If(walking), m.Switch(beat):
            for k, use in enumerate(beats):
                with m.Case(k):
                    m.d.sync += [
                        row.operand.eq(use.row),
                        column.operand.eq(use.column),
                        tile.accumulate.eq(use.accumulate),
                        tile.write.eq(use.write),
                    ]
        column_index = Mux(static["rows_outer"], inner, outer)
        m.d.sync += [
            *(source.swap.eq(self.swap) for source in (row, column)),
            *(source.bank.eq(self.bank) for source in (row, column)),
            row.index.eq(Mux(static["rows_outer"], outer, inner)),
            column.index.eq(column_index),
            tile.index.eq(column_index),
            tile.bank.eq(self.input_bank),
        ]

    def _fixed(self, m: Module, at: Signal, ports):
        """What does not change within a sweep, a cycle behind `at`: the messages without their loops' indices, whether
        the sweep is the first to add to its sums, and what each beat of a visit does."""
        fixed = [Signal(port.shape(), name=f"fixed_{k}") for k, port in enumerate(ports)]
        anew = Signal(name="first_of_its_sums")
        beat = data.StructLayout({"issued": 1, "row": Operand, "column": Operand, "accumulate": 1, "write": 1})
        beats = [Signal(beat, name=f"beat_{k}") for k in range(2)]
        m.d.sync += [value.eq(0) for value in (*fixed, *beats)]
        with m.Switch(at):
            for k, sweep in enumerate(self._program.sweeps):
                with m.Case(k):
                    m.d.sync += anew.eq(sweep.anew)
                    self._describe(m, sweep, fixed, beats)
        return fixed, anew, beats

    def _describe(self, m: Module, sweep: Sweep, fixed, beats) -> None:
        """One line of the table."""
        g = self.geometry
        connection = g.connections[sweep.connection - 1]
        row, column, tile, row_sum, column_sum = fixed
        updates = sweep.kind is Kind.UPDATE
        m.d.sync += [
            row.sum.eq(not updates),
            row.listing.eq(sweep.rows),
            row.layer.eq(g.edge_number(connection.row_layer)),
            tile.base.eq(connection.backward_base if sweep.backward else connection.base),
            tile.input.eq(sweep.columns is None),
            tile.sum.eq(not updates),
            tile.row_factor.eq(sweep.kind is Kind.COLUMN_SUM),
            row_sum.valid.eq(sweep.kind is Kind.ROW_SUM),
            row_sum.drive.eq(self.drive if sweep.connection == 1 else 0),
            column_sum.valid.eq(sweep.kind is Kind.COLUMN_SUM),
        ]
        if sweep.columns is not None:
            m.d.sync += [column.listing.eq(sweep.columns), column.layer.eq(g.edge_number(connection.column_layer))]
        if updates:
            for source in (row, column):
                m.d.sync += [
                    source.preshift.eq(self.preshifts[sweep.connection - 1]),
                    source.dither_shift.eq(g.widths.dither_shift(sweep.connection)),
                    source.negative.eq(self.negative),
                ]
        # A visit's last product lies in its last beat, so that all updates of a pass keep in step.
        spare = sweep.beats(g.memory_ports) - len(sweep.products)
        for k, (row_operand, column_operand) in enumerate(sweep.products):
            m.d.sync += [
                beats[spare + k].issued.eq(1),
                beats[spare + k].row.eq(row_operand),
                beats[spare + k].column.eq(Operand.ZERO if sweep.columns is None else column_operand),
                beats[spare + k].accumulate.eq(k == 1),
                beats[spare + k].write.eq(updates and k == len(sweep.products) - 1),
            ]


def settling(geometry: Geometry) -> int:
    """Cycles that a sweep waits after its look-up so that it reads what the sweep before it wrote last."""
    return max(1, update_latency(geometry.memory_ports) - LOOK_UP_CYCLES - 1)


def keeps_parity(sweep: Sweep, geometry: Geometry) -> bool:
    """Whether a sweep begins an even number of cycles after its pass: on one port the reads of updates take every other
    cycle and their writes the cycles between, over all the updates of a pass."""
    return sweep.kind is Kind.UPDATE and geometry.memory_ports == 1
