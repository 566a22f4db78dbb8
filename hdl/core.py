"""The core: array, edges and sequencer behind valid/ready streams."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.array import SynapseArray
from ceprop.hdl.cell.synapse import write_stage
from ceprop.hdl.control.command_port import CommandPort
from ceprop.hdl.control.drive_prefetch import DrivePrefetch, drive_number, slot_messages
from ceprop.hdl.control.flush import flushed, in_lanes
from ceprop.hdl.control.register_bank import RegisterBank
from ceprop.hdl.control.sequencer import Sequencer
from ceprop.hdl.control.step_walker import StepWalker
from ceprop.hdl.control.sweep_walker import MESSAGE_DELAY, SweepWalker
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.hdl.io.sample_loader import SampleLoader
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.io.trace_port import TracePort
from ceprop.hdl.lanes.column_lane import ColumnLane
from ceprop.hdl.lanes.row_lane import RowLane
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.lanes.wavefront import Triangle
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.hdl.neuron.bias import update_cycles
from ceprop.hdl.neuron.neuron_edge import NeuronEdge
from ceprop.hdl.neuron.running_sums import ARRIVAL_STAGE
from ceprop.specification import Edge, Geometry

SWEPT_DELAY = 1
"""Cycles from a pass's last slot to the sequencer, which then counts fewer until the sums are back."""
STEPPED_DELAY = 1
"""Cycles from a step's last message to the sequencer, which then waits for the status anyway."""


