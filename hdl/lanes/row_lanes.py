"""The row lanes: which row slot the cells of each row read and write."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.signatures import CellRow
from ceprop.hdl.cell.synapse import UPDATE_READ_STAGE, write_stage
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.signatures import LaneOperands, connect_lanes
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.typing import Interface
from ceprop.specification import Geometry


class RowLane(wiring.Component):
    """Row slots of one row of cells, each at the stage of its use.

    Throughput: one slot per cycle. Latency: `lane_stages(geometry).address` cycles from a `source` message to the
    address of its weight.

    Members
    -------
    neuron : In
        From the neuron cell of the lane. A sum reads its weight first, an update later.
    cells : Out
        For the first cell; its row slot comes at the lane's stage of addresses. The word to be loaded is its partial
        sum.
    """

    neuron: Interface
    cells: Interface

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        super().__init__({"neuron": In(LaneOperands(geometry, "row")), "cells": Out(CellRow(geometry))})

    def elaborate(self, platform: object) -> Module:
        """A sum reads at once. An update reads later, beside its finished product. Both paths end in one register."""
        m = Module()
        stages, neuron, bundle = lane_stages(self.geometry), self.neuron, self.cells.bundle
        slot = delay(m, neuron.slot, stages.address - 2, "slot")
        read = Signal.like(neuron.slot, name="read", reset_less=True)
        later = delay(m, slot, UPDATE_READ_STAGE, "later")
        m.d.sync += read.eq(Mux(delay(m, neuron.sums, stages.address - 1, "sums"), slot, later))
        writes = stages.address + write_stage(self.geometry.memory_ports)
        m.d.comb += [
            self.cells.partial_sum.eq(neuron.load_word),
            bundle.read_slot.eq(read),
            bundle.operand.eq(neuron.operand),
            bundle.dither.eq(neuron.dither),
            bundle.write_slot.eq(delay(m, later, writes - stages.address + 1 - UPDATE_READ_STAGE, "write")),
            bundle.write_present.eq(delay(m, neuron.present, writes - stages.present, "present")),
        ]
        return m


class RowLanes(wiring.Component):
    """All row lanes, between the row edge and the array.

    Members
    -------
    neurons, cells : In, Out, arrays
        As :class:`RowLane` has them.
    """

    neurons: list[Interface]
    cells: list[Interface]

    def __init__(self, geometry: Geometry):
        self._lanes = [RowLane(geometry) for _ in range(geometry.rows)]
        super().__init__(
            {
                "neurons": In(LaneOperands(geometry, "row")).array(geometry.rows),
                "cells": Out(CellRow(geometry)).array(geometry.rows),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The lanes side by side."""
        m = Module()
        for k, lane in enumerate(self._lanes):
            m.submodules[f"lane_{k}"] = lane
        connect_lanes(m, map(wiring.flipped, self.neurons), (lane.neuron for lane in self._lanes))
        connect_lanes(m, (lane.cells for lane in self._lanes), map(wiring.flipped, self.cells))
        return m
