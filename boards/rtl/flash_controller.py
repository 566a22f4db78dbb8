"""What a board does with its flash: learns from the data set there, and keeps snapshots (`docs/protocol.md`)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import CRC_BYTES, Command, Flash, StatusFlag, data_set_mark, specification_number
from ceprop.boards.rtl.crc import Crc
from ceprop.boards.rtl.flash_port import FlashPort, FlashTask
from ceprop.boards.rtl.group_register import GroupRegister
from ceprop.boards.rtl.memory_walk import MemoryWalk, snapshot_bytes
from ceprop.common.errors import CepropError
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

_FIELD = 4
"""Bytes of a mark, a number, a length."""


class FlashController(wiring.Component):
    """Carries out RUN, SAVE and RESTORE. Raises :class:`CepropError` for a network whose snapshot is too large for its
    place in flash.

    Members
    -------
    start, task, passes : In
        One of these commands begins, only while nothing is at work; the passes of RUN.
    finished : In
        The core has finished a sample.
    flags, samples_left : Out
        What STATUS says.
    busy : Out
        A command is at work, and the core's command port is its own.
    samples : Out, stream
        Bytes for the unpacker.
    command, response : Out, In, streams
        The core's.
    select, clock, data_out, data_in : Out, Out, Out, In
        The flash's pins.
    """

    def __init__(self, geometry: Geometry, clock_hz: int):
        self._geometry, self._clock_hz = geometry, clock_hz
        ports = Ports(geometry)
        self._group_bytes = ports.group_bytes
        self._length = snapshot_bytes(geometry)
        room = Flash.SNAPSHOTS[1] - Flash.SNAPSHOTS[0] - Flash.HEAD_BYTES - CRC_BYTES
        if self._length > room:
            raise CepropError(f"snapshot: takes {self._length:,} bytes, its place in flash has room for {room:,}")
        super().__init__(
            {
                "start": In(1),
                "task": In(4),
                "passes": In(16),
                "finished": In(1),
                "flags": Out(8),
                "samples_left": Out(32),
                "busy": Out(1),
                "samples": Out(stream.Signature(8)),
                "command": Out(stream.Signature(ports.command)),
                "response": In(stream.Signature(ports.response)),
                "select": Out(1),
                "clock": Out(1),
                "data_out": Out(1),
                "data_in": In(1),
            }
        )
        self._port, self._check, self._walk = FlashPort(clock_hz), Crc(), MemoryWalk(geometry)
        self._task, self._failed = Signal(4, name="task"), Signal(name="failed")
        self._base, self._left = Signal(24, name="base"), Signal(25, name="left")
        self._index = Signal(range(max(self._group_bytes, Flash.HEAD_BYTES) + 1), name="index")
        self._number, self._size = Signal(32, name="number"), Signal(32, name="size")
        self._group = GroupRegister(geometry)
        self._none, self._one, self._drained = (Signal(name=name) for name in ("none", "one", "drained"))

    def elaborate(self, platform: object) -> Module:
        """One state machine over the flash, the CRC and the walk over the memories."""
        m = Module()
        m.submodules.port, m.submodules.check, m.submodules.walk = port, check, walk = (
            self._port,
            self._check,
            self._walk,
        )
        m.submodules.group = group = self._group
        passes, total = Signal(16, name="passes"), Signal(16, name="total")
        slot, second, found, newest = (
            Signal(name="slot"),
            Signal(name="second"),
            Signal(name="found"),
            Signal(32, name="newest"),
        )
        storing = (self._task == Command.SAVE) | (self._task == Command.RESTORE)
        command = self.command.payload
        m.d.comb += [
            self.select.eq(port.select),
            self.clock.eq(port.clock),
            self.data_out.eq(port.data_out),
            port.data_in.eq(self.data_in),
            self.flags.eq(
                Mux(self.busy, Mux(storing, StatusFlag.STORING, StatusFlag.RUNNING), 0)
                | Mux(self._failed, StatusFlag.FAILED, 0)
            ),
            Value.cast(command.space).eq(walk.space),
            command.column.eq(walk.column),
            command.lane.eq(walk.lane),
            command.address.eq(walk.address),
            command.count.eq(1),
            Value.cast(command.words).eq(group.words),
            self.response.ready.eq(group.loading),
            group.response.eq(self.response.payload),
            group.byte.eq(port.read.payload),
            port.address.eq(self._base),
            check.byte.eq(port.read.payload),
        ]
        # Bytes come many cycles apart, so what depends on the counts may be a cycle late.
        m.d.sync += [
            self._none.eq(self._left == 0),
            self._one.eq(self._left == 1),
            self._drained.eq(self.samples_left == 0),
        ]
        with m.If(self.finished & ~self._drained):
            m.d.sync += self.samples_left.eq(self.samples_left - 1)
        with m.FSM() as machine:
            with m.State("IDLE"):
                m.d.sync += [self._task.eq(self.task), passes.eq(self.passes), total.eq(self.passes)]
                m.d.sync += [second.eq(0), found.eq(0), newest.eq(0), slot.eq(0)]
                with m.If(self.start):
                    m.d.sync += [self._failed.eq(0), self.samples_left.eq(0), self._base.eq(Flash.SNAPSHOTS[0])]
                    with m.If(self.task == Command.RUN):
                        m.d.sync += self._base.eq(Flash.DATA_SET)
                    m.next = "OPEN"
            self._look(m)
            with m.State("LOOKED"), m.If(check.idle & port.idle):
                newer = check.matches & (~found | (self._number > newest))
                with m.If(self._task == Command.RUN):
                    m.next = "TOTAL"
                    with m.If(~check.matches):
                        m.next = "FAIL"
                with m.Else():
                    with m.If(newer):
                        m.d.sync += [found.eq(1), newest.eq(self._number), slot.eq(second)]
                    m.d.sync += [second.eq(1), self._base.eq(Flash.SNAPSHOTS[1])]
                    m.next = "OPEN"
                    with m.If(second):
                        m.next = "CHOOSE"
            with m.State("CHOOSE"):
                # The newest whole one to restore, the other one to save.
                chosen = slot ^ (self._task == Command.SAVE)
                m.d.sync += self._base.eq(Mux(chosen, *Flash.SNAPSHOTS[::-1]))
                m.d.sync += [self._number.eq(newest + 1), self._left.eq(self._length + Flash.HEAD_BYTES + CRC_BYTES)]
                m.next = "ERASE"
                with m.If(self._task == Command.RESTORE):
                    m.d.sync += self._base.eq(Mux(chosen, *(base + Flash.HEAD_BYTES for base in Flash.SNAPSHOTS[::-1])))
                    m.next = "RESTORE"
                    with m.If(~found):
                        m.next = "FAIL"
            with m.State("FAIL"):
                m.d.sync += self._failed.eq(1)
                m.next = "IDLE"
            self._run(m, passes, total)
            self._erase(m, Mux(slot, *Flash.SNAPSHOTS))
            self._save(m)
            self._restore(m)
        # From a register, for it steers all that is shared; nobody else asks for it so soon after a start.
        m.d.sync += self.busy.eq(~machine.ongoing("IDLE"))
        return m

    def _look(self, m: Module) -> None:
        """Whether a file is whole: its mark, its length, and its CRC over everything."""
        port, check = self._port, self._check
        specification = self._geometry.specification
        own = data_set_mark(specification.layers[0], specification.formats.input_bits, specification.classes)
        snapshot = specification_number(specification.build_digest)[:_FIELD]
        mark, here = Signal(8 * _FIELD, name="mark"), Signal(name="here")
        m.d.sync += here.eq(mark == Mux(self._task == Command.RUN, *(_number(field) for field in (own, snapshot))))
        taken = port.read.valid & check.idle
        with m.State("OPEN"):
            m.d.comb += [check.start.eq(1), port.task.eq(FlashTask.READ), port.start.eq(1)]
            m.d.sync += self._index.eq(0)
            m.next = "HEAD"
        with m.State("HEAD"):
            m.d.comb += [port.read.ready.eq(check.idle), check.valid.eq(taken)]
            with m.If(taken):
                m.d.sync += [
                    self._index.eq(self._index + 1),
                    Cat(mark, self._number, self._size).eq(Cat(mark, self._number, self._size, port.read.payload)[8:]),
                ]
                with m.If(self._index == Flash.HEAD_BYTES - 1):
                    m.next = "COMPARE"
        with m.State("COMPARE"):
            m.next = "LENGTH"
        with m.State("LENGTH"):
            m.d.sync += self._left.eq(self._size + CRC_BYTES)
            m.next = "CONTENT"
            with m.If(~here | self._size[24:].any()):
                m.next = "NOT HERE"
        with m.State("CONTENT"):
            m.d.comb += [port.read.ready.eq(check.idle), check.valid.eq(taken)]
            with m.If(taken):
                m.d.sync += self._left.eq(self._left - 1)
                with m.If(self._one):
                    m.next = "CLOSE"
        with m.State("NOT HERE"), m.If(check.idle):
            # A file is not whole until its CRC has been seen: what was read so far has none.
            m.next = "CLOSE"
        with m.State("CLOSE"):
            m.d.comb += port.stop.eq(1)
            with m.If(port.idle):
                m.next = "LOOKED"

    def _run(self, m: Module, passes: Signal, total: Signal) -> None:
        """Every pass streams the content into the unpacker; the end is when the core has finished every sample."""
        port = self._port
        with m.State("TOTAL"):
            m.d.sync += self._base.eq(Flash.DATA_SET + Flash.HEAD_BYTES)
            m.d.sync += total.eq(total - 1)
            with m.If(total == 0):
                m.next = "PASS"
            with m.Else():
                m.d.sync += self.samples_left.eq(self.samples_left + self._number)
        with m.State("PASS"):
            m.d.sync += [self._left.eq(self._size), passes.eq(passes - 1)]
            m.next = "DRAIN"
            with m.If((passes != 0) & (self._size != 0)):
                m.d.comb += [port.task.eq(FlashTask.READ), port.start.eq(1)]
                m.next = "STREAM"
        with m.State("STREAM"):
            m.d.comb += [
                self.samples.valid.eq(port.read.valid & ~self._none),
                self.samples.payload.eq(port.read.payload),
                port.read.ready.eq(self.samples.ready & ~self._none),
                port.stop.eq(self._none),
            ]
            with m.If(self.samples.valid & self.samples.ready):
                m.d.sync += self._left.eq(self._left - 1)
            with m.If(self._none & port.idle):
                m.next = "PASS"
        with m.State("DRAIN"), m.If(self._drained):
            m.next = "IDLE"

    def _erase(self, m: Module, base: Value) -> None:
        """All sectors that the snapshot takes; `_left` counts bytes."""
        port = self._port
        with m.State("ERASE"):
            m.d.comb += [port.task.eq(FlashTask.ERASE), port.start.eq(1)]
            m.next = "ERASING"
        with m.State("ERASING"), m.If(port.idle):
            m.d.sync += [self._base.eq(self._base + Flash.SECTOR_BYTES), self._left.eq(self._left - Flash.SECTOR_BYTES)]
            m.next = "ERASE"
            with m.If(self._left <= Flash.SECTOR_BYTES):
                m.d.sync += [self._base.eq(base), self._index.eq(0)]
                m.next = "PROGRAM"

    def _save(self, m: Module) -> None:
        """Head, groups, CRC; a byte goes through the CRC while flash takes it."""
        port, check, walk = self._port, self._check, self._walk
        mark = specification_number(self._geometry.specification.build_digest)[:_FIELD]
        head = Cat(_number(mark), self._number, Const(self._length, 8 * _FIELD))
        sent = port.write.ready & check.idle
        with m.State("PROGRAM"):
            m.d.comb += [check.start.eq(1), walk.start.eq(1), port.task.eq(FlashTask.PROGRAM), port.start.eq(1)]
            m.next = "SAVE HEAD"
        with m.State("SAVE HEAD"):
            self._put(m, head.word_select(self._index, 8))
            with m.If(sent):
                m.d.sync += self._index.eq(self._index + 1)
                with m.If(self._index == Flash.HEAD_BYTES - 1):
                    m.next = "ASK"
        with m.State("ASK"):
            m.d.comb += self.command.valid.eq(1)
            with m.If(self.command.ready):
                m.next = "GROUP"
        with m.State("GROUP"):
            m.d.sync += self._index.eq(0)
            with m.If(self._group.loading & self.response.valid):
                m.next = "SAVE GROUP"
            with m.Else():
                m.d.comb += self._group.load.eq(1)
        with m.State("SAVE GROUP"):
            self._put(m, self._group.words[:8])
            with m.If(sent):
                m.d.comb += self._group.shift.eq(1)
                m.d.sync += self._index.eq(self._index + 1)
                with m.If(self._index == self._group_bytes - 1):
                    m.d.comb += walk.advance.eq(1)
                    m.d.sync += self._index.eq(0)
                    m.next = "ASK"
                    with m.If(walk.last):
                        m.next = "SAVE CRC"
        with m.State("SAVE CRC"):
            last = self._index == CRC_BYTES - 1
            m.d.comb += [
                port.write.valid.eq(check.idle),
                port.write.payload.eq(check.crc.word_select(self._index[:2], 8)),
                port.last.eq(last),
            ]
            with m.If(sent):
                m.d.sync += self._index.eq(self._index + 1)
                with m.If(last):
                    m.next = "SAVED"
        with m.State("SAVED"), m.If(port.idle):
            m.next = "IDLE"

    def _put(self, m: Module, byte: Value) -> None:
        port, check = self._port, self._check
        m.d.comb += [
            port.write.valid.eq(check.idle),
            port.write.payload.eq(byte),
            check.byte.eq(byte),
            check.valid.eq(port.write.ready & check.idle),
        ]

    def _restore(self, m: Module) -> None:
        """Groups back to where they were."""
        port, walk = self._port, self._walk
        with m.State("RESTORE"):
            m.d.comb += [walk.start.eq(1), port.task.eq(FlashTask.READ), port.start.eq(1)]
            m.d.sync += self._index.eq(0)
            m.next = "TAKE GROUP"
        with m.State("TAKE GROUP"):
            m.d.comb += port.read.ready.eq(1)
            with m.If(port.read.valid):
                m.d.comb += self._group.shift.eq(1)
                m.d.sync += self._index.eq(self._index + 1)
                with m.If(self._index == self._group_bytes - 1):
                    m.d.sync += self._index.eq(0)
                    m.next = "SHIFTED"
        with m.State("SHIFTED"):
            m.next = "WRITE GROUP"
        with m.State("WRITE GROUP"):
            m.d.comb += [self.command.valid.eq(1), self.command.payload.write.eq(1)]
            with m.If(self.command.ready):
                m.d.comb += walk.advance.eq(1)
                m.next = "TAKE GROUP"
                with m.If(walk.last):
                    m.next = "RESTORED"
        with m.State("RESTORED"):
            m.d.comb += port.stop.eq(1)
            with m.If(port.idle):
                m.next = "IDLE"


def _number(field: bytes) -> Const:
    """A field's bytes as they are shifted in and out."""
    return Const(int.from_bytes(field, "little"), 8 * _FIELD)
