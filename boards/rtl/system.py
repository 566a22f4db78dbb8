"""What every board has, whatever its clock and pins: the core, the link, and their transport."""

from typing import NamedTuple

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from ceprop.boards.protocol import PROTOCOL, Feature, Identity, board_number, specification_number
from ceprop.boards.rtl.core_activity import SAMPLES_AT_WORK, connect_flash, samples_at_work
from ceprop.boards.rtl.core_switch import CoreSwitch
from ceprop.boards.rtl.flash import PREFETCHED_BYTES, FlashController, Processor
from ceprop.boards.rtl.frame_receiver import FrameReceiver
from ceprop.boards.rtl.frame_sender import FrameSender
from ceprop.boards.rtl.label_queue import LabelQueue
from ceprop.boards.rtl.pipeline_register import PipelineRegister
from ceprop.boards.rtl.requests import Dispatcher
from ceprop.boards.rtl.result_ring import ResultRing
from ceprop.boards.rtl.sample_unpacker import SampleUnpacker
from ceprop.boards.rtl.signatures import CoreAccessInterface, FlashPinSignature
from ceprop.boards.rtl.transport import Transport
from ceprop.hdl.core import Core
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

_NEAR_LANES = 4
"""Lanes of a core so small that all of its ports lie near the link."""


class System(wiring.Component):
    """The core with a transport::

        pins ─► transport ─► receiver ─► dispatcher ─► switch ─► pipeline registers ─► core ─► results
        pins ◄─ transport ◄─ sender   ◄──┘  ▲   │        ▲ │                            ▲          │
                                            │   ▼        │ └─► unpacker ─► pipeline ────┘          │
                                            │   flash controller           register                │
                                            └──────────────────────────────────────────────────────┘

    The switch and the flash controller are there only with flash; the pipeline registers only where the core is so
    large that its ports are far.

    Parameters
    ----------
    geometry : Geometry
        The network's.
    primitives : Primitives
        What the core's cells are made of.
    board : str
        Name by which the board is known to the host.
    clock_hz : int
        The clock.
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
    flash_select, flash_clock, flash_dq_out, flash_dq_in, flash_dq_enable : Out, Out, Out, In, Out
        With flash, its pins, as :class:`ceprop.boards.rtl.signatures.FlashPinSignature` has them.
    """

    working: Signal
    linked: Signal
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
        transport: Transport,
        flash_lines: int = 0,
        prefetched_bytes: int | None = None,
    ):
        self._geometry, self._primitives = geometry, primitives
        self._clock_hz, self._flash_lines = clock_hz, flash_lines
        self._prefetched_bytes = prefetched_bytes
        self._transport = transport
        digest = geometry.specification.build_digest
        features = Feature.FLASH if flash_lines else 0
        self._identity = Identity(PROTOCOL, 0, features, specification_number(digest), board_number(board), clock_hz)
        members = transport.pins | {"working": Out(1), "linked": Out(1)}
        if flash_lines:
            pins = FlashPinSignature(flash_lines).members
            members |= {f"flash_{name}": member for name, member in pins.items()}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """The drawing; what RESET resets has the domain `core`."""
        m = Module()
        dispatcher, working = self._add_link(m)
        self._add_core_domain(m, dispatcher)
        in_core = DomainRenamer("core")
        m.submodules.core = in_core(core := Core(self._geometry, self._primitives))
        m.submodules.unpacker = in_core(unpacker := SampleUnpacker(self._geometry))
        m.submodules.results = in_core(results := ResultRing(self._geometry))
        command, response, sample = self._core_ports(m, core)
        access = self._add_flash(m, dispatcher, core) if self._flash_lines else dispatcher.core
        wiring.connect(m, access.command, command)
        wiring.connect(m, response, access.response)
        wiring.connect(m, access.samples, unpacker.bytes)
        wiring.connect(m, unpacker.sample, sample)
        wiring.connect(m, core.result, results.result)
        wiring.connect(m, dispatcher.results, results.read)
        m.d.comb += [self.working.eq(samples_at_work(m, core, "core") != 0), self.linked.eq(working)]
        m.d.sync += dispatcher.at_work.eq(~unpacker.between | self.working)
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

    def _add_core_domain(self, m: Module, dispatcher: Dispatcher) -> None:
        """Everything that RESET resets, a cycle later."""
        m.domains.core = ClockDomain("core", local=True)
        reset = Signal(name="reset", init=1)
        m.d.sync += reset.eq(dispatcher.reset)
        m.d.comb += [ClockSignal("core").eq(ClockSignal()), ResetSignal("core").eq(reset)]

    def _core_ports(self, m: Module, core: Core) -> tuple[stream.Interface, stream.Interface, stream.Interface]:
        """Command, response and sample of the core, with pipeline registers before a core whose ports are far."""
        if self._geometry.rows + self._geometry.cols <= _NEAR_LANES:
            return core.command, core.response, core.sample
        ports = core.ports
        command = PipelineRegister(ports.command)
        response = PipelineRegister(ports.response, patient=True)
        sample = PipelineRegister(ports.sample)
        in_core = DomainRenamer("core")
        m.submodules.command, m.submodules.response, m.submodules.sample = map(in_core, (command, response, sample))
        wiring.connect(m, command.target, core.command)
        wiring.connect(m, core.response, response.source)
        wiring.connect(m, sample.target, core.sample)
        return command.source, response.target, sample.source

    def _add_flash(self, m: Module, dispatcher: Dispatcher, core: Core) -> CoreAccessInterface:
        """The flash controller and the switch; the side of the switch towards the core."""
        waiting = self._prefetched_bytes or PREFETCHED_BYTES[self._flash_lines]
        controller = FlashController(self._geometry, self._clock_hz, self._flash_lines, prefetched_bytes=waiting)
        switch = CoreSwitch(self._geometry)
        m.submodules.flash = DomainRenamer("core")(controller)
        m.submodules.switch = switch
        wiring.connect(m, dispatcher.flash, controller.tasks)
        wiring.connect(m, dispatcher.core, switch.dispatcher)
        wiring.connect(m, controller.core, switch.controller)
        m.submodules.labels = labels = DomainRenamer("core")(LabelQueue(self._geometry, SAMPLES_AT_WORK))
        m.d.comb += switch.controller_busy.eq(controller.busy)
        connect_flash(m, core, labels, controller, self)
        return switch.core
