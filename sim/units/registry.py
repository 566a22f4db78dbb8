"""The cells that can be tested, how each is built from a geometry, and the bench of each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from amaranth.lib import wiring

from ceprop.hdl.cell.synapse import SynapseCell
from ceprop.hdl.control.drive_prefetch import DrivePrefetch
from ceprop.hdl.control.loop_counter import LoopCounter
from ceprop.hdl.control.step_walker import StepWalker
from ceprop.hdl.control.sweep_walker import SweepWalker
from ceprop.hdl.devices.memory import PortableMemory
from ceprop.hdl.devices.multiplier import PortableMultiplier
from ceprop.hdl.io.fifo import Fifo
from ceprop.hdl.io.sample_loader import SampleLoader
from ceprop.hdl.lanes.column_lanes import ColumnLane
from ceprop.hdl.lanes.input_dither import InputDither
from ceprop.hdl.lanes.input_lists import InputLists
from ceprop.hdl.lanes.row_lanes import RowLane
from ceprop.hdl.lanes.skew_registers import SkewRegisters
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.hdl.neuron.event_lists import EventLists
from ceprop.hdl.neuron.neuron_cell import NeuronCell
from ceprop.hdl.neuron.state_update import StateUpdate
from ceprop.hdl.neuron.step_status import StepStatus
from ceprop.sim.units import (
    arithmetic,
    column,
    command_port,
    drive_prefetch,
    inputs,
    memories,
    neuron,
    parts,
    registers,
    sample_loader,
    sequencer,
    state_update,
    step_walker,
    sweep_walker,
    synapse,
    trace_port,
)
from ceprop.sim.units.cell import Cell
from ceprop.specification import Geometry, Specification


@dataclass(frozen=True)
class Unit:
    """A cell: the function that builds it, its bench, and the networks that have it."""

    build: Callable[[Geometry], wiring.Component]
    bench: Callable[[Cell], Awaitable[None]]
    on_columns: bool = False
    """Whether it belongs to the column edge. A network with one layer of neurons has no neurons there."""
    two_drives: bool = False
    """Whether only a core with two drives has it."""
    traced: bool = False
    """Whether only a core with a trace has it."""


UNITS: dict[str, Unit] = {
    "next_random": Unit(lambda g: arithmetic.NextRandom(g.specification.generator_bits), arithmetic.bench_next_random),
    "multiplier": Unit(lambda _: PortableMultiplier(6, 5), arithmetic.bench_multiplier),
    "activation_row": Unit(lambda g: arithmetic.activation_of(g, "row"), arithmetic.bench_activation),
    "activation_column": Unit(lambda g: arithmetic.activation_of(g, "column"), arithmetic.bench_activation, True),
    "skew_registers": Unit(
        lambda g: SkewRegisters(g.cols, 5, g.lanes_a_hop, align=False), arithmetic.bench_skew_registers
    ),
    "align_registers": Unit(
        lambda g: SkewRegisters(g.rows, 5, g.lanes_a_hop, align=True), arithmetic.bench_skew_registers
    ),
    "memory": Unit(lambda _: PortableMemory(3, 3), memories.bench_memory),
    "accumulator": Unit(
        lambda g: Accumulator(5, [g.widths.sum_bits("row")], g.widths.partial_sum_bits), memories.bench_accumulator
    ),
    "accumulator_of_two": Unit(
        lambda g: Accumulator(3, [g.widths.partial_sum_bits + 2, g.widths.partial_sum_bits], g.widths.partial_sum_bits),
        memories.bench_accumulator,
    ),
    "accumulator_separate_read": Unit(
        lambda g: Accumulator(6, [g.widths.partial_sum_bits + 2], g.widths.partial_sum_bits, separate_read=True),
        memories.bench_accumulator,
    ),
    "fifo": Unit(lambda _: Fifo(6, 8), memories.bench_fifo),
    "fifo_of_one": Unit(lambda _: Fifo(6, 1), memories.bench_fifo),
    "synapse": Unit(SynapseCell, synapse.bench_synapse),
    "neuron_row": Unit(lambda g: NeuronCell(g, "row", g.rows - 1, neuron.SUM_DELAY), neuron.bench_neuron),
    "neuron_column": Unit(lambda g: NeuronCell(g, "column", 0, neuron.SUM_DELAY), neuron.bench_neuron, True),
    "state_update_row": Unit(lambda g: StateUpdate(g, "row"), state_update.bench_state_update),
    "state_update_column": Unit(lambda g: StateUpdate(g, "column"), state_update.bench_state_update, True),
    "event_lists_row": Unit(lambda g: EventLists(g, "row"), parts.bench_event_lists),
    "event_lists_column": Unit(lambda g: EventLists(g, "column"), parts.bench_event_lists, True),
    "step_status": Unit(lambda g: StepStatus(g, parts.output_edge(g), 0), parts.bench_step_status),
    "input_dither": Unit(lambda g: InputDither(g, g.cols - 1), parts.bench_input_dither),
    "input_lists": Unit(lambda g: InputLists(g, g.cols - 1), inputs.bench_input_lists),
    "sample_loader": Unit(SampleLoader, sample_loader.bench_sample_loader),
    "row_lane": Unit(RowLane, parts.bench_row_lane),
    "column_lane": Unit(lambda g: ColumnLane(g, g.cols - 1), column.bench_column_lane),
    "loop_counter": Unit(lambda _: LoopCounter(4), parts.bench_loop_counter),
    "register_bank": Unit(registers.bank_of, registers.bench_register_bank),
    "sweep_walker": Unit(SweepWalker, sweep_walker.bench_sweep_walker),
    "drive_prefetch": Unit(
        lambda g: DrivePrefetch(g, drive_prefetch.RETURN_CYCLES), drive_prefetch.bench_drive_prefetch, two_drives=True
    ),
    "step_walker": Unit(StepWalker, step_walker.bench_step_walker),
    "command_port": Unit(command_port.command_port_of, command_port.bench_command_port),
    "sequencer": Unit(sequencer.sequencer_of, sequencer.bench_sequencer),
    "trace_port": Unit(trace_port.trace_port_of, trace_port.bench_trace_port, traced=True),
}


def units_of(specification: Specification) -> list[str]:
    """Return the names of the cells that the core of a specification has."""
    geometry = Geometry(specification)
    columns, two_drives = bool(geometry.layers("column")), geometry.drives > 1
    return [
        name
        for name, unit in UNITS.items()
        if (columns or not unit.on_columns)
        and (two_drives or not unit.two_drives)
        and (geometry.trace or not unit.traced)
    ]
