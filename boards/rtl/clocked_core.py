"""The core with what is as fast as the core: the unpacker of its samples, and the labels of those at work."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth.lib.fifo import AsyncFIFO, AsyncFIFOBuffered, SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.label_queue import LabelQueue
from ceprop.boards.rtl.pipeline_register import PipelineRegister
from ceprop.boards.rtl.sample_unpacker import SampleUnpacker
from ceprop.boards.rtl.signatures import CoreAccessInterface, CoreAccessSignature, outcome_layout
from ceprop.boards.rtl.stream_crossing import StreamCrossing
from ceprop.hdl.core import Core
from ceprop.hdl.devices.primitives import Primitives
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

SAMPLES_AT_WORK = 3
"""Samples that the core holds at most: one at work, one that waits, one that comes in."""

_NEAR_LANES = 4
"""Lanes of a core so small that all of its ports lie near the link."""

_CROSSING_BYTES = 17
"""Bytes of samples between two clocks: a byte's way there and back takes up to 8 cycles of the slower one."""

_CROSSING_RESULTS = 4
"""Results between two clocks. A sample takes longer than the way of its result."""

_LATE_CYCLES = 8
"""Cycles for which the core counts as at work after it has ended, with two clocks: what it was at work on, a byte or a
result, needs up to five to be seen here."""