class Core(wiring.Component):
    """A network that learns.

    Members
    -------
    command, response, sample, result : streams
        As :class:`Ports` says. A sample is taken in while the one before it is at work; a command is carried out
        between samples, before any sample on which work has not begun.
    trace : stream
        Only where `array.trace` is set.
    """

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
            "command": In(stream.Signature(ports.command)),
            "response": Out(stream.Signature(ports.response)),
            "sample": In(stream.Signature(ports.sample)),
            "result": Out(stream.Signature(ports.result)),
        }
        if geometry.trace:
            members["trace"] = Out(stream.Signature(ports.trace))
        super().__init__(members)

    # --- latencies, all derived from the parts

    def sum_delay(self, edge: Edge) -> int:
        """Cycles by which a slot's `sum` message follows its `source` message: `ARRIVAL_STAGE` before the sum."""
        return lane_stages(self.geometry).address + SynapseArray.sum_latency(self.geometry, edge) - ARRIVAL_STAGE

    @property
    def return_cycles(self) -> int:
        """Cycles between a pass's last slot and the first step message that may read its sums."""
        return MESSAGE_DELAY - SWEPT_DELAY + max(self.sum_delay(edge) for edge in self.edges) + Accumulator.latency

    @property
    def flush_cycles(self) -> int:
        """Cycles after which nothing is left in the lanes and the array of what entered them before: all ways through
        them, behind each other."""
        g = self.geometry
        updates = lane_stages(g).address + write_stage(g.memory_ports)
        steps = max(edge.status_latency for edge in self.edges.values()) + update_cycles(g)
        return self.return_cycles + updates + steps + g.rows + g.cols

    def elaborate(self, platform: object) -> Elaboratable:
        """Everything, wired by its messages."""
        m = Module()
        array = SynapseArray(self.geometry, self.primitives)
        m.submodules.array = in_lanes(array)
        m.submodules.walker = walker = SweepWalker(self.geometry)
        m.submodules.steps = steps = StepWalker(self.geometry)
        m.submodules.sequencer = sequencer = Sequencer(self.geometry, self.return_cycles)
        row = self.edges["row"]
        column = self.edges.get("column")
        for name, edge in self.edges.items():
            m.submodules[f"{name}_edge"] = in_lanes(edge)
        ahead = None
        if self.geometry.drives > 1:
            m.submodules.ahead = ahead = DrivePrefetch(self.geometry, self.return_cycles)
        bank = self._bank_of_registers(m, sequencer, walker.issued | ahead.issued if ahead else walker.issued)
        m.submodules.commands = commands = CommandPort(
            self.geometry,
            self.sum_delay("row") + row.read_latency,
            row.read_latency,
            column.read_latency if column else 1,
            bank.latency,
        )
        wiring.connect(m, wiring.flipped(self.command), commands.command)
        wiring.connect(m, wiring.flipped(self.response), commands.response)
        wiring.connect(m, wiring.flipped(self.result), sequencer.result)
        m.submodules.intake = intake = SampleLoader(self.geometry)
        wiring.connect(m, wiring.flipped(self.sample), intake.sample)
        # Behind a register, so that a command which comes just now waits for the next sample.
        ready, rests = Signal(name="ready"), Signal(name="rests")
        m.d.sync += [
            ready.eq(intake.whole & commands.idle & ~self.command.valid),
            rests.eq(sequencer.idle & ~sequencer.begin),
        ]
        m.d.comb += [
            sequencer.ready.eq(ready),
            commands.allowed.eq(rests & ~ready),
            intake.begin.eq(sequencer.begin),
            intake.idle.eq(rests),
        ]

        self._control(m, sequencer, walker, steps, bank, commands, intake)
        if ahead:
            self._go_ahead(m, ahead, sequencer, walker, commands)
        row_source, row_sum, tile = slot_messages(m, walker, ahead)
        self._edge(m, sequencer, row, row_source, row_sum, steps.row, commands, array)
        if column:
            self._edge(m, sequencer, column, walker.column_source, walker.column_sum, steps.column, commands, array)
        self._rows(m, row, array)
        event = self._columns(m, intake, tile, commands, column, array)
        listing = ahead or sequencer
        m.d.comb += [listing.listed.eq(event.closes), listing.longest.eq(event.longest)]
        if self.geometry.trace:
            self._trace(m, sequencer, steps)
        else:
            m.d.comb += steps.room.eq(1)
        return flushed(m, self.flush_cycles)

    def _control(self, m: Module, sequencer, walker, steps, bank, commands, intake) -> None:
        """The sequencer starts the walkers; the settings go with their messages."""
        specification = self.geometry.specification
        m.d.comb += [
            bank.address.eq(commands.register_address),
            bank.write.eq(commands.register_write),
            bank.word.eq(commands.register_word),
            commands.register_value.eq(bank.value),
            walker.start.eq(sequencer.sweep),
            walker.kind.eq(sequencer.sweep_kind),
            walker.anew.eq(sequencer.anew),
            walker.events.eq(sequencer.events),
            walker.input_bank.eq(intake.bank),
            walker.drive.eq(drive_number(self.geometry, intake.bank)),
            steps.drive.eq(drive_number(self.geometry, intake.bank)),
            sequencer.swept.eq(delay(m, walker.done, SWEPT_DELAY, "swept")),
            steps.start.eq(sequencer.step),
            steps.first.eq(sequencer.first),
            steps.nudged.eq(sequencer.nudged),
            steps.keep.eq(sequencer.keep),
            steps.learn.eq(sequencer.learn_biases),
            steps.everything.eq(~bank.skip),
            intake.everything.eq(~bank.skip),
            sequencer.stepped.eq(delay(m, steps.done, STEPPED_DELAY, "stepped")),
            sequencer.free_steps.eq(bank.free_steps),
            sequencer.nudged_steps.eq(bank.nudged_steps),
            sequencer.learn.eq(bank.learn),
            sequencer.everything.eq(~bank.skip),
        ]
        m.d.comb += walker.negative.eq(bank.nudge_negative)
        for either in (walker, steps):
            m.d.comb += [either.swap.eq(sequencer.swap), either.bank.eq(sequencer.bank)]
        for l, largest in zip(specification.connections, specification.largest_shifts, strict=True):
            rate = largest - getattr(bank, f"rate_shift_{l}")
            m.d.sync += walker.preshifts[l - 1].eq(self.geometry.widths.dither_shift(l) + rate)
            m.d.comb += [
                self._settings(l)
                .bias_preshifts[self.geometry.edge_number(l)]
                .eq(self.geometry.widths.bias_dither_shift(l) + rate),
                walker.changed[l - 1].eq(sequencer.changed[l - 1]),
                walker.active[l - 1].eq(sequencer.active[l - 1]),
            ]
        for name, edge in self.edges.items():
            m.d.comb += [
                getattr(sequencer, f"{name}_status").eq(edge.status),
                edge.settings.negative.eq(bank.nudge_negative),
                edge.settings.nudge_shift.eq(bank.nudge_shift),
                edge.settings.target.eq(intake.target),
            ]

    def _settings(self, layer: int):
        """The settings of the edge on which a layer lies."""
        return self.edges[self.geometry.edge(layer)].settings

    def _bank_of_registers(self, m: Module, sequencer, issued: ValueLike) -> RegisterBank:
        """The registers, their counters on what they count."""
        result = sequencer.result
        finished = result.valid & result.ready
        saturated = sum(edge.saturated for edge in self.edges.values())
        counts = {
            "samples": finished,
            "cycles": sequencer.working,
            "slots": issued,
            "free_steps_executed": sequencer.finished_step & ~sequencer.nudged,
            "nudged_steps_executed": sequencer.finished_step & sequencer.nudged,
            "saturations": saturated,
            "ties": finished & result.payload.tie,
        }
        widths = {name: len(count) for name, count in counts.items()}
        m.submodules.registers = bank = RegisterBank(self.geometry, widths)
        m.d.comb += [getattr(bank, f"count_{name}").eq(count) for name, count in counts.items()]
        return bank

    def _edge(self, m: Module, sequencer, edge: NeuronEdge, source, arriving, step, commands, array) -> None:
        """Messages of the walkers, or between samples of a command; words and sums of the lanes."""
        name = edge.edge
        command_step = commands.row_step if name == "row" else commands.column_step
        own = Signal(step.shape(), name=f"{name}_command_step")
        m.d.comb += [own.eq(command_step), own.bank.eq(sequencer.bank), own.swap.eq(sequencer.swap)]
        m.d.comb += edge.step.eq(Mux(commands.busy, own.as_value(), step.as_value()))
        if name == "row":
            read = Signal(arriving.shape(), name="row_sum_or_read")
            m.d.comb += [read.eq(arriving), read.read.eq(commands.row_sum.read)]
            arriving = read
        # The weights of a command lie at its own addresses, whatever the walker said last.
        own_source = commands.row_source.as_value() if name == "row" else 0
        m.d.comb += edge.source.eq(Mux(commands.busy, own_source, source.as_value()))
        m.d.comb += edge.sum.eq(delay(m, arriving, self.sum_delay(name), f"{name}_sum"))
        sums, words = array.row_sums, commands.row_words
        if name == "column":
            sums, words = array.column_sums, commands.column_words
        for lane in range(edge.lanes):
            m.d.comb += [
                edge.words[lane].eq(commands.words[lane]),
                edge.returned[lane].eq(sums[lane]),
                words[lane].eq(edge.read_words[lane]),
            ]
            if name == "row":
                m.d.comb += [
                    array.load_words[lane].eq(edge.load_words[lane].as_signed()),
                    edge.saturations[lane].eq(array.saturations[lane]),
                ]

    def _rows(self, m: Module, row: NeuronEdge, array: SynapseArray) -> None:
        """The lanes of row slots, operands and dither."""
        for k in range(row.lanes):
            lane = RowLane(self.geometry)
            m.submodules[f"row_{k}"] = in_lanes(lane)
            m.d.comb += [getattr(lane, name).eq(getattr(row, name)[k]) for name in ("sums", "slot", "present")]
            m.d.comb += [lane.operand.eq(row.operand[k]), lane.dither.eq(row.dither[k]), array.row[k].eq(lane.cells)]

    def _columns(self, m: Module, intake, tile, commands, column, array):
        """The lanes of inputs and of the cells' control; gives the events that have passed the last one."""
        lanes = [ColumnLane(self.geometry, k) for k in range(self.geometry.cols)]
        m.submodules.value_skew = skew = Triangle(
            len(lanes), len(intake.values[0]), self.geometry.lanes_a_hop, align=False
        )
        before = None
        for k, lane in enumerate(lanes):
            m.submodules[f"column_{k}"] = in_lanes(lane)
            into_first = Mux(commands.busy, commands.tile.as_value(), tile.as_value())
            m.d.comb += [
                lane.tile.eq(before.tile_out if before else into_first),
                lane.event.eq(before.event_out if before else intake.event),
                skew.words[k].eq(intake.values[k]),
                lane.value.eq(skew.moved[k]),
                array.column[k].eq(lane.cells),
            ]
            if column:
                names = ("slot", "present", "operand", "dither")
                m.d.comb += [getattr(lane, name).eq(getattr(column, name)[k]) for name in names]
            before = lane
        return delay(m, lanes[-1].event_out, Geometry.return_registers(len(lanes)), "listed")

    @staticmethod
    def _go_ahead(m: Module, ahead: DrivePrefetch, sequencer, walker, commands) -> None:
        """The drive walker takes the cycles that sweeps leave, and the sequencer goes on with what it has summed."""
        m.d.comb += [
            ahead.open.eq(sequencer.open),
            ahead.walking.eq(walker.walking),
            ahead.again.eq(commands.busy),
            ahead.take.eq(sequencer.take),
            sequencer.begun.eq(ahead.begun),
            sequencer.listed.eq(ahead.ready),
            sequencer.longest.eq(ahead.events),
        ]

    def _trace(self, m: Module, sequencer, steps) -> None:
        """Every state, behind the step walker."""
        latencies = {name: edge.trace_latency for name, edge in self.edges.items()}
        m.submodules.trace = trace = TracePort(self.geometry, latencies)
        m.d.comb += [
            trace.layer.eq(steps.layer),
            trace.slot.eq(steps.slot),
            trace.nudged.eq(sequencer.nudged),
            trace.stepping.eq((steps.layer != 0) & trace.room & ~sequencer.learn_biases),
            steps.room.eq(trace.room),
        ]
        for name, edge in self.edges.items():
            for lane in range(edge.lanes):
                m.d.comb += getattr(trace, name)[lane].eq(edge.trace[lane])
        wiring.connect(m, trace.trace, wiring.flipped(self.trace))
