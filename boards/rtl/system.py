"""What is on a board whatever its clock and pins: the core, the link, and their transport."""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import PROTOCOL, Identity, board_number, specification_number
from ceprop.boards.rtl.dispatcher import Dispatcher
from ceprop.boards.rtl.receiver import FrameReceiver
from ceprop.boards.rtl.results import Results
from ceprop.boards.rtl.sender import FrameSender
from ceprop.boards.rtl.uart import UartReceiver, UartSender, uart_divisor
from ceprop.boards.rtl.unpacker import Unpacker
from ceprop.geometry import Geometry
from ceprop.hdl.core import Core
from ceprop.hdl.primitives import Primitives

SYSTEM = "ceprop_system"
"""Its module."""

_AT_WORK = 3
"""Samples that the core holds at most: one at work, one that waits, one that comes in."""


class System(wiring.Component):
    """The core behind a UART.

    Parameters
    ----------
    geometry : Geometry
        Of the network.
    primitives : Primitives
        What the core's cells are made of.
    board : str
        Name by which the board is known to the host.
    clock_hz, baud : int
        The clock, and bits a second of the UART; :class:`CepropError` where it is too slow for them.

    Members
    -------
    rx, tx : In, Out
        The UART's lines.
    working : Out
        A sample is at work.
    linked : Out
        A request is being carried out.
    """

    def __init__(self, geometry: Geometry, primitives: Primitives, *, board: str, clock_hz: int, baud: int):
        self._geometry, self._primitives = geometry, primitives
        self._divisor = uart_divisor(clock_hz, baud)
        digest = geometry.specification.build_digest
        self._identity = Identity(PROTOCOL, 0, 0, specification_number(digest), board_number(board), clock_hz)
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "working": Out(1), "linked": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Transport, frames, requests, core; what RESET resets has a domain of its own."""
        m = Module()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.sender = sender = FrameSender()
        m.submodules.dispatcher = dispatcher = Dispatcher(self._geometry, self._identity)
        self._transport(m, receiver, sender)
        in_core = DomainRenamer("core")
        m.domains.core = ClockDomain(local=True)
        reset = Signal(init=1)
        m.d.sync += reset.eq(dispatcher.reset)
        m.d.comb += [ClockSignal("core").eq(ClockSignal()), ResetSignal("core").eq(reset)]
        core, unpacker, results = (
            Core(self._geometry, self._primitives),
            Unpacker(self._geometry),
            Results(self._geometry),
        )
        m.submodules.core, m.submodules.unpacker, m.submodules.results = map(in_core, (core, unpacker, results))
        wiring.connect(m, receiver.body, dispatcher.body)
        wiring.connect(m, dispatcher.reply, sender.body)
        wiring.connect(m, dispatcher.command, core.command)
        wiring.connect(m, core.response, dispatcher.response)
        wiring.connect(m, dispatcher.samples, unpacker.bytes)
        wiring.connect(m, unpacker.sample, core.sample)
        wiring.connect(m, core.result, results.result)
        m.d.comb += [
            dispatcher.waiting.eq(receiver.waiting),
            dispatcher.remaining.eq(receiver.remaining),
            receiver.release.eq(dispatcher.release),
            dispatcher.damaged.eq(receiver.damaged),
            receiver.heard.eq(dispatcher.heard),
            dispatcher.result_count.eq(results.count),
            results.address.eq(dispatcher.result_address),
            dispatcher.result_word.eq(results.word),
            self.linked.eq(receiver.waiting),
        ]
        self._lights(m, core)
        return m

    def _transport(self, m: Module, receiver: FrameReceiver, sender: FrameSender) -> None:
        m.submodules.uart_receiver = uart_receiver = UartReceiver(self._divisor)
        m.submodules.uart_sender = uart_sender = UartSender(self._divisor)
        wiring.connect(m, sender.bytes, uart_sender.bytes)
        m.d.comb += [
            uart_receiver.rx.eq(self.rx),
            self.tx.eq(uart_sender.tx),
            receiver.bytes.valid.eq(uart_receiver.valid),
            receiver.bytes.payload.eq(uart_receiver.byte),
        ]

    def _lights(self, m: Module, core: Core) -> None:
        at_work = Signal(range(_AT_WORK + 1))
        sample, result = core.sample, core.result
        entered = sample.valid & sample.ready & sample.payload.last
        left = result.valid & result.ready
        m.d.core += at_work.eq(at_work + entered - left)
        m.d.comb += self.working.eq(at_work != 0)