class ClockedCore(wiring.Component):
    """The core in the clock domain `core`. It has a clock of its own, or that of its surroundings::

        access.command  ─► crossing ─► core ─► crossing ─► access.response
        access.samples  ─► FIFO ─► unpacker ─► group FIFO ─► core ─► labels ─► FIFO ─► outcomes

    With one clock there are no FIFOs at the ends, and pipeline registers are in the place of the crossings. They and
    the group FIFO are there only before a core that is so large that its ports are far.

    Parameters
    ----------
    geometry : Geometry
        The network's.
    primitives : Primitives
        What the core's cells are made of.
    own_clock : bool
        Whether the core has a clock of its own.

    Members
    -------
    clock : In
        The core's clock, if it has its own.
    access : In
        Commands, responses, and packed samples.
    outcomes : Out, stream
        Of each sample in turn :func:`ceprop.boards.rtl.signatures.outcome_layout`.
    working : Out
        A whole sample is at work; some cycles late with two clocks.
    at_work : Out
        A sample, or part of one, is here. With two clocks it stays some cycles longer, but never too short.
    """

    clock: Signal
    access: CoreAccessInterface
    outcomes: stream.Interface
    working: Signal
    at_work: Signal

    def __init__(self, geometry: Geometry, primitives: Primitives, *, own_clock: bool):
        self._geometry, self._primitives, self._own_clock = geometry, primitives, own_clock
        self._ports = Ports(geometry)
        self._far = geometry.rows + geometry.cols > _NEAR_LANES
        members = {
            "access": In(CoreAccessSignature(self._ports)),
            "outcomes": Out(stream.Signature(outcome_layout(geometry))),
            "working": Out(1),
            "at_work": Out(1),
        }
        super().__init__(members | ({"clock": In(1)} if own_clock else {}))

    def elaborate(self, platform: object) -> Module:
        """The drawing."""
        m = Module()
        self._add_domain(m)
        in_core = DomainRenamer("core")
        m.submodules.core = in_core(core := Core(self._geometry, self._primitives))
        m.submodules.unpacker = in_core(unpacker := SampleUnpacker(self._geometry))
        m.submodules.labels = in_core(labels := LabelQueue(self._geometry, SAMPLES_AT_WORK))
        self._connect_port(m, core)
        self._connect_samples(m, unpacker, core)
        entered, left = _taken(core.sample) & core.sample.payload.last, _taken(core.result)
        m.d.comb += [
            labels.sent.eq(entered),
            labels.label.eq(core.sample.payload.label),
            labels.finished.eq(left),
            labels.prediction.eq(core.result.payload.prediction),
        ]
        count = Signal(range(SAMPLES_AT_WORK + 1), name="at_work_count")
        m.d.core += count.eq(count + entered - left)
        outcome = self._outcome(m, core, labels)
        if self._own_clock:
            self._cross(m, unpacker, outcome, count != 0)
        else:
            wiring.connect(m, wiring.flipped(self.access.samples), unpacker.bytes)
            wiring.connect(m, outcome, wiring.flipped(self.outcomes))
            m.d.comb += [self.working.eq(count != 0), self.at_work.eq(self.working | ~unpacker.between)]
        return m

    def _add_domain(self, m: Module) -> None:
        """The domain `core`, which is reset with its surroundings. A clock of its own ends the reset later."""
        m.domains.core = ClockDomain("core", local=True)
        if self._own_clock:
            m.d.comb += ClockSignal("core").eq(self.clock)
            m.submodules.reset = ResetSynchronizer(ResetSignal(), domain="core", stages=4)
        else:
            m.d.comb += [ClockSignal("core").eq(ClockSignal()), ResetSignal("core").eq(ResetSignal())]

    def _connect_port(self, m: Module, core: Core) -> None:
        """Commands and responses, across the clocks or the distance."""
        asked, answered = wiring.flipped(self.access.command), wiring.flipped(self.access.response)
        if self._own_clock:
            command = StreamCrossing(self._ports.command, source_domain="sync", target_domain="core")
            response = StreamCrossing(self._ports.response, source_domain="core", target_domain="sync")
            m.submodules.command, m.submodules.response = command, response
            wiring.connect(m, asked, command.source)
            wiring.connect(m, command.target, core.command)
            wiring.connect(m, core.response, response.source)
            wiring.connect(m, response.target, answered)
        else:
            self._connect(m, "command", asked, core.command)
            self._connect(m, "response", core.response, answered, patient=True)

    def _connect_samples(self, m: Module, unpacker: SampleUnpacker, core: Core) -> None:
        """Groups go to the core. Where it is far, the unpacker goes on with the next group while one is on its way."""
        if not self._far:
            wiring.connect(m, unpacker.sample, core.sample)
            return
        width = len(Value.cast(core.sample.payload))
        m.submodules.groups = groups = DomainRenamer("core")(SyncFIFOBuffered(width=width, depth=1))
        m.d.comb += [
            groups.w_en.eq(unpacker.sample.valid),
            groups.w_data.eq(Value.cast(unpacker.sample.payload)),
            unpacker.sample.ready.eq(groups.w_rdy),
            core.sample.valid.eq(groups.r_rdy),
            Value.cast(core.sample.payload).eq(groups.r_data),
            groups.r_en.eq(core.sample.ready),
        ]

    def _connect(
        self, m: Module, name: str, source: stream.Interface, target: stream.Interface, *, patient: bool = False
    ) -> None:
        """Connect two ends of a stream in the core's domain, through a register where they are far from each other."""
        if self._far:
            register = PipelineRegister(source.payload.shape(), patient=patient)
            m.submodules[name] = DomainRenamer("core")(register)
            wiring.connect(m, source, register.source)
            wiring.connect(m, register.target, target)
        else:
            wiring.connect(m, source, target)

    def _outcome(self, m: Module, core: Core, labels: LabelQueue) -> stream.Interface:
        """The results, each with the verdict on its label."""
        outcome = stream.Signature(outcome_layout(self._geometry)).create(path=("outcome",))
        m.d.comb += [
            outcome.valid.eq(core.result.valid),
            core.result.ready.eq(outcome.ready),
            outcome.payload.prediction.eq(core.result.payload.prediction),
            outcome.payload.tie.eq(core.result.payload.tie),
            outcome.payload.wrong.eq(labels.wrong),
        ]
        return outcome

    def _cross(self, m: Module, unpacker: SampleUnpacker, outcome: stream.Interface, working: Value) -> None:
        """Bytes of samples go to the core's clock, outcomes and what is at work come from it."""
        samples, outcomes = self.access.samples, self.outcomes
        bytes_ = AsyncFIFOBuffered(width=8, depth=_CROSSING_BYTES, w_domain="sync", r_domain="core")
        width = len(Value.cast(outcome.payload))
        results = AsyncFIFO(width=width, depth=_CROSSING_RESULTS, w_domain="core", r_domain="sync")
        m.submodules.bytes, m.submodules.results = bytes_, results
        working_there, busy_there = Signal(name="working_there"), Signal(name="busy_there")
        busy = Signal(name="busy")
        m.submodules.working = FFSynchronizer(working_there, self.working)
        m.submodules.busy = FFSynchronizer(busy_there, busy)
        m.d.core += [
            working_there.eq(working),
            busy_there.eq(Cat(working, ~unpacker.between, bytes_.r_rdy).any()),
        ]
        late = Signal(range(_LATE_CYCLES + 1), name="late")
        m.d.comb += [
            bytes_.w_en.eq(samples.valid),
            bytes_.w_data.eq(samples.payload),
            samples.ready.eq(bytes_.w_rdy),
            unpacker.bytes.valid.eq(bytes_.r_rdy),
            unpacker.bytes.payload.eq(bytes_.r_data),
            bytes_.r_en.eq(unpacker.bytes.ready),
            results.w_en.eq(outcome.valid),
            results.w_data.eq(outcome.payload),
            outcome.ready.eq(results.w_rdy),
            outcomes.valid.eq(results.r_rdy),
            Value.cast(outcomes.payload).eq(results.r_data),
            results.r_en.eq(outcomes.ready),
            self.at_work.eq(late != 0),
        ]
        with m.If(Cat(busy, bytes_.w_level != 0, results.r_rdy).any()):
            m.d.sync += late.eq(_LATE_CYCLES)
        with m.Elif(late != 0):
            m.d.sync += late.eq(late - 1)


def _taken(port: stream.Interface) -> Value:
    """A beat of a stream is taken."""
    return port.valid & port.ready
