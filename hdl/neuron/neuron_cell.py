"""The neuron cell: everything of the neurons folded onto one lane of an edge.

It keeps their sums, states, biases and generators, sends states into the array, takes the sums that come back, and in a
step turns each sum into a new state. Messages hop through it to the next lane, one register each.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import write_port
from ceprop.hdl.lanes.messages import Messages, Operation, Space
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.lanes.wavefront import enter, lane_memory, read_twice
from ceprop.hdl.neuron.bias import BiasCell, update_cycles
from ceprop.hdl.neuron.event_lists import EventLists
from ceprop.hdl.neuron.generator import GeneratorBanks
from ceprop.hdl.neuron.operand_sender import OperandSender
from ceprop.hdl.neuron.running_sums import drive_delay, running_sums
from ceprop.hdl.neuron.state_update import StateUpdate
from ceprop.hdl.neuron.step_pipeline import StepPipeline
from ceprop.hdl.neuron.step_status import StepStatus
from ceprop.specification import Edge, Geometry, address_bits, memory_depth


class NeuronCell(wiring.Component):
    """The neurons of one lane.

    Parameters
    ----------
    geometry : Geometry
        Fixes widths and depths.
    edge : "row" or "column"
        Odd layers lie on the row edge, even ones on the column edge.
    lane : int
        Its number on the edge. Only the first one of a hop has a register for the messages.
    sum_delay : int
        Cycles by which a slot's `sum` message follows its `source` message.

    Members
    -------
    source, sum, step, settings, status (and `_out`) : In, Out
        Messages of :class:`Messages`, from the lane before and to the lane after.
    returned : In(signed)
        The lane's partial sum, `ARRIVAL_STAGE` cycles after its `sum` message is in this lane.
    word : In
        A word to be written, one cycle after a `step` message with `WRITE`.
    slot, present : Out
        The unit that `source` means, one cycle after it, and whether there is one, at the lane's stage.
    operand, dither : Out
        For the array, `OPERAND_STAGE` and `DITHER_STAGE` cycles after the lane's address.
    read_word : Out
        The word that a `sum` message with `read`, or a `step` message with `READ`, asked for; three cycles after it.
    saturated : Out
        A bias was saturated.
    trace : Out
        New state and drive, `status_stage` cycles after `step`.
    """

    def __init__(self, geometry: Geometry, edge: Edge, lane: int, sum_delay: int):
        self.geometry = geometry
        self.edge: Edge = edge
        self.lane = lane
        self._sum_delay = sum_delay
        self.specification = geometry.specification
        messages = Messages(geometry)
        self._move = StateUpdate(geometry, edge)
        self._hop = StepStatus(geometry, edge, lane)
        self._beats = step_beats(geometry)
        self._stages = lane_stages(geometry)
        super().__init__(
            {
                "source": In(messages.source(edge)),
                "source_out": Out(messages.source(edge)),
                "sum": In(messages.sum(edge)),
                "sum_out": Out(messages.sum(edge)),
                "step": In(messages.step(edge)),
                "step_out": Out(messages.step(edge)),
                "settings": In(messages.settings(edge)),
                "settings_out": Out(messages.settings(edge)),
                "status": In(messages.status(edge)),
                "status_out": Out(messages.status(edge)),
                "returned": In(signed(geometry.widths.partial_sum_bits)),
                "word": In(messages.word_bits),
                "slot": Out(geometry.slot_bits(edge)),
                "present": Out(1),
                "operand": Out(signed(geometry.widths.operand_bits)),
                "dither": Out(geometry.widths.dither_bits),
                "read_word": Out(messages.word_bits),
                "saturated": Out(1),
                "trace": Out(messages.trace),
            }
        )

    @property
    def status_stage(self) -> int:
        """Cycles from a `step` message in its lane to the status chain, which looks at its new state."""
        return 1 + self._moved_stage + 2

    @property
    def status_latency(self) -> int:
        """Cycles from `status` to `status_out`."""
        return self._hop.latency

    @property
    def _moved_stage(self) -> int:
        """Cycles from the addresses of a `step` message, one after it, to its new state."""
        stage = 1 + self._move.latency
        # At the end of a step its words are read again, in a cycle in which no other step begins.
        return stage + stage % self._beats

    def elaborate(self, platform: object) -> Module:
        """Hops, memories, then the two ways through them: out to the array, and through a step."""
        m = Module()
        registers = self.geometry.hop_registers(self.lane)
        source, arriving, step, settings = (
            enter(m, getattr(self, name), registers, f"{name}_hop") for name in ("source", "sum", "step", "settings")
        )
        m.d.comb += [
            self.settings_out.eq(settings),
            self.source_out.eq(source),
            self.sum_out.eq(arriving),
            self.step_out.eq(step),
            self.step_out.remaining.eq(Mux(step.remaining == 0, 0, step.remaining - 1)),
        ]
        # The memories' addresses are in registers, a cycle behind the message.
        acting = Signal(self.step.shape(), name="step_acting")
        m.d.sync += acting.eq(step)
        place = self._place(acting.index, acting.layer)
        stages = self._moved_stage + update_cycles(self.geometry)
        way = StepPipeline(m, acting, stages, self._beats, place, not self.specification.continual)
        m.submodules.generators = generators = GeneratorBanks(self.geometry, self.edge)
        m.submodules.biases = biases = BiasCell(self.geometry, self.edge)
        m.submodules.sender = sender = OperandSender(self.geometry, self.edge)
        m.submodules.lists = lists = EventLists(self.geometry, self.edge)
        m.submodules.move = self._move
        address = self._place(lists.slot, delay(m, source.layer, 1, "source_layer"))
        own, leaving = self._place(step.index, step.layer), (address, lists.present)
        sums, drives = running_sums(
            m, self.geometry, self.edge, self._sum_delay, step, own, leaving, arriving, self.returned
        )
        early, old, older = self._states(m, address, step, way, sender)
        new = self._new(m, way, settings, sums, drives, biases.bias, early.current)
        # Where learning waits for the end of the phase, the state of the free phase stays beside the current one.
        kept = old if self.specification.continual else Mux(way.walk.keep, older, old)
        stage = self._moved_stage
        moves = way.moves[stage]
        learns = moves & way.walk.nudged if self.specification.continual else way.learns[stage]
        m.d.comb += [
            lists.source.eq(source),
            self.slot.eq(lists.slot),
            self.present.eq(lists.present),
            sender.source.eq(source),
            sender.present.eq(lists.present),
            self.operand.eq(sender.operand),
            generators.source.eq(source),
            generators.address.eq(address),
            generators.ahead.eq(step),
            generators.step.eq(acting),
            generators.bank.eq(way.walk.bank),
            generators.moves.eq(way.works(stage - 1)),
            generators.place.eq(way.place[stage - 1]),
            generators.nudged.eq(moves & way.walk.nudged),
            generators.word.eq(self.word),
            self.dither.eq(generators.dither),
            biases.step.eq(acting),
            biases.word.eq(self.word),
            biases.settings.eq(settings),
            biases.learns.eq(learns),
            biases.later.eq(way.works(stage + 1)),
            biases.place.eq(way.place[stage + 1]),
            biases.last_place.eq(way.place[stages]),
            self.saturated.eq(biases.saturated),
            self._state_write.en.eq(moves),
            self._state_write.addr.eq(way.place[stage]),
            self._state_write.data.current.eq(new),
            self._state_write.data.previous.eq(kept),
        ]
        if self.specification.continual:
            m.d.comb += [biases.generator.eq(generators.following), biases.new.eq(new), biases.old.eq(old)]
        else:
            m.d.comb += [biases.generator.eq(generators.value), biases.new.eq(old), biases.old.eq(older)]
        self._look(m, way, lists, new, old, older, kept)
        if self.geometry.trace:
            m.d.comb += self.trace.state.eq(delay(m, new, 2, "trace_state"))
            if drives is not None:
                driven = way.fields("drive", acting.drive)[stage + 2]
                later = stage + 1 - drive_delay(self.geometry, self.edge)
                m.d.comb += self.trace.drive.eq(Mux(driven, delay(m, drives, later, "trace_drive"), 0))
        space = way.fields("space", acting.space)[1]
        self._read(m, arriving, space, biases.bias, generators.value, early)
        return m

    def _new(self, m: Module, way: StepPipeline, settings, sums, drives, bias, old) -> Signal:
        """The new state, `_moved_stage` cycles after the message."""
        move, step = self._move, way.step
        labelled = Signal(name="labelled", reset_less=True)
        m.d.sync += labelled.eq(step.remaining == settings.target)
        beside = Signal(step.shape(), name="step_beside_words")
        m.d.comb += [
            *(beside[name].eq(way.fields(name, step[name])[1]) for name in ("drive", "output", "remaining")),
            beside.first.eq(way.walk.first),
            beside.nudged.eq(way.walk.nudged),
            move.step.eq(beside),
            move.settings.eq(settings),
            move.labelled.eq(labelled),
            move.sum.eq(sums),
            move.bias.eq(bias),
            move.old.eq(old),
        ]
        if drives is not None:
            m.d.comb += move.drive.eq(drives)
        new = Signal.like(move.new, name="moved_state")
        m.d.comb += new.eq(delay(m, move.new, self._moved_stage - 1 - move.latency, "moved"))
        return new

    def _place(self, index: Value, layer: Value) -> Value:
        """Address of a neuron in this lane's memories."""
        return Value.cast(Cat(index, layer))[: address_bits(memory_depth(self.geometry.neuron_words(self.edge)))]

    def _look(self, m: Module, way: StepPipeline, lists, new, old, older, kept) -> None:
        """What the new state means for the lists, a cycle later, and for the status chain, after one more."""
        m.submodules.hop = hop = self._hop
        changed, listed, active, aperiodic = (
            Signal(name=name, reset_less=True) for name in ("changed", "listed", "active", "aperiodic")
        )
        m.d.sync += [
            changed.eq(new != old),
            listed.eq((new != kept) | way.walk.everything),
            active.eq((new != 0) | (kept != 0) | way.walk.everything),
            aperiodic.eq(new != older),
        ]
        looked, status = self._moved_stage + 1, self._moved_stage + 2
        index_bits = len(lists.push.index)
        output, remaining = (way.fields(name, way.step[name])[looked] for name in ("output", "remaining"))
        place = way.place[looked]
        m.d.comb += [
            lists.push.valid.eq(way.moves[looked]),
            lists.push.first.eq(delay(m, way.place[looked - 1][:index_bits] == 0, 1, "first_of_layer")),
            lists.push.index.eq(place[:index_bits]),
            lists.push.layer.eq(place[index_bits:]),
            lists.push.changed.eq(listed),
            lists.push.active.eq(active),
            hop.valid.eq(way.moves[status]),
            hop.layer.eq(way.place[status][index_bits:]),
            *(
                getattr(hop, name).eq(way.fields(name, way.step[name])[status])
                for name in ("last", "layer_last", "remaining")
            ),
            hop.competes.eq(delay(m, output & (remaining != 0), 1, "competes")),
            hop.new.eq(delay(m, new, 2, "listed_state")),
            hop.changed.eq(delay(m, changed, 1, "changed")),
            hop.aperiodic.eq(delay(m, aperiodic, 1, "aperiodic")),
            hop.changed_count.eq(lists.changed_count),
            hop.active_count.eq(lists.active_count),
            hop.status.eq(self.status),
            self.status_out.eq(hop.status_out),
        ]

    def _states(self, m: Module, address: Value, step: data.View, way: StepPipeline, sender: OperandSender):
        """Current and previous state in one word. For the array three cycles after `source`. For a step, returned,
        exchanged by `swap` and zero in the first step: two cycles after it, and once more with the new state."""
        bits = self.specification.formats.state_bits
        word = data.StructLayout({"current": unsigned(bits), "previous": unsigned(bits)})
        m.submodules.states = memory = lane_memory(word, self.geometry.neuron_words(self.edge))
        self._state_write = write_port(memory)
        # A step's address is a cycle behind the message, as its other words' are.
        registers = self._stages.states - 2
        stepping = delay(m, step.operation != Operation.NONE, 1 - registers, "steps")
        own = delay(m, self._place(step.index, step.layer), 1 - registers, "step_address")
        place = delay(m, Mux(stepping, own, address), registers, "state_address")
        before = self._moved_stage - 1
        stored, again = read_twice(m, memory, place, way.place[before], way.works(before), self._beats)
        m.d.comb += [sender.current.eq(stored.current), sender.previous.eq(stored.previous)]
        swap, blank = way.walk.swap, way.walk.first
        early = Signal(word, name="early")
        m.d.comb += [
            early.current.eq(Mux(blank, 0, Mux(swap, stored.previous, stored.current))),
            early.previous.eq(Mux(blank, 0, Mux(swap, stored.current, stored.previous))),
        ]
        old = Mux(blank, 0, Mux(swap, again.previous, again.current))
        older = Mux(blank, 0, Mux(swap, again.current, again.previous))
        return early, old, older

    def _read(self, m: Module, arriving, space, bias, generator, states) -> None:
        """The word that is read back: a weight on the returning sum, or one of this lane's memories."""
        word = Signal(self.read_word.shape(), name="word", reset_less=True)
        from_array = delay(m, arriving.read, 2, "read_sum")
        with m.If(from_array):
            m.d.sync += word.eq(self.returned)
        with m.Else(), m.Switch(space):
            with m.Case(Space.BIAS):
                m.d.sync += word.eq(bias)
            with m.Case(Space.GENERATOR):
                m.d.sync += word.eq(generator)
            with m.Default():
                m.d.sync += word.eq(states)
        m.d.comb += self.read_word.eq(word)
