"""The neuron cell: everything of the neurons folded onto one lane of an edge.

It keeps their sums, states, biases and generators, sends states into the array, takes the sums that come back, and in a
step turns each sum into a new state. Messages hop through it to the next lane, one register each.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry, memory_depth
from ceprop.hdl.accumulator import Accumulator
from ceprop.hdl.activation import Activation, clip
from ceprop.hdl.dither import advance
from ceprop.hdl.lanes import delay
from ceprop.hdl.messages import Messages, Operand, Operation, Space
from ceprop.hdl.synapse import DITHER_STAGE

ADDRESS_STAGE = 2
"""Cycles from a `source` message in its lane to the memory address of its slot at the lane's first cell."""
VALUE_STAGE = 3
"""Cycles from a `step` message in its lane to the sum at the activation's input."""


class NeuronCell(wiring.Component):
    """The neurons of one lane.

    Parameters
    ----------
    geometry : Geometry
        Fixes widths and depths.
    edge : "row" or "column"
        Odd layers lie on the row edge, even ones on the column edge.

    Members
    -------
    source, sum, step, status (and `_out`) : In, Out
        Messages of :class:`Messages`, from the lane before and to the lane after.
    returned : In(signed)
        The lane's partial sum, one cycle after its `sum` message is in this lane.
    word : In
        A word to be written, while a `step` message with `WRITE` is in this lane.
    operand, dither : Out
        For the array, `ADDRESS_STAGE + OPERAND_STAGE` and `+ DITHER_STAGE` cycles after `source`.
    read_word : Out
        The word that a `sum` message with `read`, or a `step` message with `READ`, asked for; two cycles after it.
    saturated : Out
        A bias was saturated.
    trace : Out
        New state and drive, `status_stage` cycles after `step`.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        self.specification = geometry.specification
        messages = Messages(geometry)
        fraction = geometry.sum_point(edge) + self.specification.formats.weight_fraction
        self._activation = Activation(self.specification, geometry.sum_bits(edge), fraction)
        super().__init__(
            {
                "source": In(messages.source(edge)),
                "source_out": Out(messages.source(edge)),
                "sum": In(messages.sum(edge)),
                "sum_out": Out(messages.sum(edge)),
                "step": In(messages.step(edge)),
                "step_out": Out(messages.step(edge)),
                "status": In(messages.status),
                "status_out": Out(messages.status),
                "returned": In(signed(geometry.partial_sum_bits)),
                "word": In(messages.word_bits),
                "operand": Out(signed(geometry.operand_bits)),
                "dither": Out(geometry.dither_bits),
                "read_word": Out(messages.word_bits),
                "saturated": Out(1),
                "trace": Out(messages.trace),
            }
        )

    @property
    def status_stage(self) -> int:
        """Cycles from a `step` message in its lane to its new state, which the status chain looks at."""
        return VALUE_STAGE + self._activation.latency + 1

    def elaborate(self, platform: object) -> Module:
        """Hops, memories, then the two ways through them: out to the array, and through a step."""
        m = Module()
        source, arriving, step = (
            Signal(port.shape(), name=name)
            for port, name in ((self.source, "source_hop"), (self.sum, "sum_hop"), (self.step, "step_hop"))
        )
        m.d.sync += [source.eq(self.source), arriving.eq(self.sum), step.eq(self.step)]
        m.d.comb += [
            self.source_out.eq(source),
            self.sum_out.eq(arriving),
            self.step_out.eq(step),
            self.step_out.remaining.eq(Mux(step.remaining == 0, 0, step.remaining - 1)),
        ]
        # steps[k] is the message k cycles after it reached this lane.
        steps = [step]
        for k in range(1, self.status_stage + 4):
            later = Signal(self.step.shape(), name=f"step_{k}")
            m.d.sync += later.eq(steps[-1])
            steps.append(later)

        sums, drives = self._sums(m, arriving, step)
        states, current, previous = self._states(m, source, step, steps[1])
        generator = self._generator(m, source, step, steps[1])
        bias, bias_write = self._bias(m, step)

        self._send(m, source, states)
        value = self._value(m, steps, sums, drives, bias)
        m.submodules.activation = self._activation
        m.d.comb += self._activation.value.eq(value)
        new = self._move(m, steps, current)
        self._look(m, steps, new, current, previous)
        self._learn_bias(m, steps, new, current, bias, bias_write, generator)
        self._read(m, arriving, steps[1], bias, generator, Cat(current, previous))
        return m

    # --- memories; each has one read port, which a step takes from the array's side

    def _sums(self, m: Module, arriving: data.View, step: data.View):
        """The running sums of the step, and on the row edge the drive: read one cycle after `step`."""
        messages = Messages(self.geometry)
        words = self.geometry.neuron_words(self.edge)
        address = Mux(step.operation == Operation.NONE, arriving.address, step.address)
        bits = self.geometry.sum_bits(self.edge)
        m.submodules.sums = sums = Accumulator(words, bits, self.geometry.partial_sum_bits)
        m.d.comb += [
            sums.valid.eq(arriving.valid & ~arriving.drive),
            sums.first.eq(arriving.first),
            sums.address.eq(address),
            sums.addend.eq(self.returned),
        ]
        if self.edge == "column":
            return sums.read_data, None
        drive_bits = messages.trace["drive"].shape.width
        m.submodules.drives = drives = Accumulator(self.geometry.slots(1), drive_bits, self.geometry.partial_sum_bits)
        m.d.comb += [
            drives.valid.eq(arriving.valid & arriving.drive),
            drives.first.eq(arriving.first),
            drives.address.eq(address),
            drives.addend.eq(self.returned),
        ]
        return sums.read_data, drives.read_data

    def _states(self, m: Module, source: data.View, step: data.View, step_1: data.View):
        """Current and previous state in one word. Returns the pair for the array (one cycle after `source`) and the
        pair of a step (one cycle after `step`), which is zero in the first step."""
        bits = self.specification.formats.state_bits
        word = data.StructLayout({"current": unsigned(bits), "previous": unsigned(bits)})
        m.submodules.states = memory = Memory(
            shape=word, depth=memory_depth(self.geometry.neuron_words(self.edge)), init=[]
        )
        self._state_write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            read.addr.eq(Mux(step.operation == Operation.NONE, source.address, step.address)),
            read.en.eq(1),
        ]
        source_swap = Signal(reset_less=True)
        m.d.sync += source_swap.eq(source.swap)
        pairs = []
        for swap, off in ((source_swap, 0), (step_1.swap, step_1.first)):
            first, second = (
                Mux(swap, read.data.previous, read.data.current),
                Mux(swap, read.data.current, read.data.previous),
            )
            pairs.append((Mux(off, 0, first)[:bits], Mux(off, 0, second)[:bits]))
        return pairs[0], *pairs[1]

    def _generator(self, m: Module, source: data.View, step: data.View, step_1: data.View):
        """Two banks: a nudged step writes every generator's next value into the other bank, which becomes the one in
        use if any state of the network changed. Drives `dither`; returns the next value, one cycle after `step`."""
        bits = self.specification.generator_bits
        words = self.geometry.neuron_words(self.edge)
        m.submodules.generators = memory = Memory(shape=unsigned(bits), depth=2 * words, init=[])
        write, read = memory.write_port(), memory.read_port()

        def place(bank, address):
            return Mux(bank, words, 0) + address

        cycles = ADDRESS_STAGE + DITHER_STAGE - 1
        late = delay(m, Cat(source.address, source.bank, source.dither_shift), cycles, "dither_source")
        address_bits = len(source.address)
        late_place = place(late[address_bits], late[:address_bits])
        shift = delay(m, late[address_bits + 1 :], 1, "dither_shift")
        m.d.comb += [
            read.addr.eq(Mux(step.operation == Operation.NONE, late_place, place(step.bank, step.address))),
            read.en.eq(1),
            self.dither.eq(read.data << shift),
        ]
        following = advance(read.data)
        loading = (step.operation == Operation.WRITE) & (step.space == Space.GENERATOR)
        stepping = (step_1.operation == Operation.STEP) & step_1.nudged
        m.d.comb += [
            write.en.eq(loading | stepping),
            write.addr.eq(Mux(stepping, place(~step_1.bank, step_1.address), place(step.bank, step.address))),
            write.data.eq(Mux(stepping, following, self.word)),
        ]
        self._generator_word = read.data
        return following

    def _bias(self, m: Module, step: data.View):
        """Biases: read one cycle after `step`; the write port serves loading and learning."""
        bits = self.specification.formats.weight_bits
        m.submodules.biases = memory = Memory(
            shape=signed(bits), depth=memory_depth(self.geometry.neuron_words(self.edge)), init=[]
        )
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [read.addr.eq(step.address), read.en.eq(1)]
        loading = (step.operation == Operation.WRITE) & (step.space == Space.BIAS)
        with m.If(loading):
            m.d.comb += [write.en.eq(1), write.addr.eq(step.address), write.data.eq(self.word[:bits])]
        return read.data, write

    # --- out to the array

    def _send(self, m: Module, source: data.View, states) -> None:
        """The operand that `source` asks for: state, previous state, or their difference at the run-time rate."""
        bits = self.specification.formats.state_bits
        current, previous = states
        negative = delay(m, source.negative, 1, "negative")
        state, before = (Signal(bits, name=name, reset_less=True) for name in ("state", "before"))
        difference = Signal(signed(bits + 1), reset_less=True)
        m.d.sync += [
            state.eq(current),
            before.eq(previous),
            difference.eq(Mux(negative, previous, current) - Mux(negative, current, previous)),
        ]
        chosen = Signal.like(source.operand, name="chosen")
        m.d.comb += chosen.eq(delay(m, source.operand, 2, "operand_choice"))
        preshift = delay(m, source.preshift, 2, "preshift")
        operand = Signal(self.operand.shape(), reset_less=True)
        with m.Switch(chosen):
            with m.Case(Operand.ZERO):
                m.d.sync += operand.eq(0)
            with m.Case(Operand.STATE):
                m.d.sync += operand.eq(state)
            with m.Case(Operand.PREVIOUS):
                m.d.sync += operand.eq(before)
            with m.Case(Operand.DIFFERENCE):
                m.d.sync += operand.eq(difference << preshift)
        m.d.comb += self.operand.eq(operand)

    # --- through a step

    def _value(self, m: Module, steps: list[data.View], sums, drives, bias):
        """Sum, bias and drive on a common point; `VALUE_STAGE` cycles after `step`."""
        formats = self.specification.formats
        shape = signed(self.geometry.sum_bits(self.edge))
        point = self.geometry.sum_point(self.edge)
        heard = Signal(shape, reset_less=True)
        # Without a second layer of neurons nothing but the drive and the bias is ever heard.
        alone = len(self.specification.layers) == 2
        others = 0 if alone else Mux(steps[1].first, 0, sums)
        m.d.sync += heard.eq(others + (bias << formats.state_bits))
        value = Signal(shape, reset_less=True)
        total = heard << (point - formats.state_bits)
        if drives is not None:
            drive = Signal.like(drives, name="drive", reset_less=True)
            m.d.sync += drive.eq(drives)
            self._drive = drive
            total = total + Mux(steps[2].drive, drive << (point - formats.input_bits), 0)
        m.d.sync += value.eq(total)
        return value

    def _move(self, m: Module, steps: list[data.View], current):
        """The new state, with the nudge in the output layer; `status_stage` cycles after `step`."""
        bits = self.specification.formats.state_bits
        at = self.status_stage - 1
        step = steps[at]
        old = delay(m, current, at - 1, "old")
        rho = self._activation.state
        target = Mux(step.remaining == step.target, (1 << bits) - 1, 0)
        half = (1 << step.nudge_shift) >> 1
        nudge = Signal(signed(bits + 2))
        m.d.comb += nudge.eq((target - old + half) >> step.nudge_shift)
        pulled = clip(rho + Mux(step.negative, -nudge, nudge), bits)
        new = Signal(bits, reset_less=True)
        exists = step.remaining != 0
        m.d.sync += new.eq(Mux(exists, Mux(step.output & step.nudged, pulled, rho), 0))
        return new

    def _look(self, m: Module, steps: list[data.View], new, current, previous) -> None:
        """Store the new state, add this lane to the status, show it to the trace."""
        step = steps[self.status_stage]
        old = delay(m, current, self.status_stage - 1, "stored")
        older = delay(m, previous, self.status_stage - 1, "older")
        stepping = step.operation == Operation.STEP
        m.d.comb += [
            self._state_write.en.eq(stepping),
            self._state_write.addr.eq(step.address),
            self._state_write.data.current.eq(new),
            self._state_write.data.previous.eq(old),
            self.trace.state.eq(new),
        ]
        if self.edge == "row":
            drive = delay(m, self._drive, self.status_stage - 2, "trace_drive")
            m.d.comb += self.trace.drive.eq(Mux(step.drive, drive, 0))
        status = Signal(self.status.shape(), name="status_hop")
        competes = step.output & (step.remaining != 0)
        larger = competes & (~self.status.found | (new > self.status.largest))
        equal = competes & self.status.found & (new == self.status.largest)
        m.d.sync += [
            status.valid.eq(stepping),
            status.last.eq(step.last),
            status.changed.eq(self.status.changed | (new != old)),
            status.aperiodic.eq(self.status.aperiodic | (new != older)),
            status.found.eq(self.status.found | competes),
            status.tie.eq((self.status.tie & ~larger) | equal),
            status.largest.eq(Mux(larger, new, self.status.largest)),
            status.remaining.eq(Mux(larger, step.remaining, self.status.remaining)),
        ]
        m.d.comb += self.status_out.eq(status)

    def _learn_bias(self, m: Module, steps, new, current, bias, write, generator) -> None:
        """The bias is a synapse from a constant unit of state `2^state_bits` without a generator of its own."""
        formats = self.specification.formats
        edge, at = self.edge, self.status_stage
        dropped = self.geometry.bias_dither_bits(edge)
        old = delay(m, current, at - 1, "learnt_from")
        difference = Signal(signed(formats.state_bits + 1), name="bias_difference", reset_less=True)
        m.d.sync += difference.eq(Mux(steps[at].negative, old, new) - Mux(steps[at].negative, new, old))

        step = steps[at + 1]
        match self.specification.update.rounding:
            case "stochastic":
                value = delay(m, generator, at, "bias_dither")
                dither = (value << step.bias_dither_shift)[:dropped]
            case "nearest":
                dither = 1 << (dropped - 1)
            case "floor":
                dither = 0
        room = formats.state_bits + self.geometry.bias_room(edge)
        update = Signal(signed(max(formats.state_bits + room, dropped) + 3), reset_less=True)
        scaled = Signal(signed(formats.state_bits + 1 + self.geometry.bias_room(edge)))
        m.d.comb += scaled.eq(difference << step.bias_preshift)
        m.d.sync += update.eq((scaled << formats.state_bits) + dither)

        bits = formats.weight_bits
        moved = Signal(signed(max(bits, len(update) - dropped) + 1), name="bias_moved", reset_less=True)
        m.d.sync += moved.eq(delay(m, bias, at + 1, "bias_before") + (update >> dropped))
        step = steps[at + 3]
        learning = (step.operation == Operation.STEP) & step.nudged
        top = moved[bits - 1 :]
        overflow = top.any() & ~top.all()
        m.d.comb += self.saturated.eq(learning & overflow)
        with m.If(learning):
            m.d.comb += [
                write.en.eq(1),
                write.addr.eq(step.address),
                write.data.eq(Mux(overflow, Cat((~moved[-1]).replicate(bits - 1), moved[-1]), moved[:bits])),
            ]

    def _read(self, m: Module, arriving, step_1, bias, generator, states) -> None:
        """The word that is read back: a weight on the returning sum, or one of this lane's memories."""
        word = Signal(self.read_word.shape(), reset_less=True)
        from_array = delay(m, arriving.read, 1, "read_sum")
        with m.If(from_array):
            m.d.sync += word.eq(self.returned)
        with m.Else(), m.Switch(step_1.space):
            with m.Case(Space.BIAS):
                m.d.sync += word.eq(bias)
            with m.Case(Space.GENERATOR):
                m.d.sync += word.eq(self._generator_word)
            with m.Default():
                m.d.sync += word.eq(states)
        m.d.comb += self.read_word.eq(word)
