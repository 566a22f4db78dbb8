"""The command port: reads and writes registers, weights and neurons between samples."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import load_stage
from ceprop.hdl.delay import delay
from ceprop.hdl.io.fifo import Fifo
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Messages, Operation, Space
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.specification import REGISTER_BITS, Geometry

_RESPONSE_DEPTHS = {1: 1, 2: 16}
"""Groups that wait for a slow reader, by ports of the weight memories; reading pauses when they are full. A small
device has no memory to spare for more than the one that is taken."""


class CommandPort(wiring.Component):
    """Executes one command after the other.

    Parameters
    ----------
    geometry : Geometry
        Layouts.
    weight_latency, row_latency, column_latency : int
        Cycles from a message of a read to its words.
    register_latency : int
        Cycles from a register's address to its value.

    Members
    -------
    command, response : In, Out, streams
        As :class:`Ports` says.
    allowed, idle, busy : In, Out, Out
        A command may begin; none is at work; the messages are those of a command.
    tile, row_source, row_sum, row_step, column_step : Out
        Messages of reads and writes.
    words : Out, array
        Words to be written, zero when nothing is.
    row_words, column_words : In, arrays
        Words that were read.
    register_address, register_write, register_word, register_value : Out, Out, Out, In
        The registers.
    """

    def __init__(
        self, geometry: Geometry, weight_latency: int, row_latency: int, column_latency: int, register_latency: int
    ):
        self.geometry = geometry
        self._register_latency = register_latency
        self._latencies = (weight_latency, row_latency, column_latency)
        self.ports = ports = Ports(geometry)
        messages = Messages(geometry)
        super().__init__(
            {
                "command": In(stream.Signature(ports.command)),
                "response": Out(stream.Signature(ports.response)),
                "allowed": In(1),
                "idle": Out(1),
                "busy": Out(1),
                "tile": Out(messages.tile),
                "row_source": Out(messages.source("row")),
                "row_sum": Out(messages.sum("row")),
                "row_step": Out(messages.step("row")),
                "column_step": Out(messages.step("column")),
                "words": Out(ports.words),
                "row_words": In(ports.words),
                "column_words": In(ports.words),
                "register_address": Out(ports.address_bits),
                "register_write": Out(1),
                "register_word": Out(REGISTER_BITS),
                "register_value": In(REGISTER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Take a command, carry it out, wait until its words are through."""
        m = Module()
        held = Signal(self.command.payload.shape(), name="held")
        # A word is held until the wavefront of its write, which starts from a register, has taken it in the last lane.
        g = self.geometry
        hold_cycles = 4 + lane_stages(g).address + load_stage(g.memory_ports) + max(g.rows, g.cols)
        hold = Signal(range(max(hold_cycles, self._register_latency + 1)), name="hold")
        # Behind registers, for whatever follows decides on a good deal.
        held_enough, looked_up = Signal(name="held_enough"), Signal(name="looked_up")
        m.d.sync += [
            held_enough.eq(hold == hold_cycles - 2),
            looked_up.eq(hold == self._register_latency - 1),
        ]
        reading, sending = Signal(name="reading"), Signal(name="sending")
        advance = Signal(name="advance")
        room, drained = self._respond(m, held, reading, sending)
        # What the command is, and whether the group at hand is its last one, from registers likewise.
        of_register, last = Signal(name="of_register"), Signal(name="last")
        # The state IDLE in a register, for it enables all bits of all lanes; and a word to be written is on its way.
        resting, holding = Signal(name="resting", init=1), Signal(name="holding")
        messages = (self.tile, self.row_source, self.row_sum, self.row_step, self.column_step)
        m.d.sync += [message.eq(0) for message in messages]
        m.d.sync += self.busy.eq(~self.idle)
        # What opens the words hops from lane to lane as their messages do: as one net it set the clock of large cores.
        opened = holding
        for lane, word in enumerate(held.words):
            held_word = Signal.like(self.words[lane], name=f"held_word_{lane}", reset_less=True)
            m.d.sync += held_word.eq(Mux(opened, word, 0))
            m.d.comb += self.words[lane].eq(held_word)
            opened = delay(m, opened, g.hop_registers(lane + 1), f"opened_{lane}")
        m.d.comb += [
            self.register_address.eq(held.address),
            self.register_word.eq(held.words.as_value()),
        ]
        payload = self.command.payload
        m.d.comb += [self.idle.eq(resting), self.command.ready.eq(resting & self.allowed)]
        with m.If(resting):
            m.d.sync += [
                held.eq(payload),
                of_register.eq(payload.space == Space.REGISTER),
                last.eq(payload.count <= 1),
            ]
        with m.If(advance):
            m.d.sync += [held.address.eq(held.address + 1), held.count.eq(held.count - 1), last.eq(held.count <= 2)]
        # It rests a cycle after its last state: what enables so much comes from few registers.
        finished = Signal(name="finished")
        m.d.sync += finished.eq(0)
        with m.If(finished):
            m.d.sync += resting.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += hold.eq(0)
                with m.If(resting & self.allowed & self.command.valid):
                    m.d.sync += [resting.eq(0), holding.eq(payload.write & (payload.space != Space.REGISTER))]
                    m.next = "ACT"
            with m.State("ACT"):
                with m.If(held.write):
                    self._message(m, held)
                    with m.If(of_register):
                        m.d.comb += self.register_write.eq(1)
                        m.d.sync += finished.eq(1)
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "HOLD"
                with m.Elif(room & of_register):
                    m.next = "LOOK UP"
                with m.Elif(room):
                    m.d.comb += [reading.eq(1), advance.eq(1)]
                    self._message(m, held)
                    with m.If(last):
                        m.next = "WAIT"
            with m.State("LOOK UP"):
                m.d.sync += hold.eq(hold + 1)
                with m.If(looked_up):
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += [sending.eq(1), advance.eq(1)]
                m.d.sync += hold.eq(0)
                m.next = "ACT"
                with m.If(last):
                    m.next = "WAIT"
            with m.State("HOLD"):
                m.d.sync += hold.eq(hold + 1)
                with m.If(held_enough):
                    m.d.sync += [finished.eq(1), holding.eq(0)]
                    m.next = "IDLE"
            with m.State("WAIT"), m.If(drained):
                m.d.sync += finished.eq(1)
                m.next = "IDLE"
        return m

    def _message(self, m: Module, held) -> None:
        """A weight is reached through the array, anything else through the step chain of its edge; a cycle later."""
        row_bits = self.geometry.row_slot_bits
        with m.If(held.space == Space.WEIGHT):
            m.d.sync += [
                self.tile.load.eq(held.write),
                self.tile.sum.eq(~held.write),
                self.tile.read.eq(~held.write),
                self.row_sum.read.eq(~held.write),
            ]
        with m.Elif(held.space != Space.REGISTER):
            for step, chosen in ((self.row_step, ~held.column), (self.column_step, held.column)):
                with m.If(chosen):
                    m.d.sync += step.operation.eq(Mux(held.write, Operation.WRITE, Operation.READ))
        m.d.sync += [
            self.tile.lane.eq(held.lane),
            self.tile.base.eq(held.address[row_bits:]),
            self.row_source.sum.eq(~held.write),
            self.row_source.index.eq(held.address[:row_bits]),
        ]
        for step in (self.row_step, self.column_step):
            m.d.sync += [step.space.eq(held.space), Cat(step.index, step.layer).eq(held.address)]

    def _respond(self, m: Module, held, reading, sending):
        """Collect what was read; returns whether one more group fits and whether none is on its way."""
        from_array = held.space == Space.WEIGHT
        issued = (reading & from_array, reading & ~from_array & ~held.column, reading & ~from_array & held.column)
        arriving = [
            delay(m, flag, latency, f"read_{k}")
            for k, (flag, latency) in enumerate(zip(issued, self._latencies, strict=True))
        ]
        from_rows = delay(m, arriving[0] | arriving[1], 1, "from_rows")
        from_columns = delay(m, arriving[2], 1, "from_columns")
        arrived, sent = from_rows | from_columns, delay(m, sending, 1, "sent")
        depth = _RESPONSE_DEPTHS[self.geometry.memory_ports]
        m.submodules.waiting = waiting = Fifo(self.response.payload.shape().size, depth)
        # Zero where nothing arrives. A register for all, for the lanes lie far from each other.
        read_words = Signal.like(waiting.word, name="read_words", reset_less=True)
        m.d.sync += read_words.eq(
            Mux(from_rows, self.row_words.as_value(), 0) | Mux(from_columns, self.column_words.as_value(), 0)
        )
        m.d.comb += [
            waiting.write.eq(delay(m, arrived | sending, 1, "entering")),
            waiting.word.eq(read_words | Mux(sent, self.register_value, 0)),
            self.response.valid.eq(waiting.out.valid),
            self.response.payload.eq(waiting.out.payload),
            waiting.out.ready.eq(self.response.ready),
        ]
        on_way = Signal(range(max(self._latencies) + 3), name="on_way")
        taken = Signal(range(depth + 1), name="taken")
        m.d.sync += on_way.eq(on_way + reading - arrived)
        left = delay(m, self.response.valid & self.response.ready, 1, "left")
        m.d.sync += taken.eq(taken + (reading | sending) - left)
        # Known a cycle late: with room for the one that was taken meanwhile, or only where there was none.
        room = Signal(name="room")
        m.d.sync += room.eq(taken < depth - 1 if depth > 1 else (taken == 0) & ~reading & ~sending)
        return room, on_way == 0
