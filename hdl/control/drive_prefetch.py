"""The drive prefetch: sums the drive of the next sample in cycles that the sweeps of the present one leave idle."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.control.drives import drive_number
from ceprop.hdl.control.loop_counter import LoopCounter
from ceprop.hdl.control.signatures import DriveTurn, SlotMessages
from ceprop.hdl.lanes.messages import Listing, bits_for
from ceprop.hdl.lanes.signatures import InputsListed
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Geometry


class DrivePrefetch(wiring.Component):
    """Walks all row slots, and for each the list of inputs, of one sample after the other.

    It sends a slot in every cycle that is `open` and without a slot of a sweep, except for the first cycle after a slot
    of a sweep, because sums of the two must not follow each other in one row::

        state   meaning                              leaves when                                 next
        ------  -----------------------------------  ------------------------------------------  ------
        REST    no sample has complete lists         a sample's lists are complete               WALK
        WALK    slots of the drive are sent          the last slot is sent                       RETURN
        RETURN  the last sums are in flight          `return_cycles` have passed                 READY
        READY   the drive is complete                the sequencer takes it                      REST
        any     (apart from REST)                    weights may have changed (`restart`)        WALK

    Throughput: one slot per idle cycle. A drive takes row slots x (length of the longest list) slots.

    Parameters
    ----------
    geometry : Geometry
        With two drives and two lists of inputs; a drive and a list belong together.
    return_cycles : int
        Cycles from the last slot to the first step message that may read its sum.

    Members
    -------
    listed : In
        The lists of a sample are complete.
    turn : Out
        What the sequencer learns of the next sample.
    restart : In
        Weights may have changed: the drive so far is void.
    sweeps : In
        Messages of the sweep walker.
    slots : Out
        Messages of the slot that there is, of a sweep or of the drive.
    """

    listed: Interface
    turn: Interface
    restart: Signal
    sweeps: Interface
    slots: Interface

    def __init__(self, geometry: Geometry, return_cycles: int):
        self.geometry = geometry
        self._return_cycles = return_cycles
        super().__init__(
            {
                "listed": In(InputsListed(geometry)),
                "turn": Out(DriveTurn(geometry)),
                "restart": In(1),
                "sweeps": In(SlotMessages(geometry)),
                "slots": Out(SlotMessages(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Wait for lists, walk them, wait for the sums, and until they are taken."""
        m = Module()
        rows, events = self.geometry.slots(1), Signal.like(self.turn.events, name="events")
        m.submodules.outer = outer = LoopCounter(bits_for(rows))
        m.submodules.inner = inner = LoopCounter(len(events))
        waiting, longest = Signal(name="waiting"), Signal.like(events, name="longest")
        issued, walked = Signal(name="issued_of_drive"), Signal(name="walked")
        # The list of inputs and the drive of the sample: the sample loader begins with the second ones.
        bank = Signal(name="bank", init=1)
        returning = Signal(range(self._return_cycles), name="returning")
        m.d.sync += walked.eq(self.sweeps.walking)
        m.d.comb += [
            outer.length.eq(Const(rows)),
            inner.length.eq(Mux(self.turn.listed, events, longest)),
            inner.step.eq(issued),
            outer.step.eq(issued & inner.final),
            outer.load.eq(inner.load),
            self.turn.events.eq(events),
        ]
        with m.If(self.listed.complete):
            m.d.sync += [waiting.eq(1), longest.eq(self.listed.longest)]
        check(m, "lists_of_a_sample_lost", self.listed.complete & waiting & self.turn.listed)
        with m.FSM() as fsm:
            m.d.comb += self.turn.listed.eq(~fsm.ongoing("REST"))
            with m.State("REST"), m.If(waiting):
                m.d.comb += inner.load.eq(1)
                m.d.sync += [waiting.eq(0), events.eq(longest)]
                m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += [issued.eq(self.turn.open & ~self.sweeps.walking & ~walked), inner.load.eq(self.restart)]
                m.d.sync += returning.eq(0)
                with m.If(issued & inner.final & outer.final):
                    m.next = "RETURN"
            with m.State("RETURN"):
                m.d.comb += inner.load.eq(self.restart)
                m.d.sync += returning.eq(returning + 1)
                with m.If(returning == self._return_cycles - 1):
                    m.next = "READY"
                with m.If(self.restart):
                    m.next = "WALK"
            with m.State("READY"):
                m.d.comb += [self.turn.ready.eq(1), inner.load.eq(self.restart)]
                with m.If(self.turn.take):
                    m.d.sync += bank.eq(~bank)
                    m.next = "REST"
                with m.If(self.restart):
                    m.next = "WALK"
        m.d.comb += [
            self.slots.walking.eq(self.sweeps.walking),
            self.slots.issued.eq(self.sweeps.issued | issued),
        ]
        self._send(m, issued, bank, outer.index, inner.index)
        return m

    def _send(self, m: Module, issued: Signal, bank: Signal, row: Signal, number: Signal) -> None:
        """The messages of a slot of the drive, through a register, in front of those of the sweep walker. `number` is
        the number of the input in its list."""
        source: Fields = Signal(self.slots.row_source.shape(), name="row_source_of_drive")
        total: Fields = Signal(self.slots.row_sum.shape(), name="row_sum_of_drive")
        tile: Fields = Signal(self.slots.tile.shape(), name="tile_of_drive")
        sends = Signal(name="sends")
        m.d.sync += [sends.eq(issued), source.eq(0), total.eq(0), tile.eq(0)]
        with m.If(issued):
            m.d.sync += [
                source.sum.eq(1),
                source.listing.eq(Listing.ALL),
                source.layer.eq(self.geometry.edge_number(1)),
                source.index.eq(row),
                total.valid.eq(1),
                total.drive.eq(drive_number(self.geometry, bank)),
                total.first.eq(number == 0),
                tile.sum.eq(1),
                tile.input.eq(1),
                tile.base.eq(self.geometry.connections[0].base),
                tile.bank.eq(bank),
                tile.index.eq(number),
            ]
        for own, name in ((source, "row_source"), (total, "row_sum"), (tile, "tile")):
            of_sweep, selected = getattr(self.sweeps, name), getattr(self.slots, name)
            m.d.comb += selected.eq(Mux(sends, own.as_value(), of_sweep.as_value()))
        m.d.comb += [
            self.slots.column_source.eq(self.sweeps.column_source),
            self.slots.column_sum.eq(self.sweeps.column_sum),
        ]
