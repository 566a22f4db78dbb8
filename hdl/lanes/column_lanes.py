"""The column lanes: the lists of inputs, and the control of the cells, each field at the stage of its use."""

from itertools import pairwise

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.signatures import CellColumn
from ceprop.hdl.cell.synapse import (
    ACCUMULATE_STAGE,
    DITHER_STAGE,
    OPERAND_STAGE,
    UPDATE_READ_STAGE,
    load_stage,
    update_beats,
    write_stage,
)
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.hop import follow, hop
from ceprop.hdl.lanes.input_lists import InputLists
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.signatures import ColumnChain, InputEvents, InputsListed, LaneOperands, connect_lanes
from ceprop.hdl.lanes.skew_registers import SkewRegisters
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Geometry


class ColumnLane(wiring.Component):
    """Lists of inputs and control of the column of cells below lane `lane`.

    Throughput: one slot per cycle. Latency: `lane_stages(geometry).address` cycles from a `tile` message in the lane to
    the address of its weight.

    Members
    -------
    before, after : In, Out
        Messages from the lane before and to the lane after. `lane` of a `tile` message counts down from lane to lane
        and picks the lane in which it is zero.
    value : In
        This lane's input of the group that `event` announces, in the cycle in which the message is in this lane.
    neuron : In
        From the neuron cell of the lane; zero where no neurons lie on the column edge.
    cells : Out
        For the first cell; its column word comes at the lane's stage of addresses.
    """

    before: Interface
    after: Interface
    value: Signal
    neuron: Interface
    cells: Interface

    def __init__(self, geometry: Geometry, lane: int):
        self.geometry = geometry
        self._lane = lane
        self._stages = lane_stages(geometry)
        super().__init__(
            {
                "before": In(ColumnChain(geometry)),
                "after": Out(ColumnChain(geometry)),
                "value": In(geometry.specification.formats.input_bits),
                "neuron": In(LaneOperands(geometry, "column")),
                "cells": Out(CellColumn(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The address first, then each field at the stage at which a cell uses it."""
        m = Module()
        tile = hop(m, self.before.tile, self.geometry.hop_registers(self._lane), "tile_hop")
        m.d.comb += [self.after.tile.eq(tile), self.after.tile.lane.eq(tile.lane - 1)]
        m.submodules.input_lists = inputs = InputLists(self.geometry, self._lane)
        m.d.comb += [
            inputs.event.eq(self.before.event),
            self.after.event.eq(inputs.event_out),
            inputs.value.eq(self.value),
            inputs.tile.eq(tile),
        ]
        picked = delay(m, tile.lane == 0, self._stages.input, "picked")
        self._address(m, tile, inputs, picked)
        self._operand(m, tile, inputs, picked)

        def at(stage: int, field: Value, name: str) -> Value:
            return delay(m, field, self._stages.address + stage, name)

        bundle = self.cells.bundle
        m.d.comb += [
            bundle.sum.eq(at(OPERAND_STAGE, tile.sum, "sum")),
            bundle.row_factor.eq(at(OPERAND_STAGE, tile.row_factor, "row_factor")),
            bundle.accumulate.eq(at(ACCUMULATE_STAGE, tile.accumulate, "accumulate")),
            bundle.column_sum.eq(at(ACCUMULATE_STAGE, tile.sum & tile.row_factor, "column_sum")),
            bundle.load.eq(at(load_stage(self.geometry.memory_ports), tile.load, "load")),
        ]
        return m

    def _address(self, m: Module, tile: Fields, inputs: InputLists, picked: Value) -> None:
        """A sum reads at once. An update reads later, beside its finished product. Both paths end in one register."""
        stages, bundle = self._stages, self.cells.bundle
        # Cycles for the choice of a slot and for its addition to the base.
        cycles = stages.address - 1 - stages.input
        chosen = min(1, cycles)
        is_input = delay(m, tile.input, stages.input, "is_input")
        unit = delay(m, self.neuron.slot, stages.input - 1, "unit")
        slot = delay(m, Mux(is_input, inputs.slot, unit), chosen, "slot")
        address = delay(m, tile.base, stages.input + chosen, "base") + slot
        word = delay(m, address[: len(bundle.read_word)], cycles - chosen, "word")

        present = delay(m, self.neuron.present, stages.input - stages.present, "present")
        updated = delay(m, tile.write, stages.input, "updated") & Mux(is_input, inputs.present, present)
        enables = [updated | (delay(m, tile.load, stages.input, "loaded") & picked)]
        for stage in range(stages.input, stages.address + write_stage(self.geometry.memory_ports)):
            enables.append(Signal(name=f"write_{stage + 1}"))
            m.d.sync += enables[-1].eq(enables[-2])
        # The word of an update. The second read of an update that writes nothing does not matter.
        words = follow(m, word, enables[cycles:], update_beats(self.geometry.memory_ports), "update_word")
        read = Signal.like(bundle.read_word, name="read", reset_less=True)
        m.d.sync += read.eq(Mux(delay(m, tile.sum, stages.address - 1, "sums"), word, words[UPDATE_READ_STAGE]))
        m.d.comb += [
            bundle.read_word.eq(read),
            bundle.write_word.eq(words[-1]),
            bundle.write_enable.eq(enables[-1]),
        ]

    def _operand(self, m: Module, tile: Fields, inputs: InputLists, picked: Value) -> None:
        """An input, the operand of a neuron, or one for the column that is read back."""
        one = delay(m, tile.read, self._stages.input, "reads") & picked
        value = Signal(inputs.operand.shape(), name="value", reset_less=True)
        m.d.sync += value.eq(inputs.operand | one)
        operand = delay(m, value, self._stages.address + OPERAND_STAGE - self._stages.input - 1, "input_operand")
        # One of the two is zero: a slot sends either an input or the operand of a neuron.
        from_input = delay(m, tile.input, self._stages.address + DITHER_STAGE, "dither_from_input")
        m.d.comb += [
            self.cells.bundle.operand.eq(operand | self.neuron.operand),
            self.cells.bundle.dither.eq(Mux(from_input, inputs.dither, self.neuron.dither)),
        ]


class ColumnLanes(wiring.Component):
    """All column lanes, chained, between the control, the column edge and the array.

    Members
    -------
    tile : In
        Message into the first lane.
    inputs : In
        Groups of inputs from the sample loader.
    neurons, cells : In, Out, arrays
        As :class:`ColumnLane` has them.
    listed : Out
        The lists of a sample are complete: its closing event has passed the last lane and is back at the corner.
    """

    tile: Fields
    inputs: Interface
    neurons: list[Interface]
    cells: list[Interface]
    listed: Interface

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._lanes = [ColumnLane(geometry, k) for k in range(geometry.cols)]
        super().__init__(
            {
                "tile": In(Messages(geometry).tile),
                "inputs": In(InputEvents(geometry)),
                "neurons": In(LaneOperands(geometry, "column")).array(geometry.cols),
                "cells": Out(CellColumn(geometry)).array(geometry.cols),
                "listed": Out(InputsListed(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Lane after lane; the inputs of a group meet its message in every lane."""
        m = Module()
        lanes, first, last = self._lanes, self._lanes[0], self._lanes[-1]
        for k, lane in enumerate(lanes):
            m.submodules[f"lane_{k}"] = lane
        m.submodules.value_skew = skew = SkewRegisters(
            len(lanes), len(first.value), self.geometry.lanes_a_hop, align=False
        )
        m.d.comb += [first.before.tile.eq(self.tile), first.before.event.eq(self.inputs.event)]
        for before, after in pairwise(lanes):
            wiring.connect(m, before.after, after.before)
        for k, lane in enumerate(lanes):
            m.d.comb += [skew.words[k].eq(self.inputs.values[k]), lane.value.eq(skew.delayed[k])]
        connect_lanes(m, map(wiring.flipped, self.neurons), (lane.neuron for lane in lanes))
        connect_lanes(m, (lane.cells for lane in lanes), map(wiring.flipped, self.cells))
        closing = delay(m, last.after.event, Geometry.return_registers(len(lanes)), "listed")
        m.d.comb += [self.listed.complete.eq(closing.closes), self.listed.longest.eq(closing.longest)]
        return m
