"""What is on a board whatever its clock and pins: the core, the link, and their transport."""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import PROTOCOL, Feature, Identity, board_number, specification_number
from ceprop.boards.rtl.dispatcher import Dispatcher
from ceprop.boards.rtl.flash_controller import FlashController
from ceprop.boards.rtl.frame_receiver import FrameReceiver
from ceprop.boards.rtl.frame_sender import FrameSender
from ceprop.boards.rtl.pipeline_register import PipelineRegister
from ceprop.boards.rtl.result_ring import ResultRing
from ceprop.boards.rtl.sample_unpacker import SampleUnpacker
from ceprop.boards.rtl.transport import Transport
from ceprop.hdl.core import Core
from ceprop.hdl.devices.primitives import Primitives
from ceprop.specification import Geometry

SYSTEM = "ceprop_system"
"""Its module."""

LINK_MEMORIES = ("receiver", "sender", "results")
"""Its parts with buffers, each of which suits a block RAM."""

_NEAR_LANES = 4
"""Lanes of a core so small that all of its ports lie near the link."""

_AT_WORK = 3
"""Samples that the core holds at most: one at work, one that waits, one that comes in."""


class System(wiring.Component):
    """The core behind a transport.

    Parameters
    ----------
    geometry : Geometry
        Of the network.
    primitives : Primitives
        What the core's cells are made of.
    board : str
        Name by which the board is known to the host.
    clock_hz : int
        The clock.
    transport : Transport
        How bytes come from the host and go to it.
    flash : bool
        Whether there is flash to learn from and to keep snapshots in.

    Members
    -------
    the transport's pins
        By their names.
    working : Out
        A sample is at work.
    linked : Out
        A request is being carried out.
    flash_select, flash_clock, flash_out, flash_in : Out, Out, Out, In
        With `flash`, its pins; `flash_select` is 1 while it is to listen.
    """

    def __init__(
        self,
        geometry: Geometry,
        primitives: Primitives,
        *,
        board: str,
        clock_hz: int,
        transport: Transport,
        flash: bool = False,
    ):
        self._geometry, self._primitives = geometry, primitives
        self._clock_hz, self._flash = clock_hz, flash
        self._transport = transport
        digest = geometry.specification.build_digest
        features = Feature.FLASH if flash else 0
        self._identity = Identity(PROTOCOL, 0, features, specification_number(digest), board_number(board), clock_hz)
        members = transport.pins | {"working": Out(1), "linked": Out(1)}
        if flash:
            members |= {"flash_select": Out(1), "flash_clock": Out(1), "flash_out": Out(1), "flash_in": In(1)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Transport, frames, requests, core; what RESET resets has a domain of its own."""
        m = Module()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.sender = sender = FrameSender()
        m.submodules.dispatcher = dispatcher = Dispatcher(self._geometry, self._identity)
        self._connect(m, receiver, sender)
        in_core = DomainRenamer("core")
        m.domains.core = ClockDomain("core", local=True)
        reset = Signal(name="reset", init=1)
        m.d.sync += reset.eq(dispatcher.reset)
        m.d.comb += [ClockSignal("core").eq(ClockSignal()), ResetSignal("core").eq(reset)]
        core, unpacker, results = (
            Core(self._geometry, self._primitives),
            SampleUnpacker(self._geometry),
            ResultRing(self._geometry),
        )
        m.submodules.core, m.submodules.unpacker, m.submodules.results = map(in_core, (core, unpacker, results))
        wiring.connect(m, receiver.frames, dispatcher.frames)
        wiring.connect(m, dispatcher.reply, sender.body)
        command, response, sample = self._reach(m, core)
        if self._flash:
            self._keeper(m, dispatcher, core, unpacker, command, response)
        else:
            wiring.connect(m, dispatcher.command, command)
            wiring.connect(m, response, dispatcher.response)
            wiring.connect(m, dispatcher.samples, unpacker.bytes)
        wiring.connect(m, unpacker.sample, sample)
        wiring.connect(m, core.result, results.result)
        m.d.comb += [
            dispatcher.result_count.eq(results.count),
            results.address.eq(dispatcher.result_address),
            dispatcher.result_word.eq(results.word),
            self.linked.eq(receiver.frames.waiting),
        ]
        m.d.sync += dispatcher.at_work.eq(~unpacker.between | self.working)
        self._count(m, core)
        return m

    def _reach(self, m: Module, core: Core) -> tuple[stream.Interface, stream.Interface, stream.Interface]:
        """The core's command, response and sample, with registers on the way where it is far."""
        if self._geometry.rows + self._geometry.cols <= _NEAR_LANES:
            return core.command, core.response, core.sample
        ports = core.ports
        relays = (
            PipelineRegister(ports.command),
            PipelineRegister(ports.response, patient=True),
            PipelineRegister(ports.sample),
        )
        command, response, sample = relays
        in_core = DomainRenamer("core")
        m.submodules.command, m.submodules.response, m.submodules.sample = map(in_core, relays)
        wiring.connect(m, command.target, core.command)
        wiring.connect(m, core.response, response.source)
        wiring.connect(m, sample.target, core.sample)
        return command.source, response.target, sample.source

    def _keeper(
        self,
        m: Module,
        dispatcher: Dispatcher,
        core: Core,
        unpacker: SampleUnpacker,
        command: stream.Interface,
        response: stream.Interface,
    ) -> None:
        """The keeper at the flash; while it is busy the way to the core's command port and the unpacker are its own."""
        keeper = FlashController(self._geometry, self._clock_hz)
        m.submodules.keeper = DomainRenamer("core")(keeper)
        for theirs, own, target in (
            (dispatcher.command, keeper.command, command),
            (dispatcher.samples, keeper.samples, unpacker.bytes),
        ):
            _share(m, keeper.busy, theirs, own, target)
        m.d.comb += [
            keeper.response.payload.eq(response.payload),
            dispatcher.response.payload.eq(response.payload),
            keeper.response.valid.eq(response.valid & keeper.busy),
            dispatcher.response.valid.eq(response.valid & ~keeper.busy),
            response.ready.eq(Mux(keeper.busy, keeper.response.ready, dispatcher.response.ready)),
            keeper.start.eq(dispatcher.flash_start),
            keeper.task.eq(dispatcher.flash_command),
            keeper.passes.eq(dispatcher.passes),
            keeper.finished.eq(core.result.valid & core.result.ready),
            dispatcher.flash_flags.eq(keeper.flags),
            dispatcher.samples_left.eq(keeper.samples_left),
            self.flash_select.eq(keeper.select),
            self.flash_clock.eq(keeper.clock),
            self.flash_out.eq(keeper.data_out),
            keeper.data_in.eq(self.flash_in),
        ]

    def _connect(self, m: Module, receiver: FrameReceiver, sender: FrameSender) -> None:
        """The transport between the pins and the frames."""
        m.submodules.transport = transport = self._transport
        wiring.connect(m, transport.received, receiver.bytes)
        wiring.connect(m, sender.bytes, transport.sent)
        for name, member in transport.pins.items():
            ours, theirs = getattr(self, name), getattr(transport, name)
            m.d.comb += ours.eq(theirs) if member.flow == Out else theirs.eq(ours)

    def _count(self, m: Module, core: Core) -> None:
        """Samples in the core."""
        at_work = Signal(range(_AT_WORK + 1), name="at_work")
        sample, result = core.sample, core.result
        entered = sample.valid & sample.ready & sample.payload.last
        left = result.valid & result.ready
        m.d.core += at_work.eq(at_work + entered - left)
        m.d.comb += self.working.eq(at_work != 0)


def _share(m: Module, busy: Signal, one: stream.Interface, other: stream.Interface, target: stream.Interface) -> None:
    """`target` takes from `other` while that is busy, else from `one`."""
    m.d.comb += [
        target.valid.eq(Mux(busy, other.valid, one.valid)),
        Value.cast(target.payload).eq(Mux(busy, Value.cast(other.payload), Value.cast(one.payload))),
        other.ready.eq(target.ready & busy),
        one.ready.eq(target.ready & ~busy),
    ]
