"""One lane of the column edge: its inputs, and what the cells below are told in every slot."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.inputs import InputCell
from ceprop.hdl.lanes import delay
from ceprop.hdl.messages import Messages
from ceprop.hdl.synapse import (
    ACCUMULATE_STAGE,
    ADDRESS_STAGE,
    DITHER_STAGE,
    LOAD_STAGE,
    OPERAND_STAGE,
    UPDATE_READ_STAGE,
    WRITE_STAGE,
    CellLayouts,
)


class ColumnLane(wiring.Component):
    """Input cell and control of a column of cells.

    Members
    -------
    tile, tile_out, event, event_out, value : as :class:`InputCell`
        `lane` of a `tile` message counts down from lane to lane and picks the one where it is zero.
    operand, dither : In
        From the lane's neuron cell; zero where no neurons lie on the column edge.
    cells : Out
        The bundle for the first cell, its memory address `ADDRESS_STAGE` cycles after `tile`.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        messages = Messages(geometry)
        super().__init__(
            {
                "tile": In(messages.tile),
                "tile_out": Out(messages.tile),
                "event": In(messages.event),
                "event_out": Out(messages.event),
                "value": In(geometry.specification.formats.input_bits),
                "operand": In(signed(geometry.operand_bits)),
                "dither": In(geometry.dither_bits),
                "cells": Out(CellLayouts(geometry).column),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The address first, then each field at the stage at which a cell uses it."""
        m = Module()
        tile = Signal(self.tile.shape(), name="tile_hop")
        m.d.sync += tile.eq(self.tile)
        m.d.comb += [self.tile_out.eq(tile), self.tile_out.lane.eq(tile.lane - 1)]
        m.submodules.inputs = inputs = InputCell(self.geometry)
        m.d.comb += [
            inputs.event.eq(self.event),
            self.event_out.eq(inputs.event_out),
            inputs.value.eq(self.value),
            inputs.tile.eq(tile),
        ]
        picked = Signal(reset_less=True)
        m.d.sync += picked.eq(tile.lane == 0)
        self._address(m, tile, inputs, picked)
        self._operand(m, tile, inputs, picked)

        def at(stage: int, field, name: str):
            return delay(m, field, ADDRESS_STAGE + stage, name)

        m.d.comb += [
            self.cells.sum.eq(at(OPERAND_STAGE, tile.sum, "sum")),
            self.cells.row_factor.eq(at(OPERAND_STAGE, tile.row_factor, "row_factor")),
            self.cells.accumulate.eq(at(ACCUMULATE_STAGE, tile.accumulate, "accumulate")),
            self.cells.column_sum.eq(at(ACCUMULATE_STAGE, tile.sum & tile.row_factor, "column_sum")),
            self.cells.load.eq(at(LOAD_STAGE, tile.load, "load")),
        ]
        return m

    def _address(self, m: Module, tile, inputs: InputCell, picked: Signal) -> None:
        """Products read the slot's own address; in between, the update reads and writes that of an earlier slot."""
        base = delay(m, tile.base, 1, "base")
        is_input = delay(m, tile.input, 1, "is_input")
        index = delay(m, tile.index, 1, "index")
        address = Signal.like(self.cells.read_address, name="address", reset_less=True)
        m.d.sync += address.eq(base + Mux(is_input, inputs.slot, index))
        update_address = delay(m, address, UPDATE_READ_STAGE, "update_address")
        product = delay(m, tile.sum, ADDRESS_STAGE, "product")

        writes = Signal()
        updated = delay(m, tile.write, 1, "updated") & (inputs.present | ~is_input)
        m.d.sync += writes.eq(updated | (delay(m, tile.load, 1, "loaded") & picked))
        enable = writes
        for stage in range(WRITE_STAGE):
            later = Signal(name=f"write_{stage + 1}")
            m.d.sync += later.eq(enable)
            enable = later
        m.d.comb += [
            self.cells.read_address.eq(Mux(product, address, update_address)),
            self.cells.write_address.eq(delay(m, update_address, WRITE_STAGE - UPDATE_READ_STAGE, "write_address")),
            self.cells.write_enable.eq(enable),
        ]

    def _operand(self, m: Module, tile, inputs: InputCell, picked: Signal) -> None:
        """An input, a neuron's operand, or one for the column that is read back."""
        one = delay(m, tile.read, 1, "reads") & picked
        value = Signal(inputs.operand.shape(), reset_less=True)
        m.d.sync += value.eq(inputs.operand | one)
        operand = Signal(signed(self.geometry.operand_bits), name="input_operand", reset_less=True)
        m.d.sync += operand.eq(value)
        # One of the two is zero: a slot sends either an input or a neuron's operand.
        from_input = delay(m, tile.input, ADDRESS_STAGE + DITHER_STAGE, "dither_from_input")
        m.d.comb += [
            self.cells.operand.eq(operand | self.operand),
            self.cells.dither.eq(Mux(from_input, inputs.dither, self.dither)),
        ]
