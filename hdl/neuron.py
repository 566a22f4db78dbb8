"""The neuron cell: everything of the neurons folded onto one lane of an edge.

It keeps their sums, states, biases and generators, sends states into the array, takes the sums that come back, and in a
step turns each sum into a new state. Messages hop through it to the next lane, one register each.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry, address_bits, memory_depth
from ceprop.hdl.accumulator import Accumulator
from ceprop.hdl.bias import BiasCell
from ceprop.hdl.generator import GeneratorBanks
from ceprop.hdl.lanes import delay
from ceprop.hdl.lists import UnitLists
from ceprop.hdl.messages import Messages, Operation, Space
from ceprop.hdl.move import Move
from ceprop.hdl.sender import OperandSender
from ceprop.hdl.status import StatusHop

ARRIVAL_STAGE = 2
"""Cycles from a `sum` message in its lane to its sum."""


class NeuronCell(wiring.Component):
    """The neurons of one lane.

    Parameters
    ----------
    geometry : Geometry
        Fixes widths and depths.
    edge : "row" or "column"
        Odd layers lie on the row edge, even ones on the column edge.
    sum_delay : int
        Cycles by which a slot's `sum` message follows its `source` message.

    Members
    -------
    source, sum, step, settings, status (and `_out`) : In, Out
        Messages of :class:`Messages`, from the lane before and to the lane after.
    returned : In(signed)
        The lane's partial sum, `ARRIVAL_STAGE` cycles after its `sum` message is in this lane.
    word : In
        A word to be written, while a `step` message with `WRITE` is in this lane.
    slot, present : Out
        The unit that `source` means, one cycle after it.
    operand, dither : Out
        For the array, `ADDRESS_STAGE + OPERAND_STAGE` and `+ DITHER_STAGE` cycles after `source`.
    read_word : Out
        The word that a `sum` message with `read`, or a `step` message with `READ`, asked for; three cycles after it.
    saturated : Out
        A bias was saturated.
    trace : Out
        New state and drive, `status_stage` cycles after `step`.
    """

    def __init__(self, geometry: Geometry, edge: Edge, sum_delay: int):
        self.geometry = geometry
        self.edge: Edge = edge
        self._sum_delay = sum_delay
        self.specification = geometry.specification
        messages = Messages(geometry)
        self._move = Move(geometry, edge)
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
                "returned": In(signed(geometry.partial_sum_bits)),
                "word": In(messages.word_bits),
                "slot": Out(geometry.slot_bits(edge)),
                "present": Out(1),
                "operand": Out(signed(geometry.operand_bits)),
                "dither": Out(geometry.dither_bits),
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
    def _moved_stage(self) -> int:
        """Cycles from the addresses of a `step` message, one after it, to its new state."""
        return 1 + self._move.latency

    def elaborate(self, platform: object) -> Module:
        """Hops, memories, then the two ways through them: out to the array, and through a step."""
        m = Module()
        source, arriving, step, settings = (
            Signal(getattr(self, name).shape(), name=f"{name}_hop") for name in ("source", "sum", "step", "settings")
        )
        m.d.sync += [source.eq(self.source), arriving.eq(self.sum), step.eq(self.step), settings.eq(self.settings)]
        m.d.comb += [
            self.settings_out.eq(settings),
            self.source_out.eq(source),
            self.sum_out.eq(arriving),
            self.step_out.eq(step),
            self.step_out.remaining.eq(Mux(step.remaining == 0, 0, step.remaining - 1)),
        ]
        # steps[k] is the message k cycles after the memories' addresses, which are a cycle behind it.
        acting = Signal(self.step.shape(), name="step_acting")
        m.d.sync += acting.eq(step)
        steps = [acting]
        for k in range(1, self.status_stage):
            later = Signal(self.step.shape(), name=f"step_{k}")
            m.d.sync += later.eq(steps[-1])
            steps.append(later)

        stage = self._moved_stage
        m.submodules.generators = generators = GeneratorBanks(self.geometry, self.edge)
        m.submodules.biases = biases = BiasCell(self.geometry, self.edge, stage)
        m.submodules.sender = sender = OperandSender(self.geometry, self.edge)
        m.submodules.lists = lists = UnitLists(self.geometry, self.edge)
        address = self._place(lists.slot, delay(m, source.layer, 1, "source_layer"))
        sums, drives = self._sums(m, arriving, step, address, lists.present)
        current, previous = self._states(m, address, step, steps[1], sender)
        word = delay(m, self.word, 1, "word")
        m.submodules.move = move = self._move
        m.d.comb += [
            move.step.eq(steps[1]),
            move.settings.eq(settings),
            move.sum.eq(sums),
            move.bias.eq(biases.bias),
            move.old.eq(current),
        ]
        # The states before the step, beside the new one.
        old, older = delay(m, current, stage - 1, "old"), delay(m, previous, stage - 1, "older")
        new, moved = move.new, steps[stage]
        kept = Signal.like(old)
        m.d.comb += [
            # Where learning waits for the end of the phase, the state of the free phase stays beside the current one.
            kept.eq(Mux(moved.keep, older, old)),
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
            generators.word.eq(word),
            self.dither.eq(generators.dither),
            biases.step.eq(acting),
            biases.word.eq(word),
            biases.moved.eq(moved),
            biases.settings.eq(settings),
            self.saturated.eq(biases.saturated),
            self.trace.state.eq(delay(m, new, 2, "trace_state")),
            self._state_write.en.eq(moved.operation == Operation.STEP),
            self._state_write.addr.eq(self._place(moved.index, moved.layer)),
            self._state_write.data.current.eq(new),
            self._state_write.data.previous.eq(kept),
        ]
        if self.specification.continual:
            m.d.comb += [biases.generator.eq(generators.following), biases.new.eq(new), biases.old.eq(old)]
        else:
            m.d.comb += [biases.generator.eq(generators.value), biases.new.eq(old), biases.old.eq(older)]
        self._look(m, moved, steps[stage + 1], steps[stage + 2], lists, new, old, older, kept)
        if drives is not None:
            m.d.comb += [
                move.drive.eq(drives),
                self.trace.drive.eq(Mux(steps[stage + 2].drive, delay(m, drives, stage + 1, "trace_drive"), 0)),
            ]
        self._read(m, arriving, steps[1], biases.bias, generators.value, Cat(current, previous))
        return m

    def _place(self, index: Value, layer: Value) -> Value:
        """Address of a neuron in this lane's memories."""
        return Cat(index, layer)[: address_bits(max(1, self.geometry.neuron_words(self.edge)))]

    def _look(self, m: Module, moved, looked, listed_step, lists, new, old, older, kept) -> None:
        """What the new state means for the lists, a cycle later, and for the status chain, after one more."""
        m.submodules.hop = hop = StatusHop(self.geometry, self.edge)
        changed, listed, active, aperiodic = (
            Signal(name=name, reset_less=True) for name in ("changed", "listed", "active", "aperiodic")
        )
        m.d.sync += [
            changed.eq(new != old),
            listed.eq((new != kept) | moved.everything),
            active.eq((new != 0) | (kept != 0) | moved.everything),
            aperiodic.eq(new != older),
        ]
        m.d.comb += [
            lists.push.valid.eq(looked.operation == Operation.STEP),
            lists.push.first.eq(looked.index == 0),
            lists.push.index.eq(looked.index),
            lists.push.layer.eq(looked.layer),
            lists.push.changed.eq(listed),
            lists.push.active.eq(active),
            hop.step.eq(listed_step),
            hop.new.eq(delay(m, new, 2, "listed_state")),
            hop.changed.eq(delay(m, changed, 1, "changed")),
            hop.aperiodic.eq(delay(m, aperiodic, 1, "aperiodic")),
            hop.changed_count.eq(lists.changed_count),
            hop.active_count.eq(lists.active_count),
            hop.status.eq(self.status),
            self.status_out.eq(hop.status_out),
        ]

    def _sums(self, m: Module, arriving: data.View, step: data.View, address: Value, present: Value):
        """The running sums of the step, and on the row edge the drive: read two cycles after `step`."""
        words = self.geometry.neuron_words(self.edge)
        # `address` and `present` of the slot that now comes back: `source` left `sum_delay` cycles before `sum` came.
        place = delay(m, Cat(address, present), self._sum_delay, "slot_that_left")
        arrived = delay(m, arriving, 2, "sum_arrived")
        stepping = step.operation != Operation.NONE
        address = Signal.like(place[:-1], name="sum_address", reset_less=True)
        present = Signal(name="sum_present", reset_less=True)
        returned = Signal.like(self.returned, name="returned_sum", reset_less=True)
        m.d.sync += [
            address.eq(Mux(stepping, self._place(step.index, step.layer), place[:-1])),
            present.eq(place[-1]),
            returned.eq(self.returned),
        ]
        bits = self.geometry.sum_bits(self.edge)
        m.submodules.sums = sums = Accumulator(words, bits, self.geometry.partial_sum_bits)
        m.d.comb += [
            sums.valid.eq(arrived.valid & ~arrived.drive),
            sums.first.eq(arrived.first),
            sums.address.eq(address),
            sums.addend.eq(returned),
        ]
        if self.edge == "column":
            return sums.read_data, None
        slots = 1 << self.geometry.slot_bits("row")
        m.submodules.drives = drives = Accumulator(slots, self.geometry.drive_bits, self.geometry.partial_sum_bits)
        m.d.comb += [
            drives.valid.eq(arrived.valid & arrived.drive & present),
            drives.first.eq(arrived.first),
            drives.address.eq(address),
            drives.addend.eq(returned),
        ]
        return sums.read_data, drives.read_data

    def _states(self, m: Module, address: Value, step: data.View, step_1: data.View, sender: OperandSender):
        """Current and previous state in one word: for the array three cycles after `source`; for a step, returned, two
        cycles after `step`, exchanged by `swap`, and zero in the first one."""
        bits = self.specification.formats.state_bits
        word = data.StructLayout({"current": unsigned(bits), "previous": unsigned(bits)})
        depth = memory_depth(self.geometry.neuron_words(self.edge))
        m.submodules.states = memory = Memory(shape=word, depth=depth, init=[])
        self._state_write, read = memory.write_port(), memory.read_port()
        place = Signal.like(address, name="state_address", reset_less=True)
        stepping = step.operation != Operation.NONE
        m.d.sync += place.eq(Mux(stepping, self._place(step.index, step.layer), address))
        stored = read.data
        m.d.comb += [
            read.addr.eq(place),
            read.en.eq(1),
            sender.current.eq(stored.current),
            sender.previous.eq(stored.previous),
        ]
        swap, blank = step_1.swap, step_1.first
        current = Mux(blank, 0, Mux(swap, stored.previous, stored.current))
        previous = Mux(blank, 0, Mux(swap, stored.current, stored.previous))
        return current, previous

    def _read(self, m: Module, arriving, step_1, bias, generator, states) -> None:
        """The word that is read back: a weight on the returning sum, or one of this lane's memories."""
        word = Signal(self.read_word.shape(), reset_less=True)
        from_array = delay(m, arriving.read, 2, "read_sum")
        with m.If(from_array):
            m.d.sync += word.eq(self.returned)
        with m.Else(), m.Switch(step_1.space):
            with m.Case(Space.BIAS):
                m.d.sync += word.eq(bias)
            with m.Case(Space.GENERATOR):
                m.d.sync += word.eq(generator)
            with m.Default():
                m.d.sync += word.eq(states)
        m.d.comb += self.read_word.eq(word)
