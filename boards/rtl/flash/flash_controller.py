"""What a board does with its flash: learns from the data set there, and keeps snapshots (`docs/protocol.md`)."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import CRC_BYTES, Command, Flash, StatusFlag, data_set_mark, specification_number
from ceprop.boards.rtl.crc import Crc
from ceprop.boards.rtl.flash.epoch_registers import EpochRegisters
from ceprop.boards.rtl.flash.file_states import add_check_states, add_choice_states
from ceprop.boards.rtl.flash.flash_port import FlashPort
from ceprop.boards.rtl.flash.memory_walk import MemoryWalk, snapshot_bytes
from ceprop.boards.rtl.flash.parts import FIELD_BYTES, ControllerParts, Registers
from ceprop.boards.rtl.flash.restore_states import add_restore_states
from ceprop.boards.rtl.flash.run_states import add_run_states
from ceprop.boards.rtl.flash.save_states import add_erase_states, add_save_states
from ceprop.boards.rtl.group_register import GroupRegister
from ceprop.boards.rtl.signatures import (
    CoreAccessInterface,
    CoreAccessSignature,
    FlashCommandInterface,
    FlashCommandSignature,
    FlashPinInterface,
    FlashPinSignature,
)
from ceprop.common.errors import CepropError
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

_CRC_BITS = {1: 1, 2: 1, 4: 8}
"""Bits per cycle of the CRC of a file, by the lines on which it is read. Only four lines are faster than one bit per
cycle by far; one bit takes the fewest look-up tables."""


class FlashController(wiring.Component):
    """Carries out RUN, SAVE and RESTORE. Raises :class:`CepropError` for a network whose snapshot is too large for its
    place in flash.

    Every command begins with the check of one file or two::

        IDLE ─► OPEN ─► HEAD ─► COMPARE ─► LENGTH ─┬─► CONTENT ──┬─► CLOSE ─► CHECKED
                 ▲                                 └─► NOT HERE ─┘               │
                 └── the second snapshot ────────────────────────────────────────┤
                                                                                 │
        RUN        PLAN ─► PLANNED ─► SEEK ─► TOTAL ─► EPOCH                     │
                   for every epoch: RECORD ─► RECORDED ─► SET ─► samples ─►      │
                   DRAIN ─► EVALUATE ─► SET ─► samples ─► DRAIN ─► ENDED         │
                   samples: (NEXT ─► ENTRY ─► SAMPLE ─► START ─► STREAM)         │
                   for every sample ─► NEXT; behind the last epoch IDLE  ◄───────┤
                                                                                 │
        SAVE       CHOOSE ─► (ERASE ─► ERASING) for every sector ─► PROGRAM ─►   │
                   SAVE HEAD ─► (ASK ─► GROUP ─► SAVE GROUP) for every group ─►  │
                   SAVE CRC ─► SAVED ─► IDLE  ◄──────────────────────────────────┤
                                                                                 │
        RESTORE    CHOOSE ─► RESTORE ─► (TAKE GROUP ─► SHIFTED ─► WRITE GROUP)   │
                   for every group ─► RESTORED ─► IDLE  ◄────────────────────────┘

    PLAN, RECORD and ENTRY are three states each, which read some bytes. Without held-out samples, ENDED follows
    EVALUATE. Where there is no whole data set, or no whole snapshot to restore, CHECKED or CHOOSE goes to FAIL, and so
    does SEEK where the plan has fewer epochs. HEAD goes there where the port finds no part, and the states of SAVE
    where the part stays busy. IDLE follows FAIL.

    Parameters
    ----------
    geometry : Geometry
        The network's.
    clock_hz : int
        The clock.
    lines : int
        Data lines of the flash that are read on, 1, 2 or 4.

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
    pins : Out
        The flash's.
    """

    tasks: FlashCommandInterface
    finished: Signal
    wrong: Signal
    busy: Signal
    core: CoreAccessInterface
    pins: FlashPinInterface

    def __init__(self, geometry: Geometry, clock_hz: int, lines: int):
        self._geometry, self._clock_hz, self._lines = geometry, clock_hz, lines
        ports = Ports(geometry)
        self._group_bytes = ports.group_bytes
        self._snapshot_bytes = snapshot_bytes(geometry)
        room = Flash.SNAPSHOTS[1] - Flash.SNAPSHOTS[0] - Flash.HEAD_BYTES - CRC_BYTES
        if self._snapshot_bytes > room:
            taken = f"takes {self._snapshot_bytes:,} bytes"
            raise CepropError(f"snapshot: {taken}, its place in flash has room for {room:,}")
        super().__init__(
            {
                "tasks": In(FlashCommandSignature()),
                "finished": In(1),
                "wrong": In(1),
                "busy": Out(1),
                "core": Out(CoreAccessSignature(ports)),
                "pins": Out(FlashPinSignature(lines)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One state machine over the flash, the CRC and the walk over the memories."""
        m = Module()
        parts = self._parts()
        m.submodules.port, m.submodules.crc, m.submodules.walk = parts.port, parts.crc, parts.walk
        m.submodules.group = parts.group
        wiring.connect(m, wiring.flipped(self.pins), parts.port.pins)
        self._wire(m, parts)
        registers, epochs = parts.registers, parts.epochs
        m.d.sync += [
            registers.none_left.eq(registers.left == 0),
            registers.one_left.eq(registers.left == 1),
            epochs.in_core.eq(epochs.in_core + parts.sends - (self.finished & self.busy)),
        ]
        with m.If(self.finished & self.busy):
            m.d.sync += [parts.samples_left.eq(parts.samples_left - 1), epochs.errors.eq(epochs.errors + self.wrong)]
        with m.FSM() as machine:
            self._add_idle_state(m, parts)
            add_check_states(m, parts)
            add_choice_states(m, parts)
            add_run_states(m, parts, self._geometry.specification)
            add_erase_states(m, parts)
            add_save_states(m, parts)
            add_restore_states(m, parts)
        # From a register, for it steers all that is shared; no request needs it so soon after a start.
        m.d.sync += self.busy.eq(~machine.ongoing("IDLE"))
        return m

    def _parts(self) -> ControllerParts:
        specification = self._geometry.specification
        return ControllerParts(
            samples=self.core.samples,
            command=self.core.command,
            response=self.core.response,
            samples_left=self.tasks.samples_left,
            finished_epochs=self.tasks.finished,
            sends=Signal(name="sends"),
            port=FlashPort(self._clock_hz, self._lines),
            crc=Crc(_CRC_BITS[self._lines]),
            walk=MemoryWalk(self._geometry),
            group=GroupRegister(self._geometry),
            registers=Registers.create(self._group_bytes),
            epochs=EpochRegisters.create(len(specification.connections)),
            group_bytes=self._group_bytes,
            snapshot_bytes=self._snapshot_bytes,
            snapshot_mark=specification_number(specification.build_digest)[:FIELD_BYTES],
            data_set_mark=data_set_mark(specification.learning_digest),
        )

    def _wire(self, m: Module, parts: ControllerParts) -> None:
        """What does not depend on the state."""
        registers, walk, group, command = parts.registers, parts.walk, parts.group, self.core.command.payload
        storing = registers.is_task(Command.SAVE) | registers.is_task(Command.RESTORE)
        m.d.comb += [
            self.tasks.flags.eq(
                Mux(self.busy, Mux(storing, StatusFlag.STORING, StatusFlag.RUNNING), 0)
                | Mux(registers.failed, StatusFlag.FAILED, 0)
            ),
            Value.cast(command.space).eq(walk.space),
            command.column.eq(walk.column),
            command.lane.eq(walk.lane),
            command.address.eq(walk.address),
            command.count.eq(1),
            Value.cast(command.words).eq(group.words),
            self.core.response.ready.eq(group.loading),
            group.response.eq(self.core.response.payload),
            group.byte.eq(parts.port.read.payload),
            parts.port.address.eq(registers.base),
            parts.crc.byte.eq(parts.port.read.payload),
        ]
        with m.If(parts.port.next_page):
            m.d.sync += registers.base.eq(registers.base + Flash.PAGE_BYTES)

    def _add_idle_state(self, m: Module, parts: ControllerParts) -> None:
        registers, tasks = parts.registers, self.tasks
        with m.State("IDLE"):
            m.d.sync += [
                registers.task.eq(tasks.command),
                registers.second.eq(0),
                registers.found.eq(0),
                registers.newest.eq(0),
                registers.newest_place.eq(0),
            ]
            with m.If(tasks.start):
                m.d.sync += [
                    registers.failed.eq(0),
                    parts.samples_left.eq(0),
                    registers.base.eq(Flash.SNAPSHOTS[0]),
                ]
                with m.If(tasks.command == Command.RUN):
                    m.d.sync += [
                        registers.base.eq(Flash.DATA_SET),
                        parts.finished_epochs.eq(0),
                        parts.epochs.skipped.eq(tasks.first_epoch),
                        parts.epochs.epochs.eq(tasks.epochs),
                        parts.epochs.counted.eq(tasks.epochs),
                    ]
                m.next = "OPEN"
