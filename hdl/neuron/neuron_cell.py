"""The neuron cell: everything of the neurons folded onto one lane of an edge."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages, Space
from ceprop.hdl.lanes.signatures import LaneOperands, NeuronChain, ReturnedSum
from ceprop.hdl.lanes.stages import step_beats
from ceprop.hdl.neuron.bias import BiasCell, update_cycles
from ceprop.hdl.neuron.event_lists import EventLists
from ceprop.hdl.neuron.generator import GeneratorBanks
from ceprop.hdl.neuron.lane_messages import LaneMessages, hop_messages
from ceprop.hdl.neuron.operand_sender import OperandSender
from ceprop.hdl.neuron.running_sums import RunningSums, drive_delay
from ceprop.hdl.neuron.signatures import address_of
from ceprop.hdl.neuron.state_memory import StateMemory, States
from ceprop.hdl.neuron.state_update import StateUpdate
from ceprop.hdl.neuron.step_pipeline import StepPipeline, step_pipeline
from ceprop.hdl.neuron.step_report import STATUS_DELAY, list_unit, report_status
from ceprop.hdl.neuron.step_status import StepStatus
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry


class _Parts(NamedTuple):
    """The parts of a neuron cell."""

    lists: EventLists
    sender: OperandSender
    sums: RunningSums
    states: StateMemory
    update: StateUpdate
    biases: BiasCell
    generators: GeneratorBanks
    status: StepStatus


class NeuronCell(wiring.Component):
    """The neurons of one lane.

    Messages hop through the cell to the next lane. It sends states into the array, and adds up the sums that come back.
    A step turns each sum into a new state. The new state is stored, listed and reported. In the step, the bias learns
    and the generator advances. Words of a neuron are written and read.

    Throughput: one source, sum and status message per cycle, one step message per `step_beats(geometry)` cycles.
    Latency: `status_stage` cycles from a step message in the lane to the status of its neuron.

    Parameters
    ----------
    geometry : Geometry
        Fixes widths and depths.
    edge : "row" or "column"
        Odd layers lie on the row edge, even ones on the column edge.
    lane : int
        Its number on the edge. Only the first lane of a hop has a register for the messages.
    sum_delay : int
        Cycles by which a slot's `sum` message follows its `source` message.

    Members
    -------
    before, after : In, Out
        Messages and settings from the lane before and to the lane after.
    operands : Out
        For the lane that leads the cells.
    returned : In
        The lane's partial sum, `ARRIVAL_STAGE` cycles after its `sum` message is in this lane. The count is not used.
    word : In
        A word to be written, one cycle after a `step` message with `WRITE`.
    read_word : Out
        The word that a `sum` message with `read`, or a `step` message with `READ`, asked for; three cycles after it.
    saturated : Out
        A bias was saturated.
    trace : Out
        New state and drive, `status_stage` cycles after `step`.
    """

    before: Interface
    after: Interface
    operands: Interface
    returned: Interface
    word: Signal
    read_word: Signal
    saturated: Signal
    trace: Fields

    def __init__(self, geometry: Geometry, edge: Edge, lane: int, sum_delay: int):
        self.geometry = geometry
        self.edge: Edge = edge
        self.lane = lane
        self._continual = geometry.specification.continual
        self._beats = step_beats(geometry)
        self._parts = _Parts(
            EventLists(geometry, edge),
            OperandSender(geometry, edge),
            RunningSums(geometry, edge, sum_delay),
            StateMemory(geometry, edge),
            StateUpdate(geometry, edge),
            BiasCell(geometry, edge),
            GeneratorBanks(geometry, edge),
            StepStatus(geometry, edge, lane),
        )
        messages = Messages(geometry)
        super().__init__(
            {
                "before": In(NeuronChain(geometry, edge)),
                "after": Out(NeuronChain(geometry, edge)),
                "operands": Out(LaneOperands(geometry, edge)),
                "returned": In(ReturnedSum(geometry)),
                "word": In(messages.word_bits),
                "read_word": Out(messages.word_bits),
                "saturated": Out(1),
                "trace": Out(messages.trace),
            }
        )

    @property
    def status_stage(self) -> int:
        """Cycles from a `step` message in its lane to the status chain, which receives the new state."""
        return 1 + self._new_state_stage + STATUS_DELAY

    @property
    def status_latency(self) -> int:
        """Cycles from a status of the lane before to the status for the lane after."""
        return self._parts.status.latency

    @property
    def _new_state_stage(self) -> int:
        """Cycles from the addresses of a `step` message, one cycle after it, to its new state."""
        stage = 1 + self._parts.update.latency
        # At the end of a step its words are read again, in a cycle in which no other step begins.
        return stage + stage % self._beats

    def elaborate(self, platform: object) -> Module:
        """One function per sentence above."""
        m = Module()
        parts = self._parts
        m.submodules.event_lists, m.submodules.operand_sender = parts.lists, parts.sender
        m.submodules.running_sums, m.submodules.state_memory = parts.sums, parts.states
        m.submodules.state_update, m.submodules.biases = parts.update, parts.biases
        m.submodules.generators, m.submodules.step_status = parts.generators, parts.status
        messages = hop_messages(m, self.before, self.after, self.geometry.hop_registers(self.lane))
        named = address_of(self.geometry, self.edge, messages.acting.index, messages.acting.layer)
        source_layer = delay(m, messages.source.layer, 1, "source_layer")
        sent = address_of(self.geometry, self.edge, parts.lists.slot, source_layer)
        stages, learns_last = self._new_state_stage + update_cycles(self.geometry), not self._continual
        pipeline = step_pipeline(m, messages.acting, named, stages, self._beats, learns_last=learns_last)
        self._send(m, messages.source)
        self._add_up(m, messages, sent)
        states = self._update_state(m, messages, pipeline, sent)
        self._report(m, pipeline, states)
        self._learn(m, messages, pipeline, states)
        self._advance_generators(m, messages, pipeline, sent)
        self._read(m, messages.sum, pipeline.space[1])
        if self.geometry.trace:
            self._trace(m, pipeline, states.new)
        return m

    def _send(self, m: Module, source: Fields) -> None:
        """States, differences and dither into the array."""
        lists, sender = self._parts.lists, self._parts.sender
        m.d.comb += [
            lists.source.eq(source),
            sender.source.eq(source),
            sender.present.eq(lists.present),
            sender.states.eq(self._parts.states.sent_states),
            self.operands.sums.eq(source.sum),
            self.operands.slot.eq(lists.slot),
            self.operands.present.eq(lists.present),
            self.operands.operand.eq(sender.operand),
            self.operands.dither.eq(self._parts.generators.dither),
            self.operands.load_word.eq(self.word.as_signed()),
        ]

    def _add_up(self, m: Module, messages: LaneMessages, sent: Fields) -> None:
        """The sums that come back."""
        sums = self._parts.sums
        m.d.comb += [
            sums.sent.eq(sent),
            sums.present.eq(self._parts.lists.present),
            sums.arriving.eq(messages.sum),
            sums.partial_sum.eq(self.returned.partial_sum),
            sums.step.eq(messages.step),
        ]

    def _update_state(self, m: Module, messages: LaneMessages, pipeline: StepPipeline, sent: Fields) -> States:
        """The words of a neuron in, its new state out, which is stored."""
        stage, memory = self._new_state_stage, self._parts.states
        m.d.comb += [
            memory.sent.eq(sent),
            memory.step.eq(messages.step),
            memory.walk.eq(pipeline.walk),
            memory.ending.eq(pipeline.works(stage - 1)),
            memory.stepped.eq(pipeline.address[stage - 1]),
            memory.new.eq(self._new_state(m, messages.settings, pipeline)),
            memory.stores.eq(pipeline.steps[stage]),
            memory.stored.eq(pipeline.address[stage]),
        ]
        return States(memory.new, memory.old, memory.older, memory.kept)

    def _new_state(self, m: Module, settings: Fields, pipeline: StepPipeline) -> Value:
        """The new state, `_new_state_stage` cycles after the addresses."""
        update, sums = self._parts.update, self._parts.sums
        step: Fields = Signal(self.before.step.shape(), name="updated_step")
        labelled = Signal(name="labelled", reset_less=True)
        m.d.sync += labelled.eq(pipeline.remaining[0] == settings.target)
        m.d.comb += [
            step.drive.eq(pipeline.drive[1]),
            step.output.eq(pipeline.output[1]),
            step.remaining.eq(pipeline.remaining[1]),
            step.first.eq(pipeline.walk.first),
            step.nudged.eq(pipeline.walk.nudged),
            update.step.eq(step),
            update.settings.eq(settings),
            update.labelled.eq(labelled),
            update.sum.eq(sums.sum),
            update.drive.eq(sums.drive),
            update.bias.eq(self._parts.biases.bias),
            update.old.eq(self._parts.states.early.current),
        ]
        new = delay(m, update.new, self._new_state_stage - 1 - update.latency, "late_new_state")
        if not self.geometry.specification.centred:
            return new
        return Mux(pipeline.walk.restore, self._parts.states.saved, new)

    def _report(self, m: Module, pipeline: StepPipeline, states: States) -> None:
        """The new state is listed and reported to the next lane."""
        status = self._parts.status
        list_unit(m, pipeline, self._new_state_stage, states, self._parts.lists)
        report_status(m, pipeline, self._new_state_stage, states, self._parts.lists, status)
        m.d.comb += [status.status.eq(self.before.status), self.after.status.eq(status.status_out)]

    def _learn(self, m: Module, messages: LaneMessages, pipeline: StepPipeline, states: States) -> None:
        """The bias learns from the new state and the one before, or at the end of the phase from the last state and
        that of the free phase."""
        stage, biases, generators = self._new_state_stage, self._parts.biases, self._parts.generators
        m.d.comb += [
            biases.step.eq(messages.acting),
            biases.word.eq(self.word),
            biases.settings.eq(messages.settings),
            biases.works.eq(pipeline.works(stage + 1)),
            biases.stepped.eq(pipeline.address[stage + 1]),
            biases.learnt.eq(pipeline.address[stage + update_cycles(self.geometry)]),
            self.saturated.eq(biases.saturated),
        ]
        if self._continual:
            m.d.comb += [
                biases.learns.eq(pipeline.steps[stage] & pipeline.walk.nudged),
                biases.generator.eq(generators.next_value),
                biases.new.eq(states.new),
                biases.old.eq(states.old),
            ]
        else:
            m.d.comb += [
                biases.learns.eq(pipeline.learns[stage]),
                biases.generator.eq(generators.value),
                biases.new.eq(states.old),
                biases.old.eq(states.older),
            ]

    def _advance_generators(self, m: Module, messages: LaneMessages, pipeline: StepPipeline, sent: Fields) -> None:
        """A nudged step writes the next value of its neuron's generator."""
        stage, generators = self._new_state_stage, self._parts.generators
        m.d.comb += [
            generators.source.eq(messages.source),
            generators.sent.eq(sent),
            generators.next_step.eq(messages.step),
            generators.step.eq(messages.acting),
            generators.bank.eq(pipeline.walk.bank),
            generators.ending.eq(pipeline.works(stage - 1)),
            generators.stepped.eq(pipeline.address[stage - 1]),
            generators.nudged.eq(pipeline.steps[stage] & pipeline.walk.nudged),
            generators.word.eq(self.word),
        ]

    def _read(self, m: Module, total: Fields, space: Value) -> None:
        """The word that is read back: a weight on the returning sum, or one of this lane's memories."""
        word = Signal(self.read_word.shape(), name="word", reset_less=True)
        from_array = delay(m, total.read, 2, "read_sum")
        with m.If(from_array):
            m.d.sync += word.eq(self.returned.partial_sum)
        with m.Else(), m.Switch(space):
            with m.Case(Space.BIAS):
                m.d.sync += word.eq(self._parts.biases.bias)
            with m.Case(Space.GENERATOR):
                m.d.sync += word.eq(self._parts.generators.value)
            with m.Default():
                m.d.sync += word.eq(self._parts.states.early)
        m.d.comb += self.read_word.eq(word)

    def _trace(self, m: Module, pipeline: StepPipeline, new: Signal) -> None:
        """The new state, and the drive that the step named."""
        m.d.comb += self.trace.state.eq(delay(m, new, STATUS_DELAY, "trace_state"))
        if self.edge == "row":
            stage = self._new_state_stage
            drive = delay(m, self._parts.sums.drive, stage + 1 - drive_delay(self.geometry, self.edge), "trace_drive")
            m.d.comb += self.trace.drive.eq(Mux(pipeline.drive[stage + STATUS_DELAY], drive, 0))
