"""A row lane: which row slot its cells read and write."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import UPDATE_READ_STAGE, CellLayouts, write_stage
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.specification import Geometry


class RowLane(wiring.Component):
    """Row slots of a lane's cells, each at the stage of its use.

    Members
    -------
    sums : In
        The `source` message that is now in this lane belongs to a sum, which reads its weight first.
    slot, present, operand, dither : In
        From the lane's neuron cell; the first one cycle after `source`, the second at the lane's stage.
    cells : Out
        The bundle for the first cell, its row slot at the lane's stage.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        row = CellLayouts(geometry).row
        super().__init__(
            {
                "sums": In(1),
                "slot": In(geometry.slot_bits("row")),
                "present": In(1),
                "operand": In(row["operand"].shape),
                "dither": In(row["dither"].shape),
                "cells": Out(row),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A sum reads at once, an update later, beside its finished product; both ways end in a register."""
        m = Module()
        stages = lane_stages(self.geometry)
        slot = delay(m, self.slot, stages.address - 2, "slot")
        read = Signal.like(self.slot, name="read", reset_less=True)
        later = delay(m, slot, UPDATE_READ_STAGE, "later")
        m.d.sync += read.eq(Mux(delay(m, self.sums, stages.address - 1, "sums"), slot, later))
        writes = stages.address + write_stage(self.geometry.memory_ports)
        m.d.comb += [
            self.cells.read_slot.eq(read),
            self.cells.operand.eq(self.operand),
            self.cells.dither.eq(self.dither),
            self.cells.write_slot.eq(delay(m, later, writes - stages.address + 1 - UPDATE_READ_STAGE, "write")),
            self.cells.write_present.eq(delay(m, self.present, writes - stages.present, "present")),
        ]
        return m
