"""The core: array, edges and control behind valid/ready streams."""

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.array import SynapseArray
from ceprop.hdl.cell.synapse import write_stage
from ceprop.hdl.checks import check_stream
from ceprop.hdl.control.arbiter import Arbiter
from ceprop.hdl.control.command_port import CommandPort
from ceprop.hdl.control.counted_events import CountedEvents
from ceprop.hdl.control.drive_prefetch import DrivePrefetch
from ceprop.hdl.control.drives import DriveStart
from ceprop.hdl.control.flush import flushed, in_lanes
from ceprop.hdl.control.message_selector import MessageSelector
from ceprop.hdl.control.orders import make_sequencer
from ceprop.hdl.control.register_bank import RegisterBank
from ceprop.hdl.control.response_collector import ReadLatencies
from ceprop.hdl.control.sequencer import SWEPT_DELAY, Sequencer
from ceprop.hdl.control.settings import Settings
from ceprop.hdl.control.step_walker import StepWalker
from ceprop.hdl.control.sweep_walker import MESSAGE_DELAY, SweepWalker
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.hdl.io.sample_loader import SampleLoader
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.io.trace_port import TracePort
from ceprop.hdl.lanes.column_lanes import ColumnLanes
from ceprop.hdl.lanes.row_lanes import RowLanes
from ceprop.hdl.lanes.signatures import connect_lanes
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.hdl.neuron.bias import update_cycles
from ceprop.hdl.neuron.neuron_edge import NeuronEdge
from ceprop.hdl.neuron.running_sums import ARRIVAL_STAGE, reads_beside
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Interface
from ceprop.specification import Edge, Geometry


