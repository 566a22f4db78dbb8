"""The command port: reads and writes registers, weights and neurons between samples."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import load_stage
from ceprop.hdl.control.response_collector import ReadLatencies, ResponseCollector
from ceprop.hdl.control.signatures import CommandMessages, CommandTurn, RegisterAccess
from ceprop.hdl.delay import delay
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Operation, Space
from ceprop.hdl.lanes.signatures import LaneWords
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Geometry


class _Command(NamedTuple):
    """The command at work: its fields as `held`; from registers whether it is one `of_register`, and whether the group
    at hand is its `last` one; and in this cycle, whether the next group is at hand (`advance`)."""

    held: Fields
    of_register: Signal
    last: Signal
    advance: Signal


class CommandPort(wiring.Component):
    """Executes one command after the other::

        state    meaning                           leaves when                                 next
        -------  --------------------------------  ------------------------------------------  -------
        IDLE     no command                        a command is offered and allowed            ACT
        ACT      a group is begun                  a register is written                       IDLE
                                                   other words are written                     HOLD
                                                   a register is read, and there is room       LOOK UP
                                                   the last group of others is read            WAIT
        LOOK UP  the register bank finds a value   the value is there                          SEND
        SEND     the value is sent                 it was the last register                    WAIT
                                                   it was not                                  ACT
        HOLD     words are held for the lanes      the last lane has taken its word            IDLE
        WAIT     groups are in flight              all groups have arrived                     IDLE

    In ACT a read of weights or neurons begins one group per cycle in which there is room.

    Throughput: one group of weights or neurons per cycle while reading, one register per `register_latency` + 4 cycles,
    one written group per 6 + stage of the load + number of lanes.

    Parameters
    ----------
    geometry : Geometry
        Layouts.
    latencies : ReadLatencies
        Cycles from a message of a read to its words.
    register_latency : int
        Cycles from a register's address to its value.

    Members
    -------
    command, response : In, Out, streams
        As :class:`Ports` has them.
    turn : Out
        Whether a command may begin.
    messages : Out
        Messages of reads and writes.
    row, column : Out
        Words to be written, zero when nothing is, and words that were read.
    registers : Out
        Access to the register bank.
    """

    command: Interface
    response: Interface
    turn: Interface
    messages: Interface
    row: Interface
    column: Interface
    registers: Interface

    def __init__(self, geometry: Geometry, latencies: ReadLatencies, register_latency: int):
        self.geometry = geometry
        self._register_latency = register_latency
        self._latencies = latencies
        ports = Ports(geometry)
        super().__init__(
            {
                "command": In(stream_of(ports.command)),
                "response": Out(stream_of(ports.response)),
                "turn": Out(CommandTurn()),
                "messages": Out(CommandMessages(geometry)),
                "row": Out(LaneWords(geometry, "row")),
                "column": Out(LaneWords(geometry, "column")),
                "registers": Out(RegisterAccess(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Take a command, carry it out, wait until its words have passed the lanes."""
        m = Module()
        command = _Command(
            # Without a reset, for it is as wide as the array.
            held=Signal(self.command.payload.shape(), name="held", reset_less=True),
            of_register=Signal(name="of_register"),
            last=Signal(name="last"),
            advance=Signal(name="advance"),
        )
        collector = m.submodules.responses = ResponseCollector(self.geometry, self._latencies)
        # The state IDLE in a register, because it enables all bits of all lanes; and words are held for the lanes.
        resting, holding = Signal(name="resting", init=1), Signal(name="holding")
        self._take(m, command, resting)
        self._write(m, command.held, holding)
        self._collect(m, command.held, collector)
        m.d.comb += [
            self.registers.address.eq(command.held.address),
            self.registers.word.eq(command.held.words.as_value()),
            self.turn.offered.eq(self.command.valid),
            self.turn.idle.eq(resting),
            self.command.ready.eq(resting & self.turn.allowed),
        ]
        m.d.sync += self.messages.busy.eq(~resting)
        self._run(m, command, collector, resting, holding)
        return m

    def _take(self, m: Module, command: _Command, resting: Signal) -> None:
        """Keep a command from the port, and count through its groups."""
        payload, held = self.command.payload, command.held
        with m.If(resting):
            m.d.sync += [
                held.eq(payload),
                command.of_register.eq(payload.space == Space.REGISTER),
                command.last.eq(payload.count <= 1),
            ]
        with m.If(command.advance):
            m.d.sync += [
                held.address.eq(held.address + 1),
                held.count.eq(held.count - 1),
                command.last.eq(held.count <= 2),
            ]

    def _write(self, m: Module, held: Fields, holding: Signal) -> None:
        """Open the words of a group lane by lane, as their messages hop: one net for all lanes would set the clock of a
        large core."""
        opened = holding
        edges = (self.row.written, self.column.written)
        for lane, word in enumerate(held.words):
            held_word = Signal(word.shape(), name=f"held_word_{lane}", reset_less=True)
            m.d.sync += held_word.eq(Mux(opened, word, 0))
            m.d.comb += [edge[lane].eq(held_word) for edge in edges if lane < len(edge)]
            opened = delay(m, opened, self.geometry.hop_registers(lane + 1), f"opened_{lane}")

    def _collect(self, m: Module, held: Fields, collector: ResponseCollector) -> None:
        """What was read goes to the response stream."""
        wiring.connect(m, wiring.flipped(self.response), collector.response)
        m.d.comb += [
            collector.space.eq(held.space),
            collector.column.eq(held.column),
            collector.row_words.eq(Cat(self.row.read)),
            collector.column_words.eq(Cat(self.column.read)),
            collector.register.eq(self.registers.value),
        ]

    def _run(
        self, m: Module, command: _Command, collector: ResponseCollector, resting: Signal, holding: Signal
    ) -> None:
        """The state machine."""
        g, held, last = self.geometry, command.held, command.last
        # A word is held until the wavefront of its write, which starts from a register, has taken it in the last lane.
        hold_cycles = 4 + lane_stages(g).address + load_stage(g.memory_ports) + max(g.rows, g.cols)
        hold = Signal(range(max(hold_cycles, self._register_latency + 1)), name="hold")
        # In registers, because much depends on them.
        held_enough, looked_up = Signal(name="held_enough"), Signal(name="looked_up")
        m.d.sync += [held_enough.eq(hold == hold_cycles - 2), looked_up.eq(hold == self._register_latency - 1)]
        # The port rests one cycle after its last state: what enables so much comes from few registers.
        finished = Signal(name="finished")
        m.d.sync += finished.eq(0)
        with m.If(finished):
            m.d.sync += resting.eq(1)
        self._clear_messages(m)
        payload = self.command.payload
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += hold.eq(0)
                with m.If(resting & self.turn.allowed & self.command.valid):
                    m.d.sync += [resting.eq(0), holding.eq(payload.write & (payload.space != Space.REGISTER))]
                    m.next = "ACT"
            with m.State("ACT"):
                with m.If(held.write):
                    self._send_messages(m, held)
                    with m.If(command.of_register):
                        m.d.comb += self.registers.write.eq(1)
                        m.d.sync += finished.eq(1)
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "HOLD"
                with m.Elif(collector.room & command.of_register):
                    m.next = "LOOK UP"
                with m.Elif(collector.room):
                    m.d.comb += [collector.reading.eq(1), command.advance.eq(1)]
                    self._send_messages(m, held)
                    with m.If(last):
                        m.next = "WAIT"
            with m.State("LOOK UP"):
                m.d.sync += hold.eq(hold + 1)
                with m.If(looked_up):
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += [collector.sending.eq(1), command.advance.eq(1)]
                m.d.sync += hold.eq(0)
                m.next = "ACT"
                with m.If(last):
                    m.next = "WAIT"
            with m.State("HOLD"):
                m.d.sync += hold.eq(hold + 1)
                with m.If(held_enough):
                    m.d.sync += [finished.eq(1), holding.eq(0)]
                    m.next = "IDLE"
            with m.State("WAIT"), m.If(collector.drained):
                m.d.sync += finished.eq(1)
                m.next = "IDLE"

    def _clear_messages(self, m: Module) -> None:
        """No message where no state sends one."""
        out = self.messages
        m.d.sync += [
            message.eq(0) for message in (out.tile, out.row_source, out.row_sum, out.row_step, out.column_step)
        ]

    def _send_messages(self, m: Module, held: Fields) -> None:
        """A weight is reached through the array, anything else through the step chain of its edge; one cycle later."""
        out, row_bits = self.messages, self.geometry.row_slot_bits
        with m.If(held.space == Space.WEIGHT):
            m.d.sync += [
                out.tile.load.eq(held.write),
                out.tile.sum.eq(~held.write),
                out.tile.read.eq(~held.write),
                out.row_sum.read.eq(~held.write),
            ]
        with m.Elif(held.space != Space.REGISTER):
            for step, chosen in ((out.row_step, ~held.column), (out.column_step, held.column)):
                with m.If(chosen):
                    m.d.sync += step.operation.eq(Mux(held.write, Operation.WRITE, Operation.READ))
        m.d.sync += [
            out.tile.lane.eq(held.lane),
            out.tile.base.eq(held.address[row_bits:]),
            out.row_source.sum.eq(~held.write),
            out.row_source.index.eq(held.address[:row_bits]),
        ]
        for step in (out.row_step, out.column_step):
            m.d.sync += [step.space.eq(held.space), Value.cast(Cat(step.index, step.layer)).eq(held.address)]
