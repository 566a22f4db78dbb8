"""The sweep walker: leads a pass through its sweeps, one slot per cycle (`hdl/control/sweeps.py`)."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import update_latency
from ceprop.hdl.checks import check
from ceprop.hdl.control.loop_counter import LoopCounter
from ceprop.hdl.control.signatures import Banks, ListLengths, SlotMessages, SweepCommand, UpdateSettings
from ceprop.hdl.control.sweep_table import SweepTable, length_bits
from ceprop.hdl.control.sweeps import program
from ceprop.hdl.io.signatures import WorkingSample
from ceprop.hdl.lanes.hop import hop
from ceprop.hdl.lanes.stages import start_delay
from ceprop.hdl.typing import Interface
from ceprop.specification import Geometry

MESSAGE_DELAY = 1
"""Cycles from a slot to its messages, which leave through a register."""
LOOK_UP_CYCLES = 2
"""Cycles that a sweep takes besides its visits: to fetch the lengths of its lists, and to compare them."""


class _Walk(NamedTuple):
    """Where the walker is: the sweep `at` a line of the table, the `last` one of the pass, whether the pass starts its
    sums `anew`; the beat of a visit, and whether it is the visit's last one (`visit_ends`); the cycles left to `wait`;
    and whether an odd number of cycles have passed since the start of the pass (`odd`)."""

    at: Signal
    last: Signal
    anew: Signal
    beat: Signal
    visit_ends: Signal
    wait: Signal
    odd: Signal


class SweepWalker(wiring.Component):
    """Walks an outer and an inner list of units for every sweep of a pass::

        state    meaning                                 leaves when                             next
        -------  --------------------------------------  --------------------------------------  --------
        IDLE     no pass                                 `start`                                 FETCH
        FETCH    the table gives the sweep's line        always                                  LOOK UP
        LOOK UP  the lengths of its lists are compared   a list is empty, the sweep is skipped   FETCH
                                                         it waits for updates to be written      SETTLE
                                                         it keeps parity, and the cycle is even  LOOK UP
                                                         none of these                           WALK
        SETTLE   updates are being written               `settling(geometry)` cycles             WALK
        WALK     one slot per cycle                      the last visit's last beat              FETCH

    Behind the last sweep of the pass IDLE follows instead of FETCH.

    Throughput: one slot per cycle. A sweep takes `LOOK_UP_CYCLES` + visits x beats cycles, plus `settling(geometry)` or
    one cycle where it waits; a skipped sweep takes `LOOK_UP_CYCLES`. Latency: `MESSAGE_DELAY` cycles from a slot to its
    messages, and `start_delay(geometry)` more than one cycle from `start` to the first look-up.

    Members
    -------
    command, lists : In
        A pass, and the lengths of the lists of units and inputs.
    sample, settings, banks : In
        Lists and drive of the sample at work, shifts of the updates, banks in use: fields of the messages.
    slots : Out
        Messages of the slot. The messages of the sums are those of the cycle in which the slot leaves.
    """

    command: Interface
    lists: Interface
    sample: Interface
    settings: Interface
    banks: Interface
    slots: Interface

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._program = program(geometry)
        super().__init__(
            {
                "command": In(SweepCommand()),
                "lists": In(ListLengths(geometry)),
                "sample": In(WorkingSample(geometry)),
                "settings": In(UpdateSettings(geometry)),
                "banks": In(Banks()),
                "slots": Out(SlotMessages(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Look up a sweep's lists, wait where it must, walk it; then the next sweep or the end."""
        m = Module()
        sweeps, bits = self._program.sweeps, length_bits(self.geometry)
        walk = _Walk(
            at=Signal(range(len(sweeps)), name="at"),
            last=Signal(range(len(sweeps)), name="last"),
            anew=Signal(name="anew"),
            beat=Signal(name="beat"),
            visit_ends=Signal(name="visit_ends"),
            wait=Signal(range(settling(self.geometry) + 1), name="wait"),
            odd=Signal(name="odd"),
        )
        m.submodules.table = table = SweepTable(self.geometry)
        wiring.connect(m, wiring.flipped(self.lists), table.lists)
        wiring.connect(m, wiring.flipped(self.settings), table.settings)
        m.submodules.outer = outer = LoopCounter(bits)
        m.submodules.inner = inner = LoopCounter(bits)
        line = table.line
        visited = Signal(name="visited")
        m.d.comb += [
            table.at.eq(walk.at),
            table.anew.eq(walk.anew),
            table.bank.eq(self.sample.bank),
            outer.length.eq(Mux(line.rows_outer, line.rows, line.columns)),
            inner.length.eq(Mux(line.rows_outer, line.columns, line.rows)),
            inner.step.eq(visited),
            outer.step.eq(visited & inner.final),
        ]
        walking = self._run(m, walk, line, outer, inner, visited)
        m.d.comb += [
            self.slots.walking.eq(walking),
            self.slots.issued.eq(walking & Mux(walk.beat, line.beats[1].issued, line.beats[0].issued)),
        ]
        self._send(m, walking, walk, line, outer, inner)
        return m

    def _run(
        self, m: Module, walk: _Walk, line: Interface, outer: LoopCounter, inner: LoopCounter, visited: Signal
    ) -> Signal:
        """The state machine; returns whether a slot is sent in this cycle, and tells the loops of every visit."""
        delayed = start_delay(self.geometry)
        start = hop(m, self.command.start, delayed, "starts")
        kind = hop(m, self.command.kind, delayed, "kind_to_start")
        anew = hop(m, self.command.anew, delayed, "starts_anew")
        at_last, over, walking = Signal(name="at_last"), Signal(name="over"), Signal(name="walking")
        m.d.sync += [walk.odd.eq(~walk.odd), at_last.eq(walk.at == walk.last)]
        m.d.comb += [self.command.done.eq(over & at_last), self.command.released.eq(over & (at_last | line.releases))]
        with m.If(over):
            m.d.sync += walk.at.eq(walk.at + 1)

        def end_sweep() -> None:
            m.d.comb += over.eq(1)
            m.next = "FETCH"
            with m.If(at_last):
                m.next = "IDLE"

        with m.FSM() as states:
            m.d.comb += self.command.busy.eq(~states.ongoing("IDLE"))
            check(m, "pass_starts_in_a_pass", self.command.start & ~states.ongoing("IDLE") & ~self.command.done)
            with m.State("IDLE"), m.If(start):
                m.d.sync += [walk.anew.eq(anew), walk.odd.eq(0)]
                self._find(m, walk, kind)
                m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "LOOK UP"
            with m.State("LOOK UP"):
                m.d.comb += [outer.load.eq(1), inner.load.eq(1)]
                m.d.sync += [
                    walk.beat.eq(0),
                    walk.visit_ends.eq(~line.two_beats),
                    walk.wait.eq(settling(self.geometry)),
                ]
                with m.If(line.skipped):
                    end_sweep()
                with m.Elif(line.settles):
                    m.next = "SETTLE"
                with m.Elif(line.keeps_parity & ~walk.odd):
                    m.next = "LOOK UP"
                with m.Else():
                    m.next = "WALK"
            with m.State("SETTLE"):
                m.d.sync += walk.wait.eq(walk.wait - 1)
                with m.If(walk.wait == 1):
                    m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += [walking.eq(1), visited.eq(walk.visit_ends)]
                m.d.sync += [walk.beat.eq(~walk.visit_ends), walk.visit_ends.eq(~line.two_beats | ~walk.visit_ends)]
                with m.If(visited & inner.final & outer.final):
                    end_sweep()
        return walking

    def _find(self, m: Module, walk: _Walk, kind: Value) -> None:
        """Where a pass begins and ends. No pass without sweeps is ever started, so the last one is what remains."""
        *others, last = ((number, stretch) for number, stretch in self._program.stretches.items() if stretch)
        with m.Switch(kind):
            for number, stretch in others:
                with m.Case(number):
                    m.d.sync += [walk.at.eq(stretch[0]), walk.last.eq(stretch[-1])]
            with m.Default():
                m.d.sync += [walk.at.eq(last[1][0]), walk.last.eq(last[1][-1])]

    def _send(
        self, m: Module, walking: Signal, walk: _Walk, line: Interface, outer: LoopCounter, inner: LoopCounter
    ) -> None:
        """The messages of a slot, through a register: what the table says of the sweep, and where its loops are."""
        row, column, tile = self.slots.row_source, self.slots.column_source, self.slots.tile
        row_sum, column_sum = self.slots.row_sum, self.slots.column_sum
        fixed = (line.row_source, line.column_source, line.tile, line.row_sum, line.column_sum)
        for message, of_sweep in zip((row, column, tile, row_sum, column_sum), fixed, strict=True):
            m.d.sync += message.eq(Mux(walking, of_sweep.as_value(), 0))
        m.d.sync += [
            message.first.eq(line.starts_sums & walk.anew & (inner.index == 0)) for message in (row_sum, column_sum)
        ]
        with m.If(walking), m.Switch(walk.beat):
            for number, beat in enumerate(line.beats):
                with m.Case(number):
                    m.d.sync += [
                        row.operand.eq(beat.row),
                        column.operand.eq(beat.column),
                        tile.accumulate.eq(beat.accumulate),
                        tile.write.eq(beat.write),
                    ]
        column_index = Mux(line.rows_outer, inner.index, outer.index)
        m.d.sync += [
            *(source.swap.eq(self.banks.swap) for source in (row, column)),
            *(source.bank.eq(self.banks.bank) for source in (row, column)),
            row.index.eq(Mux(line.rows_outer, outer.index, inner.index)),
            column.index.eq(column_index),
            tile.index.eq(column_index),
            tile.bank.eq(self.sample.bank),
        ]


def settling(geometry: Geometry) -> int:
    """Cycles that a sweep waits after its look-up so that it reads what the sweep before it wrote last."""
    return max(1, update_latency(geometry.memory_ports) - LOOK_UP_CYCLES - 1)
