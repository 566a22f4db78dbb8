"""What every board has, whatever its clocks and pins: the core, the link, and their transport."""

from typing import NamedTuple

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import PROTOCOL, Feature, Identity, board_number, specification_number
from ceprop.boards.rtl.clocked_core import ClockedCore
from ceprop.boards.rtl.core_switch import CoreSwitch
from ceprop.boards.rtl.flash import PREFETCHED_BYTES, FlashController, Processor, connect_flash
from ceprop.boards.rtl.frame_receiver import FrameReceiver
from ceprop.boards.rtl.frame_sender import FrameSender
from ceprop.boards.rtl.requests import Dispatcher
from ceprop.boards.rtl.result_ring import ResultRing
from ceprop.boards.rtl.signatures import CoreAccessInterface, FlashPinSignature
from ceprop.boards.rtl.transport import Transport
from ceprop.hdl.devices.primitives import Primitives
from ceprop.specification import Geometry

SYSTEM = "ceprop_system"
"""Name of its module."""


class LinkMemory(NamedTuple):
    """A memory of the link, which a block RAM holds: its place as yosys selects it, its bits, and what yosys makes of
    it where no block RAM is left. Look-up tables hold words that change, or are selections between words that do not.
    """

    pattern: str
    bits: int
    style: str


LINK_MEMORIES = (
    LinkMemory(f"{SYSTEM}.receiver/m:*", FrameReceiver.BUFFER_BITS, "distributed"),
    LinkMemory(f"{SYSTEM}.sender/m:*", FrameSender.BUFFER_BITS, "distributed"),
    LinkMemory(f"{SYSTEM}.results/m:*", ResultRing.BUFFER_BITS, "distributed"),
    LinkMemory(f"{SYSTEM}.flash.processor/m:program*", Processor.PROGRAM_BITS, "logic"),
)
"""The last one is there only with flash."""

PREFETCHED_MEMORY = f"{SYSTEM}.flash.prefetched/m:*"
"""The bytes of samples from flash that wait for the unpacker, as yosys selects them."""


