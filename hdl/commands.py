"""The command port: reads and writes registers, weights and neurons between samples."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.messages import Messages, Operation, Space
from ceprop.hdl.ports import Ports
from ceprop.hdl.synapse import ADDRESS_STAGE, LOAD_WORD_STAGE
from ceprop.registers import REGISTER_BITS

HOLD_CYCLES = 3 + ADDRESS_STAGE + LOAD_WORD_STAGE
"""A word is held until the wavefront of its write, which starts from a register, has taken it in the first lane."""


class CommandPort(wiring.Component):
    """Executes one command after the other.

    Parameters
    ----------
    geometry : Geometry
        Layouts.
    weight_latency, row_latency, column_latency : int
        Cycles from a message of a read to its words.

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
        The registers; the value belongs to the address of the cycle before.
    """

    def __init__(self, geometry: Geometry, weight_latency: int, row_latency: int, column_latency: int):
        self.geometry = geometry
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
        """Take a command, carry it out, wait until its words are through, a group after the other.

        A read leaves the port at once, so that its host may wait for the groups before it offers another command; a
        write stays there until its words have been taken, so that nothing here keeps them."""
        m = Module()
        asked = self.command.payload
        kept = ("write", "space", "column", "lane", "address", "count")
        held = Signal(data.StructLayout({name: asked.shape()[name].shape for name in kept}))
        waited = Signal(range(max(HOLD_CYCLES, *self._latencies) + 2))
        holding, final = Signal(), Signal()
        answer, latency = self._answer(m, held)
        response = Signal(self.response.payload.shape(), name="response_register", reset_less=True)
        messages = (self.tile, self.row_source, self.row_sum, self.row_step, self.column_step)
        m.d.sync += [message.eq(0) for message in messages]
        m.d.sync += [waited.eq(waited + 1), self.words.eq(Mux(holding, asked.words.as_value(), 0))]
        m.d.sync += self.busy.eq(1)
        m.d.comb += self.response.payload.eq(response)
        m.d.comb += [self.register_address.eq(held.address), self.register_word.eq(asked.words.as_value())]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += self.busy.eq(0)
                m.d.sync += [held[name].eq(asked[name]) for name in kept]
                with m.If(self.allowed & self.command.valid):
                    m.next = "TAKE"
                    with m.If(asked.write):
                        m.next = "ACT"
            with m.State("TAKE"):
                m.d.comb += self.command.ready.eq(1)
                m.next = "ACT"
            with m.State("ACT"):
                self._message(m, held)
                m.d.sync += waited.eq(1)
                with m.If(held.write):
                    m.d.comb += holding.eq(1)
                    with m.If(held.space == Space.REGISTER):
                        m.d.comb += self.register_write.eq(1)
                        m.next = "WRITTEN"
                    with m.Else():
                        m.next = "HOLD"
                with m.Else():
                    m.d.sync += [held.address.eq(held.address + 1), held.count.eq(held.count - 1)]
                    m.d.sync += final.eq(held.count <= 1)
                    m.next = "READ"
            with m.State("WRITTEN"):
                m.d.comb += self.command.ready.eq(1)
                m.next = "IDLE"
            with m.State("HOLD"):
                m.d.comb += holding.eq(1)
                with m.If(waited == HOLD_CYCLES):
                    m.d.comb += self.command.ready.eq(1)
                    m.next = "IDLE"
            with m.State("READ"):
                m.d.sync += response.eq(answer)
                with m.If(waited == latency):
                    m.next = "RESPOND"
            with m.State("RESPOND"):
                m.d.comb += self.response.valid.eq(1)
                with m.If(self.response.ready):
                    m.next = "ACT"
                    with m.If(final):
                        m.next = "IDLE"
        return m

    def _answer(self, m: Module, held) -> tuple[Value, Value]:
        """What is read, and how many cycles after its message it is here."""
        weight, row, column = self._latencies
        answer = Signal(self.response.payload.shape())
        latency = Signal(range(max(self._latencies) + 2))
        with m.Switch(held.space):
            with m.Case(Space.REGISTER):
                m.d.comb += [answer.eq(self.register_value), latency.eq(1)]
            with m.Case(Space.WEIGHT):
                m.d.comb += [answer.words.eq(self.row_words), latency.eq(1 + weight)]
            with m.Default():
                words = Mux(held.column, self.column_words.as_value(), self.row_words.as_value())
                m.d.comb += [answer.eq(words), latency.eq(1 + Mux(held.column, column, row))]
        return answer, latency

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
