"""Which cells there are to be tried, how a specification's are built, and the bench of each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from amaranth.lib import wiring

from ceprop.geometry import Geometry
from ceprop.hdl.accumulator import Accumulator
from ceprop.hdl.column import ColumnLane
from ceprop.hdl.inputs import InputCell
from ceprop.hdl.lanes import Triangle
from ceprop.hdl.memory import PortableMemory
from ceprop.hdl.multiplier import PortableMultiplier
from ceprop.hdl.neuron import NeuronCell
from ceprop.hdl.steps import StepWalker
from ceprop.hdl.synapse import SynapseCell
from ceprop.hdl.visits import VisitWalker
from ceprop.sim.units import arithmetic, column, inputs, memories, neuron, synapse, walkers
from ceprop.sim.units.cell import Cell
from ceprop.specification import Specification


@dataclass(frozen=True)
class Unit:
    """A cell: how it is built, what is held against the model, and whether every network has one."""

    build: Callable[[Geometry], wiring.Component]
    bench: Callable[[Cell], Awaitable[None]]
    on_columns: bool = False
    """Neurons of the column edge, which a network without a second layer of neurons does not have."""


UNITS: dict[str, Unit] = {
    "advance": Unit(lambda g: arithmetic.Advance(g.specification.generator_bits), arithmetic.bench_advance),
    "multiplier": Unit(lambda _: PortableMultiplier(6, 5), arithmetic.bench_multiplier),
    "activation_row": Unit(lambda g: arithmetic.activation_of(g, "row"), arithmetic.bench_activation),
    "activation_column": Unit(lambda g: arithmetic.activation_of(g, "column"), arithmetic.bench_activation, True),
    "triangle_skew": Unit(lambda g: Triangle(g.cols, 5, align=False), arithmetic.bench_triangle),
    "triangle_align": Unit(lambda g: Triangle(g.rows, 5, align=True), arithmetic.bench_triangle),
    "memory": Unit(lambda _: PortableMemory(3, 3), memories.bench_memory),
    "accumulator": Unit(lambda g: Accumulator(5, g.sum_bits("row"), g.partial_sum_bits), memories.bench_accumulator),
    "synapse": Unit(SynapseCell, synapse.bench_synapse),
    "neuron_row": Unit(lambda g: NeuronCell(g, "row"), neuron.bench_neuron),
    "neuron_column": Unit(lambda g: NeuronCell(g, "column"), neuron.bench_neuron, True),
    "input": Unit(InputCell, inputs.bench_input),
    "column_lane": Unit(ColumnLane, column.bench_column_lane),
    "visit_walker": Unit(VisitWalker, walkers.bench_visits),
    "step_walker": Unit(StepWalker, walkers.bench_steps),
}


def units_of(specification: Specification) -> list[str]:
    """Names of the cells that this specification's core has."""
    columns = bool(Geometry(specification).layers("column"))
    return [name for name, unit in UNITS.items() if columns or not unit.on_columns]
