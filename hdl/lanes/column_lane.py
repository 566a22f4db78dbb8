"""A column lane: its list of inputs, and the control of its cells, each field at the stage of its use."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import (
    ACCUMULATE_STAGE,
    DITHER_STAGE,
    OPERAND_STAGE,
    UPDATE_READ_STAGE,
    CellLayouts,
    load_stage,
    update_beats,
    write_stage,
)
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.input_lists import InputLists
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.lanes.wavefront import carry, enter
from ceprop.specification import Geometry


class ColumnLane(wiring.Component):
    """Input cell and control of the column of cells below lane `lane`.

    Members
    -------
    tile, tile_out, event, event_out, value : as :class:`InputLists`
        `lane` of a `tile` message counts down from lane to lane and picks the one where it is zero.
    slot, present, operand, dither : In
        From the lane's neuron cell, the first one cycle after its `source` message, the second at the lane's stage;
        zero where no neurons lie on the column edge.
    cells : Out
        The bundle for the first cell, its column word at the lane's stage after `tile`.
    """

    def __init__(self, geometry: Geometry, lane: int):
        self.geometry = geometry
        self._lane = lane
        self._stages = lane_stages(geometry)
        messages = Messages(geometry)
        super().__init__(
            {
                "tile": In(messages.tile),
                "tile_out": Out(messages.tile),
                "event": In(messages.event),
                "event_out": Out(messages.event),
                "value": In(geometry.specification.formats.input_bits),
                "slot": In(geometry.slot_bits("column")),
                "present": In(1),
                "operand": In(signed(geometry.widths.operand_bits)),
                "dither": In(geometry.widths.dither_bits),
                "cells": Out(CellLayouts(geometry).column),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The address first, then each field at the stage at which a cell uses it."""
        m = Module()
        tile = enter(m, self.tile, self.geometry.hop_registers(self._lane), "tile_hop")
        m.d.comb += [self.tile_out.eq(tile), self.tile_out.lane.eq(tile.lane - 1)]
        m.submodules.inputs = inputs = InputLists(self.geometry, self._lane)
        m.d.comb += [
            inputs.event.eq(self.event),
            self.event_out.eq(inputs.event_out),
            inputs.value.eq(self.value),
            inputs.tile.eq(tile),
        ]
        picked = delay(m, tile.lane == 0, self._stages.input, "picked")
        self._address(m, tile, inputs, picked)
        self._operand(m, tile, inputs, picked)

        def at(stage: int, field, name: str):
            return delay(m, field, self._stages.address + stage, name)

        m.d.comb += [
            self.cells.sum.eq(at(OPERAND_STAGE, tile.sum, "sum")),
            self.cells.row_factor.eq(at(OPERAND_STAGE, tile.row_factor, "row_factor")),
            self.cells.accumulate.eq(at(ACCUMULATE_STAGE, tile.accumulate, "accumulate")),
            self.cells.column_sum.eq(at(ACCUMULATE_STAGE, tile.sum & tile.row_factor, "column_sum")),
            self.cells.load.eq(at(load_stage(self.geometry.memory_ports), tile.load, "load")),
        ]
        return m

    def _address(self, m: Module, tile, inputs: InputLists, picked: Value) -> None:
        """A sum reads at once, an update later, beside its finished product; both ways end in a register."""
        stages = self._stages
        # Cycles for the choice of a slot and for its addition to the base.
        cycles = stages.address - 1 - stages.input
        chosen = min(1, cycles)
        is_input = delay(m, tile.input, stages.input, "is_input")
        slot = delay(m, Mux(is_input, inputs.slot, delay(m, self.slot, stages.input - 1, "unit")), chosen, "slot")
        address = delay(m, tile.base, stages.input + chosen, "base") + slot
        word = delay(m, address[: len(self.cells.read_word)], cycles - chosen, "word")

        present = delay(m, self.present, stages.input - stages.present, "present")
        updated = delay(m, tile.write, stages.input, "updated") & Mux(is_input, inputs.present, present)
        enables = [updated | (delay(m, tile.load, stages.input, "loaded") & picked)]
        for stage in range(stages.input, stages.address + write_stage(self.geometry.memory_ports)):
            enables.append(Signal(name=f"write_{stage + 1}"))
            m.d.sync += enables[-1].eq(enables[-2])
        # The word of an update. The second read of one that writes nothing does not matter.
        words = carry(m, word, enables[cycles:], update_beats(self.geometry.memory_ports), "update_word")
        read = Signal.like(self.cells.read_word, name="read", reset_less=True)
        m.d.sync += read.eq(Mux(delay(m, tile.sum, stages.address - 1, "sums"), word, words[UPDATE_READ_STAGE]))
        m.d.comb += [
            self.cells.read_word.eq(read),
            self.cells.write_word.eq(words[-1]),
            self.cells.write_enable.eq(enables[-1]),
        ]

    def _operand(self, m: Module, tile, inputs: InputLists, picked: Value) -> None:
        """An input, a neuron's operand, or one for the column that is read back."""
        one = delay(m, tile.read, self._stages.input, "reads") & picked
        value = Signal(inputs.operand.shape(), name="value", reset_less=True)
        m.d.sync += value.eq(inputs.operand | one)
        operand = delay(m, value, self._stages.address + OPERAND_STAGE - self._stages.input - 1, "input_operand")
        # One of the two is zero: a slot sends either an input or a neuron's operand.
        from_input = delay(m, tile.input, self._stages.address + DITHER_STAGE, "dither_from_input")
        m.d.comb += [
            self.cells.operand.eq(operand | self.operand),
            self.cells.dither.eq(Mux(from_input, inputs.dither, self.dither)),
        ]