class Core(wiring.Component):
    """A network that learns::

          sample ──► sample loader ─────────────────── inputs ───────────────────┐
                         │ start                                                 ▼
                      arbiter ◄─── turn ─── command port ◄── command      ┌─────────────────────────────┐
                         │ start                │    │  └──► response     │        column edge          │
                         ▼     drive            │    │ registers          │      (layers 2, 4 ...)      │
          result ◄── sequencer ◄── drive        │    ▼                    └──────┬──────────────────────┘
                       │     │     prefetch     │  register bank ◄── counted     │ operands
                 sweep │     │ step  │          │    │ values        events     ▼
                       ▼     ▼       │          │    ▼               ┌─────────────────────────────┐
                   sweep    step     │ slots    │  settings          │        column lanes         │
                   walker   walker   │          │    │ edges         │    (inputs, addresses)      │
                       │ slots │ steps          │    │               └──────┬──────────────────────┘
                       ▼       ▼     ▼          ▼    ▼                      │ cells
                   ┌────────────────────────────────────┐  tile             ▼
                   │          message selector          │ ─────────► to column lanes, column edge
                   └─────────────────┬──────────────────┘
                                     │ messages
                                     ▼                        ┌─────────────────────────────┐
                                 row edge ──────► row lanes ─►│            array            │
                              (layers 1, 3 ...)  operands     │  sums return to both edges  │
                                                   and cells  └─────────────────────────────┘

    Not drawn: the status of both edges goes to the sequencer and to the counted events; words go between command port
    and edges; states go from the edges to the trace port, where there is one.

    Parameters
    ----------
    geometry : Geometry
        The network and the array.
    primitives : Primitives
        What the cells are made of.

    Members
    -------
    command, response, sample, result : streams
        As :class:`Ports` has them. A sample is taken in while the one before it is at work. A command is carried out
        between samples, before any sample on which work has not begun.
    trace : stream
        Only where `array.trace` is set.
    """

    command: Interface
    response: Interface
    sample: Interface
    result: Interface
    trace: Interface

    def __init__(self, geometry: Geometry, primitives: Primitives = PORTABLE):
        self.geometry = geometry
        self.primitives = primitives
        self.ports = ports = Ports(geometry)
        self.edges: dict[Edge, NeuronEdge] = {
            edge: NeuronEdge(geometry, edge, self.sum_delay(edge))
            for edge in ("row", "column")
            if geometry.layers(edge)
        }
        members = {
            "command": In(stream_of(ports.command)),
            "response": Out(stream_of(ports.response)),
            "sample": In(stream_of(ports.sample)),
            "result": Out(stream_of(ports.result)),
        }
        if geometry.trace:
            members["trace"] = Out(stream_of(ports.trace))
        super().__init__(members)

    # --- latencies, all derived from the parts

    def sum_delay(self, edge: Edge) -> int:
        """Cycles by which a slot's `sum` message follows its `source` message: `ARRIVAL_STAGE` before the sum."""
        return lane_stages(self.geometry).address + SynapseArray.sum_latency(self.geometry, edge) - ARRIVAL_STAGE

    @property
    def return_cycles(self) -> dict[Edge, int]:
        """For each edge with neurons the cycles between a pass's last slot and the first step message that may read its
        sums.

        A message every cycle reads the sums in the order in which they return. Where sums are read beside additions,
        the first message may therefore come earlier, by the number of the other slots of the edge's first layer: each
        slot of a layer has a visit, and the last visits of the layers above come later still."""
        early = {edge: self.geometry.slots(self.geometry.layers(edge)[0]) - 1 for edge in self.edges}
        cycles = {edge: self._all_returned(edge) for edge in self.edges}
        return {
            edge: max(1, cycles[edge] - early[edge]) if reads_beside(self.geometry, edge) else cycles[edge]
            for edge in self.edges
        }

    @property
    def drain_cycles(self) -> int:
        """Cycles from a pass's last slot until all its sums and updates are in the memories."""
        return max(self._all_returned(edge) for edge in self.edges)

    def _all_returned(self, edge: Edge) -> int:
        return MESSAGE_DELAY - SWEPT_DELAY + self.sum_delay(edge) + Accumulator.latency

    @property
    def drive_return_cycles(self) -> int:
        """Cycles between the last slot of a drive and the first step message."""
        return self.return_cycles["row"] if self.geometry.specification.alternating else self.drain_cycles

    @property
    def flush_cycles(self) -> int:
        """Cycles after which nothing is left in the lanes and the array of what entered them before: the sum of all
        paths through them."""
        g = self.geometry
        updates = lane_stages(g).address + write_stage(g.memory_ports)
        steps = max(edge.status_latency for edge in self.edges.values()) + update_cycles(g)
        return self.drain_cycles + updates + steps + g.rows + g.cols

    def _read_latencies(self) -> ReadLatencies:
        """A weight comes back as a sum does; without a column edge nothing is read from it."""
        row, column = self.edges["row"].read_latency, self.edges.get("column")
        return ReadLatencies(weight=self.sum_delay("row") + row, row=row, column=column.read_latency if column else 1)

    def elaborate(self, platform: object) -> Elaboratable:
        """The drawing above: the parts of the control, then the lanes and the array."""
        m = Module()
        g = self.geometry
        m.submodules.sample_loader = loader = SampleLoader(g)
        m.submodules.arbiter = arbiter = Arbiter()
        m.submodules.sequencer = sequencer = make_sequencer(g, self.return_cycles, self.drain_cycles)
        m.submodules.counted_events = counted = CountedEvents(g)
        m.submodules.register_bank = bank = RegisterBank(g, counted.widths)
        m.submodules.settings = settings = Settings(g)
        m.submodules.command_port = commands = CommandPort(g, self._read_latencies(), bank.latency)
        m.submodules.sweep_walker = sweeps = SweepWalker(g)
        m.submodules.step_walker = steps = StepWalker(g)
        m.submodules.message_selector = selector = MessageSelector(
            g, {edge: self.sum_delay(edge) for edge in self.edges}
        )
        column_lanes = ColumnLanes(g)
        m.submodules.column_lanes = in_lanes(column_lanes)

        wiring.connect(m, wiring.flipped(self.sample), loader.sample)
        wiring.connect(m, wiring.flipped(self.command), commands.command)
        wiring.connect(m, commands.response, wiring.flipped(self.response))
        wiring.connect(m, sequencer.result, wiring.flipped(self.result))
        check_stream(m, "response", self.response)
        check_stream(m, "result", self.result)

        wiring.connect(m, loader.start, arbiter.loader)
        wiring.connect(m, commands.turn, arbiter.commands)
        wiring.connect(m, arbiter.sequencer, sequencer.sample)
        wiring.connect(m, loader.at_work, sweeps.sample, steps.sample, settings.sample)
        wiring.connect(m, loader.inputs, column_lanes.inputs)

        wiring.connect(m, commands.registers, bank.access)
        wiring.connect(m, bank.values, settings.registers)
        wiring.connect(m, counted.counts, bank.counts)
        wiring.connect(m, settings.phases, loader.settings, sequencer.settings, steps.settings)
        wiring.connect(m, settings.updates, sweeps.settings)
        wiring.connect(m, settings.edges, selector.settings)

        wiring.connect(m, sequencer.sweep, sweeps.command)
        wiring.connect(m, sequencer.lists, sweeps.lists)
        wiring.connect(m, sequencer.step, steps.command)
        wiring.connect(m, sequencer.banks, sweeps.banks, steps.banks, selector.banks)
        wiring.connect(m, sequencer.progress, counted.progress)
        wiring.connect(m, sequencer.sign, settings.sign)

        slots = self._connect_drive(m, sequencer, sweeps, commands, column_lanes)
        wiring.connect(m, slots, selector.slots)
        wiring.connect(m, steps.messages, selector.steps)
        wiring.connect(m, commands.messages, selector.commands)
        m.d.comb += [column_lanes.tile.eq(selector.tile), counted.issued.eq(slots.issued)]

        for name, edge in self.edges.items():
            m.submodules[f"{name}_edge"] = in_lanes(edge)
            wiring.connect(m, getattr(selector, name), edge.messages)
            wiring.connect(m, getattr(commands, name), edge.words)
            wiring.connect(m, edge.status, getattr(sequencer, name), getattr(counted, name))
        self._connect_array(m, column_lanes)
        if g.trace:
            self._connect_trace(m, steps)
        return flushed(m, self.flush_cycles)

    def _connect_drive(
        self, m: Module, sequencer: Sequencer, sweeps: SweepWalker, commands: CommandPort, lanes: ColumnLanes
    ) -> Interface:
        """The drive of the next sample: a prefetch, or with a single drive a pass of its own. Returns the messages of
        slots."""
        if self.geometry.drives == 1:
            m.submodules.drive_start = start = DriveStart(self.geometry)
            wiring.connect(m, lanes.listed, start.listed)
            wiring.connect(m, start.turn, sequencer.drive)
            return sweeps.slots
        m.submodules.drive_prefetch = prefetch = DrivePrefetch(self.geometry, self.drive_return_cycles)
        wiring.connect(m, lanes.listed, prefetch.listed)
        wiring.connect(m, prefetch.turn, sequencer.drive)
        wiring.connect(m, sweeps.slots, prefetch.sweeps)
        # A command may change weights.
        m.d.comb += prefetch.restart.eq(commands.messages.busy)
        return prefetch.slots

    def _connect_array(self, m: Module, column_lanes: ColumnLanes) -> None:
        """From the edges through the lanes into the array, and back."""
        row_lanes, array = RowLanes(self.geometry), SynapseArray(self.geometry, self.primitives)
        m.submodules.row_lanes, m.submodules.array = in_lanes(row_lanes), in_lanes(array)
        row, column = self.edges["row"], self.edges.get("column")
        connect_lanes(m, row.operands, row_lanes.neurons)
        connect_lanes(m, row_lanes.cells, array.rows)
        connect_lanes(m, array.row_sums, row.returned)
        if column:
            connect_lanes(m, column.operands, column_lanes.neurons)
            connect_lanes(m, array.column_sums, column.returned)
        connect_lanes(m, column_lanes.cells, array.columns)

    def _connect_trace(self, m: Module, steps: StepWalker) -> None:
        """Every state, in the order of the step walker."""
        latencies: dict[Edge, int] = {name: edge.trace_latency for name, edge in self.edges.items()}
        m.submodules.trace_port = port = TracePort(self.geometry, latencies)
        wiring.connect(m, steps.position, port.position)
        for name, edge in self.edges.items():
            wiring.connect(m, edge.trace, getattr(port, name))
        wiring.connect(m, port.trace, wiring.flipped(self.trace))
        check_stream(m, "trace", self.trace)
