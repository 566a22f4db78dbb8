"""The neuron cell: everything of the neurons folded onto one lane of an edge."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import write_port
from ceprop.hdl.lanes.hop import hop
from ceprop.hdl.lanes.lane_memory import lane_memory, read_twice
from ceprop.hdl.lanes.messages import Messages, Operation, Space
from ceprop.hdl.lanes.signatures import LaneOperands, NeuronChain, ReturnedSum
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.neuron.bias import BiasCell, update_cycles
from ceprop.hdl.neuron.event_lists import EventLists
from ceprop.hdl.neuron.generator import GeneratorBanks
from ceprop.hdl.neuron.operand_sender import OperandSender
from ceprop.hdl.neuron.running_sums import RunningSums, drive_delay
from ceprop.hdl.neuron.signatures import address_of, state_words
from ceprop.hdl.neuron.state_update import StateUpdate
from ceprop.hdl.neuron.step_pipeline import StepPipeline, step_pipeline
from ceprop.hdl.neuron.step_status import StepStatus
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry


class _Parts(NamedTuple):
    """The parts of a neuron cell."""

    lists: EventLists
    sender: OperandSender
    sums: RunningSums
    update: StateUpdate
    biases: BiasCell
    generators: GeneratorBanks
    status: StepStatus


class _Messages(NamedTuple):
    """The messages in this lane. `acting` is the step message one cycle later, beside the addresses of its words."""

    source: Fields
    sum: Fields
    step: Fields
    acting: Fields
    settings: Fields


class _States(NamedTuple):
    """The states of the neuron at the beginning of a step (`early`), and once more at its end: its state before the
    step (`old`), the one before that (`older`), the `new` one, and the one that stays beside it (`kept`)."""

    early: Fields
    old: Value
    older: Value
    new: Signal
    kept: Value


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
        return 1 + self._new_state_stage + 2

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
        m.submodules.running_sums, m.submodules.state_update = parts.sums, parts.update
        m.submodules.biases, m.submodules.generators, m.submodules.step_status = parts[4:]
        messages = self._hop(m)
        pipeline = step_pipeline(
            m,
            messages.acting,
            self._address_named_by(messages.acting),
            self._new_state_stage + update_cycles(self.geometry),
            self._beats,
            learns_last=not self._continual,
        )
        sent = address_of(
            self.geometry, self.edge, parts.lists.slot, delay(m, messages.source.layer, 1, "source_layer")
        )
        self._send(m, messages.source)
        self._add_up(m, messages, sent)
        states = self._update_state(m, messages, pipeline, sent)
        self._list(m, pipeline, states)
        self._report(m, pipeline, states)
        self._learn(m, messages, pipeline, states)
        self._advance_generators(m, messages, pipeline, sent)
        self._read(m, messages.sum, pipeline.space[1], states.early)
        if self.geometry.trace:
            self._trace(m, pipeline, states.new)
        return m

    def _address_named_by(self, message: Fields) -> Fields:
        """The neuron that a message names."""
        return address_of(self.geometry, self.edge, message.index, message.layer)

    def _hop(self, m: Module) -> _Messages:
        """Messages in this lane, from the lane before and on to the lane after."""
        registers = self.geometry.hop_registers(self.lane)
        source, total, step, settings = (
            hop(m, getattr(self.before, name), registers, f"{name}_hop")
            for name in ("source", "sum", "step", "settings")
        )
        m.d.comb += [
            self.after.settings.eq(settings),
            self.after.source.eq(source),
            self.after.sum.eq(total),
            self.after.step.eq(step),
            self.after.step.remaining.eq(Mux(step.remaining == 0, 0, step.remaining - 1)),
        ]
        acting = Signal(step.shape(), name="step_acting")
        m.d.sync += acting.eq(step)
        return _Messages(source, total, step, acting, settings)

    def _send(self, m: Module, source: Fields) -> None:
        """States, differences and dither into the array."""
        lists, sender = self._parts.lists, self._parts.sender
        m.d.comb += [
            lists.source.eq(source),
            sender.source.eq(source),
            sender.present.eq(lists.present),
            self.operands.sums.eq(source.sum),
            self.operands.slot.eq(lists.slot),
            self.operands.present.eq(lists.present),
            self.operands.operand.eq(sender.operand),
            self.operands.dither.eq(self._parts.generators.dither),
            self.operands.load_word.eq(self.word.as_signed()),
        ]

    def _add_up(self, m: Module, messages: _Messages, sent: Fields) -> None:
        """The sums that come back."""
        sums = self._parts.sums
        m.d.comb += [
            sums.sent.eq(sent),
            sums.present.eq(self._parts.lists.present),
            sums.arriving.eq(messages.sum),
            sums.partial_sum.eq(self.returned.partial_sum),
            sums.step.eq(messages.step),
        ]

    def _update_state(self, m: Module, messages: _Messages, pipeline: StepPipeline, sent: Fields) -> _States:
        """The words of a neuron in, its new state out, which is stored."""
        stage = self._new_state_stage
        m.submodules.states = memory = lane_memory(state_words(self.geometry), self.geometry.neuron_words(self.edge))
        write = write_port(memory)
        # The address of a step is one cycle behind the message, as the addresses of its other words are.
        registers = lane_stages(self.geometry).states - 2
        stepping = delay(m, messages.step.operation != Operation.NONE, 1 - registers, "steps")
        named = delay(m, self._address_named_by(messages.step), 1 - registers, "step_address")
        address = delay(m, Mux(stepping, named.as_value(), sent.as_value()), registers, "state_address")
        again = pipeline.address[stage - 1].as_value()
        stored, at_end = read_twice(m, memory, address, again, pipeline.works(stage - 1), self._beats)
        m.d.comb += self._parts.sender.states.eq(stored)
        early = Signal(state_words(self.geometry), name="early")
        current, previous = self._in_order(stored, pipeline.walk)
        m.d.comb += [early.current.eq(current), early.previous.eq(previous)]
        old, older = self._in_order(at_end, pipeline.walk)
        # Where learning waits for the end of the phase, the state of the free phase stays beside the current one.
        kept = old if self._continual else Mux(pipeline.walk.keep, older, old)
        new = self._new_state(m, messages.settings, pipeline, early.current)
        m.d.comb += [
            write.en.eq(pipeline.steps[stage]),
            write.addr.eq(pipeline.address[stage]),
            write.data.current.eq(new),
            write.data.previous.eq(kept),
        ]
        return _States(early, old, older, new, kept)

    @staticmethod
    def _in_order(word: Fields, walk: Fields) -> tuple[Value, Value]:
        """Current and previous state of a word, exchanged by `swap`, and zero in the first step."""
        return (
            Mux(walk.first, 0, Mux(walk.swap, word.previous, word.current)),
            Mux(walk.first, 0, Mux(walk.swap, word.current, word.previous)),
        )

    def _new_state(self, m: Module, settings: Fields, pipeline: StepPipeline, old: Value) -> Signal:
        """The new state, `_new_state_stage` cycles after the addresses."""
        update, sums, step = self._parts.update, self._parts.sums, Signal(self.before.step.shape(), name="updated_step")
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
            update.old.eq(old),
        ]
        new = Signal.like(update.new, name="new_state")
        m.d.comb += new.eq(delay(m, update.new, self._new_state_stage - 1 - update.latency, "late_new_state"))
        return new

    def _list(self, m: Module, pipeline: StepPipeline, states: _States) -> None:
        """A unit that changed or is active goes onto its lists, one cycle after its new state."""
        stage, walk, stepped = self._new_state_stage + 1, pipeline.walk, self._parts.lists.stepped
        changed, active = Signal(name="listed", reset_less=True), Signal(name="active", reset_less=True)
        m.d.sync += [
            changed.eq((states.new != states.kept) | walk.everything),
            active.eq((states.new != 0) | (states.kept != 0) | walk.everything),
        ]
        m.d.comb += [
            stepped.valid.eq(pipeline.steps[stage]),
            stepped.first.eq(delay(m, pipeline.address[stage - 1].slot == 0, 1, "first_of_layer")),
            stepped.index.eq(pipeline.address[stage].slot),
            stepped.layer.eq(pipeline.address[stage].layer),
            stepped.changed.eq(changed),
            stepped.active.eq(active),
        ]

    def _report(self, m: Module, pipeline: StepPipeline, states: _States) -> None:
        """What the new state means for the status chain, two cycles after it."""
        stage, status, lists = self._new_state_stage + 2, self._parts.status, self._parts.lists
        changed, aperiodic = Signal(name="changed", reset_less=True), Signal(name="aperiodic", reset_less=True)
        m.d.sync += [changed.eq(states.new != states.old), aperiodic.eq(states.new != states.older)]
        competes = pipeline.output[stage - 1] & (pipeline.remaining[stage - 1] != 0)
        wiring.connect(m, lists.lengths, status.lengths)
        m.d.comb += [
            status.neuron.valid.eq(pipeline.steps[stage]),
            status.neuron.layer.eq(pipeline.address[stage].layer),
            status.neuron.last.eq(pipeline.last[stage]),
            status.neuron.layer_last.eq(pipeline.layer_last[stage]),
            status.neuron.remaining.eq(pipeline.remaining[stage]),
            status.neuron.competes.eq(delay(m, competes, 1, "competes")),
            status.neuron.new.eq(delay(m, states.new, 2, "reported_state")),
            status.neuron.changed.eq(delay(m, changed, 1, "changed")),
            status.neuron.aperiodic.eq(delay(m, aperiodic, 1, "aperiodic")),
            status.status.eq(self.before.status),
            self.after.status.eq(status.status_out),
        ]

    def _learn(self, m: Module, messages: _Messages, pipeline: StepPipeline, states: _States) -> None:
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

    def _advance_generators(self, m: Module, messages: _Messages, pipeline: StepPipeline, sent: Fields) -> None:
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

    def _read(self, m: Module, total: Fields, space: Value, states: Fields) -> None:
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
                m.d.sync += word.eq(states)
        m.d.comb += self.read_word.eq(word)

    def _trace(self, m: Module, pipeline: StepPipeline, new: Signal) -> None:
        """The new state, and the drive that the step named."""
        m.d.comb += self.trace.state.eq(delay(m, new, 2, "trace_state"))
        if self.edge == "row":
            stage = self._new_state_stage
            drive = delay(m, self._parts.sums.drive, stage + 1 - drive_delay(self.geometry, self.edge), "trace_drive")
            m.d.comb += self.trace.drive.eq(Mux(pipeline.drive[stage + 2], drive, 0))
