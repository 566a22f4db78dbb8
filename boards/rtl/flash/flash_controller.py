"""What a board does with its flash: learns from the data set there, and keeps snapshots (`docs/protocol.md`)."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import CRC_BYTES
from ceprop.boards.rtl.crc import Crc
from ceprop.boards.rtl.flash.byte_stream import ByteStream
from ceprop.boards.rtl.flash.core_commands import CoreCommands
from ceprop.boards.rtl.flash.firmware import STATUS_BYTES, program
from ceprop.boards.rtl.flash.flash_port import FlashPort
from ceprop.boards.rtl.flash.instructions import Condition, InPort, OutPort
from ceprop.boards.rtl.flash.port_registers import FlashTask
from ceprop.boards.rtl.flash.processor import Processor
from ceprop.boards.rtl.signatures import (
    CoreAccessInterface,
    CoreAccessSignature,
    FlashCommandInterface,
    FlashCommandSignature,
    FlashPinInterface,
    FlashPinSignature,
)
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

_CRC_BITS = {1: 1, 2: 2, 4: 4}
"""Bits of the CRC per cycle, by the lines of the flash: no byte comes before the CRC has the one before."""

PREFETCHED_BYTES = {1: 256, 2: 64, 4: 64}
"""Bytes of samples that wait at least for the unpacker, by the lines of the flash. The unpacker takes about 50 of MNIST
while the address of the next sample is read and sent. On one line a sample takes longer to read than to unpack, and all
of it waits; a block RAM of an iCE40 holds so many."""

_TASKS = {OutPort.READ: FlashTask.READ, OutPort.PROGRAM: FlashTask.PROGRAM, OutPort.ERASE: FlashTask.ERASE}
"""What the flash does, by the port that begins it."""


class FlashController(wiring.Component):
    """Carries out RUN, SAVE and RESTORE. Raises :class:`CepropError` for a network whose snapshots are too large for
    flash.

    A small processor decides (:mod:`ceprop.boards.rtl.flash.firmware` has its program). What must be fast is hardware::

                       ┌────────────┐  ports   ┌───────────────┐ bytes
        tasks,  ──────►│            ├─────────►│  flash port   ├──────┬──────► CRC
        status  ◄──────┤ processor  │          └───────────────┘      ▼
                       │            ├─────────────────────────► byte stream ─► FIFO ─► samples for the unpacker
                       │            │          ┌───────────────┐
                       └────────────┴─────────►│ core commands ├─────────────► the core's command port
                                               └───────────────┘

    Parameters
    ----------
    geometry : Geometry
        The network's.
    clock_hz : int
        The clock.
    lines : int
        Data lines of the flash that are read on, 1, 2 or 4.
    prefetched_bytes : int
        Bytes of samples that wait for the unpacker.
    stand_alone : bool
        Nobody asks: the first task, whatever it is, begins what :class:`ceprop.boards.rtl.stand_alone.StandAlone`
        does, and never ends.

    Members
    -------
    tasks : In
        From the dispatcher.
    finished, wrong : In
        The core has finished a sample; its prediction is not its label.
    busy : Out
        A command is at work, and the core's command port is the controller's own.
    core : Out
        The core's command port, and the unpacker.
    progress : Out, stream
        Text for the progress line of a board that stands alone.
    pins : Out
        The flash's.
    """

    tasks: FlashCommandInterface
    finished: Signal
    wrong: Signal
    busy: Signal
    core: CoreAccessInterface
    progress: stream.Interface
    pins: FlashPinInterface

    def __init__(
        self, geometry: Geometry, clock_hz: int, lines: int, *, prefetched_bytes: int, stand_alone: bool = False
    ):
        self._geometry, self._clock_hz, self._lines = geometry, clock_hz, lines
        self._prefetched_bytes = prefetched_bytes
        self._stand_alone = stand_alone
        SnapshotPlaces.of(geometry)  # which raises
        super().__init__(
            {
                "tasks": In(FlashCommandSignature()),
                "finished": In(1),
                "wrong": In(1),
                "busy": Out(1),
                "core": Out(CoreAccessSignature(Ports(geometry))),
                "progress": Out(stream.Signature(8)),
                "pins": Out(FlashPinSignature(lines)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The drawing: the parts, then what each port of the processor is."""
        m = Module()
        firmware = program(self._geometry, stand_alone=self._stand_alone)
        m.submodules.processor = processor = Processor(firmware.words, firmware.initial)
        m.submodules.port = port = FlashPort(self._clock_hz, self._lines)
        m.submodules.crc = crc = Crc(_CRC_BITS[self._lines])
        m.submodules.byte_stream = byte_stream = ByteStream()
        m.submodules.commands = commands = CoreCommands(self._geometry)
        wiring.connect(m, wiring.flipped(self.pins), port.pins)
        wiring.connect(m, commands.command, wiring.flipped(self.core.command))
        wiring.connect(m, wiring.flipped(self.core.response), commands.response)
        self._connect_samples(m, byte_stream)
        writes = Signal(max(OutPort) + 1, name="writes")
        m.d.comb += [writes[out].eq(processor.strobe & (processor.port == out)) for out in OutPort]
        m.d.comb += [
            byte_stream.to_samples.eq(writes[OutPort.STREAM_SAMPLES]),
            byte_stream.to_crc.eq(writes[OutPort.STREAM_CRC]),
            byte_stream.count.eq(processor.data_out),
            byte_stream.crc_idle.eq(crc.idle),
            crc.start.eq(writes[OutPort.CRC_START]),
            crc.valid.eq(writes[OutPort.CRC_BYTE] | byte_stream.crc_valid | _takes_byte(processor)),
            crc.byte.eq(Mux(writes[OutPort.CRC_BYTE], processor.data_out, port.read.payload)),
            commands.writes.eq(writes),
            commands.word.eq(processor.data_out),
        ]
        self._add_tasks(m, processor, writes)
        self._add_progress(m, processor, writes)
        self._add_port(m, processor, port, byte_stream, writes)
        self._add_inputs(m, processor, {InPort.FLASH: port.read.payload, InPort.GROUP: commands.lowest}, crc)
        conditions = {
            Condition.GROUP_LOADED: ~commands.loads,
            Condition.COMMAND_TAKEN: ~commands.sends,
            Condition.STREAM_ENDED: ~byte_stream.active,
            Condition.CRC_IDLE: crc.idle,
            Condition.CRC_MATCHES: crc.matches,
        }
        m.d.comb += [processor.conditions[condition].eq(value) for condition, value in conditions.items()]
        return m

    def _connect_samples(self, m: Module, byte_stream: ByteStream) -> None:
        """Bytes of samples go to the unpacker. They wait in a FIFO, so that flash does not wait while the unpacker
        passes inputs that are zero, nor the unpacker while the next sample is looked for, or read from slow flash. Most
        samples take less time than flash to read them, and a few take much more, so a longer FIFO saves time too."""
        m.submodules.prefetched = prefetched = SyncFIFOBuffered(width=8, depth=self._prefetched_bytes)
        wiring.connect(m, byte_stream.samples, prefetched.w_stream)
        wiring.connect(m, prefetched.r_stream, wiring.flipped(self.core.samples))

    def _add_tasks(self, m: Module, processor: Processor, writes: Signal) -> None:
        """A task begins and ends; the host reads the status while the processor rests."""
        tasks, locked = self.tasks, Signal(name="locked")
        with m.If(tasks.start):
            m.d.sync += self.busy.eq(1)
        with m.Elif(writes[OutPort.DONE]):
            m.d.sync += self.busy.eq(0)
        with m.If(Cat(writes[OutPort.LOCK], writes[OutPort.UNLOCK]).any()):
            m.d.sync += locked.eq(writes[OutPort.LOCK])
        m.d.comb += [
            processor.conditions[Condition.STARTED].eq(self.busy),
            tasks.busy.eq(self.busy),
            processor.hold.eq(tasks.hold),
            processor.locked.eq(locked),
            tasks.changes.eq(~processor.held),
        ]
        # A byte of a register, by its number among the bytes of the status.
        places = [(register, byte) for register, count in STATUS_BYTES for byte in range(count)]
        registers, bytes_ = zip(*places, strict=True)
        m.d.comb += [
            processor.register.eq(Array(Const(register) for register in registers)[tasks.index]),
            tasks.byte.eq(processor.content.word_select(Array(Const(byte) for byte in bytes_)[tasks.index], 8)),
        ]

    def _add_progress(self, m: Module, processor: Processor, writes: Signal) -> None:
        """A byte waits until the line takes it."""
        progress = self.progress
        with m.If(writes[OutPort.LINE]):
            m.d.sync += progress.valid.eq(1)
        with m.Elif(progress.ready):
            m.d.sync += progress.valid.eq(0)
        m.d.comb += [
            progress.payload.eq(processor.data_out),
            processor.conditions[Condition.LINE_TAKEN].eq(~progress.valid),
        ]

    def _add_port(
        self, m: Module, processor: Processor, port: FlashPort, byte_stream: ByteStream, writes: Signal
    ) -> None:
        """Commands of the flash, and their bytes. A task that was asked for begins once the one before has ended. It
        ends a READ, as STOP does, but not before the stream has its bytes."""
        byte = processor.data_out[:8]
        asked, stops, offers, last = (Signal(name=name) for name in ("asked", "stops", "offers", "last"))
        idle = port.idle & ~asked
        with m.If(writes[OutPort.ADDRESS]):
            m.d.sync += port.address.eq(processor.data_out)
        with m.If(writes[OutPort.STOP]):
            m.d.sync += stops.eq(1)
        with m.Elif(port.idle):
            m.d.sync += stops.eq(0)
        with m.If(Cat(writes[OutPort.WRITE], writes[OutPort.WRITE_LAST]).any()):
            m.d.sync += [offers.eq(1), last.eq(writes[OutPort.WRITE_LAST])]
        with m.Elif(port.write.ready | port.idle):
            m.d.sync += offers.eq(0)
        with m.If(port.idle):
            m.d.sync += asked.eq(0)
        for out, task in _TASKS.items():
            with m.If(writes[out]):
                m.d.sync += [asked.eq(1), port.task.eq(task)]
        m.d.comb += [
            port.start.eq(asked),
            port.stop.eq((stops | asked) & ~byte_stream.active),
            port.write.valid.eq(offers),
            port.write.payload.eq(byte),
            port.last.eq(last),
            byte_stream.source.valid.eq(port.read.valid),
            byte_stream.source.payload.eq(port.read.payload),
            port.read.ready.eq(byte_stream.source.ready | _takes_byte(processor)),
            processor.conditions[Condition.FLASH_IDLE].eq(idle),
            processor.conditions[Condition.FLASH_FAILED].eq(port.failed),
            processor.conditions[Condition.BYTE_READ].eq((port.read.valid & ~asked) | (idle & port.failed)),
            processor.conditions[Condition.BYTE_TAKEN].eq(~offers),
        ]

    def _add_inputs(self, m: Module, processor: Processor, bytes_: dict[int, Any], crc: Crc) -> None:
        """What IN reads, and the counts of the samples that the core finished."""
        finished, wrong = Signal(8, name="finished_samples"), Signal(8, name="wrong_samples")
        with m.If(self.finished & self.busy):
            m.d.sync += [finished.eq(finished + 1), wrong.eq(wrong + self.wrong)]
        inputs: dict[int, Any] = bytes_ | {
            InPort.LOWEST: processor.data_out,
            InPort.FINISHED: finished,
            InPort.WRONG: wrong,
            InPort.TASK: self.tasks.command,
        }
        inputs |= {InPort.CRC + k: crc.crc.word_select(k, 8) for k in range(CRC_BYTES)}
        arguments = Cat(self.tasks.first_epoch, self.tasks.epochs)
        inputs |= {InPort.TASK + 1 + k: arguments.word_select(k, 8) for k in range(len(arguments) // 8)}
        chosen = Array(Value.cast(inputs.get(number, Const(0, 8)))[:8] for number in range(InPort.ZERO + 1))
        m.d.comb += processor.data_in.eq(chosen[processor.in_port[: len(chosen).bit_length() - 1]])


def _takes_byte(processor: Processor) -> Value:
    """The processor takes a byte of flash."""
    return processor.taken & (processor.port == InPort.FLASH)