class System(wiring.Component):
    """The core with a transport::

        pins ─► transport ─► receiver ─► dispatcher ─► switch ─► clocked core ─► results
        pins ◄─ transport ◄─ sender   ◄──┘  ▲   │        ▲            │            │
                                            │   ▼        │            ▼            │
                                            │   flash controller ◄─ outcomes       │
                                            └──────────────────────────────────────┘

    The switch and the flash controller are there only with flash. :class:`ceprop.boards.rtl.clocked_core.ClockedCore`
    has the core with the unpacker of its samples, in a clock domain of their own.

    Parameters
    ----------
    geometry : Geometry
        The network's.
    primitives : Primitives
        What the core's cells are made of.
    board : str
        Name by which the board is known to the host.
    clock_hz : int
        The clock of everything around the core.
    core_clock_hz : int, optional
        The core's own clock; without a word it has the clock of everything else.
    transport : Transport
        How bytes come from the host and go to it.
    flash_lines : int
        Data lines on which flash is read, 1, 2 or 4; 0 where there is none to learn from and to keep snapshots in.
    prefetched_bytes : int, optional
        Bytes of samples from flash that wait for the unpacker; `PREFETCHED_BYTES` without a word.

    Members
    -------
    the transport's pins
        Pins, by their names in the transport.
    working : Out
        A sample is at work.
    linked : Out
        A request is being carried out.
    core_clk : In
        The core's clock, if it has its own.
    flash_select, flash_clock, flash_dq_out, flash_dq_in, flash_dq_enable : Out, Out, Out, In, Out
        With flash, its pins, as :class:`ceprop.boards.rtl.signatures.FlashPinSignature` has them.
    """

    working: Signal
    linked: Signal
    core_clk: Signal
    flash_select: Signal
    flash_clock: Signal
    flash_dq_out: Signal
    flash_dq_in: Signal
    flash_dq_enable: Signal

    def __init__(
        self,
        geometry: Geometry,
        primitives: Primitives,
        *,
        board: str,
        clock_hz: int,
        core_clock_hz: int | None = None,
        transport: Transport,
        flash_lines: int = 0,
        prefetched_bytes: int | None = None,
    ):
        self._geometry, self._primitives = geometry, primitives
        self._clock_hz, self._flash_lines = clock_hz, flash_lines
        self._prefetched_bytes, self._core_clock_hz = prefetched_bytes, core_clock_hz
        self._transport = transport
        digest = geometry.specification.build_digest
        features = Feature.FLASH if flash_lines else 0
        self._identity = Identity(
            protocol=PROTOCOL,
            expected=0,
            features=features,
            specification=specification_number(digest),
            board=board_number(board),
            clock_hz=clock_hz,
            core_clock_hz=core_clock_hz or clock_hz,
        )
        members = transport.pins | {"working": Out(1), "linked": Out(1)}
        if core_clock_hz is not None:
            members |= {"core_clk": In(1)}
        if flash_lines:
            pins = FlashPinSignature(flash_lines).members
            members |= {f"flash_{name}": member for name, member in pins.items()}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """The drawing; what RESET resets has the domain `work`."""
        m = Module()
        dispatcher, linked = self._add_link(m)
        self._add_work_domain(m, dispatcher)
        in_work = DomainRenamer({"sync": "work"})
        own_clock = self._core_clock_hz is not None
        core = ClockedCore(self._geometry, self._primitives, own_clock=own_clock)
        m.submodules.core = in_work(core)
        m.submodules.results = in_work(results := ResultRing(self._geometry))
        access = self._add_flash(m, dispatcher, core) if self._flash_lines else dispatcher.core
        wiring.connect(m, access, core.access)
        wiring.connect(m, core.outcomes, results.outcomes)
        wiring.connect(m, dispatcher.results, results.read)
        m.d.comb += [self.working.eq(core.working), self.linked.eq(linked)]
        m.d.sync += dispatcher.at_work.eq(core.at_work)
        if own_clock:
            m.d.comb += core.clock.eq(self.core_clk)
        return m

    def _add_link(self, m: Module) -> tuple[Dispatcher, Signal]:
        """Transport, frames and dispatcher; also whether a frame waits or is at work."""
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.sender = sender = FrameSender()
        m.submodules.dispatcher = dispatcher = Dispatcher(self._geometry, self._identity)
        m.submodules.transport = transport = self._transport
        wiring.connect(m, transport.received, receiver.bytes)
        wiring.connect(m, receiver.frames, dispatcher.frames)
        wiring.connect(m, dispatcher.reply, sender.body)
        wiring.connect(m, sender.bytes, transport.sent)
        for name, member in transport.pins.items():
            outer, inner = getattr(self, name), getattr(transport, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        return dispatcher, receiver.frames.waiting

    def _add_work_domain(self, m: Module, dispatcher: Dispatcher) -> None:
        """Everything that RESET resets, a cycle later."""
        m.domains.work = ClockDomain("work", local=True)
        reset = Signal(name="reset", init=1)
        m.d.sync += reset.eq(dispatcher.reset)
        m.d.comb += [ClockSignal("work").eq(ClockSignal()), ResetSignal("work").eq(reset)]

    def _add_flash(self, m: Module, dispatcher: Dispatcher, core: ClockedCore) -> CoreAccessInterface:
        """The flash controller and the switch; the side of the switch towards the core."""
        waiting = self._prefetched_bytes or PREFETCHED_BYTES[self._flash_lines]
        controller = FlashController(self._geometry, self._clock_hz, self._flash_lines, prefetched_bytes=waiting)
        switch = CoreSwitch(self._geometry)
        m.submodules.flash = DomainRenamer({"sync": "work"})(controller)
        m.submodules.switch = switch
        wiring.connect(m, dispatcher.flash, controller.tasks)
        wiring.connect(m, dispatcher.core, switch.dispatcher)
        wiring.connect(m, controller.core, switch.controller)
        m.d.comb += switch.controller_busy.eq(controller.busy)
        connect_flash(m, core, controller, self)
        return switch.core
