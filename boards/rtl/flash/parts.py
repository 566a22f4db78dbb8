"""What the states of the flash controller share: ports, registers, and the head of a file."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import data, stream

from ceprop.boards.protocol import Command, Flash
from ceprop.boards.rtl.crc import Crc
from ceprop.boards.rtl.flash.epoch_registers import EpochRegisters
from ceprop.boards.rtl.flash.flash_port import FlashPort
from ceprop.boards.rtl.flash.memory_walk import MemoryWalk
from ceprop.boards.rtl.group_register import GroupRegister

FIELD_BYTES = 4
"""Bytes of a mark, a number, a length."""

HEAD = data.StructLayout({"mark": 8 * FIELD_BYTES, "number": 8 * FIELD_BYTES, "length": 8 * FIELD_BYTES})
"""The head of a file in flash (docs/protocol.md, Files in flash)."""


def field_constant(field: bytes) -> Const:
    """The bytes of a field as they are shifted in and out."""
    return Const(int.from_bytes(field, "little"), 8 * FIELD_BYTES)


@dataclass(frozen=True)
class Registers:
    """Registers of the task that is at work.

    Fields
    ------
    task, failed : Signal
        The command, and whether the last one failed.
    base : Signal
        Address in flash.
    left, index : Signal
        Bytes to go of a file, and bytes within a head or a group.
    head : view of `HEAD`
        Head of the file.
    second, found, newest, newest_place : Signal
        Of the two places for snapshots: the second one is looked at; a whole one was found; the number of the newest
        whole one, and its place.
    none_left, one_left : Signal
        `left` is 0 or 1. Bytes come some cycles apart, so these may be a cycle late.
    """

    task: Signal
    failed: Signal
    base: Signal
    left: Signal
    index: Signal
    head: Any
    second: Signal
    found: Signal
    newest: Signal
    newest_place: Signal
    none_left: Signal
    one_left: Signal

    @classmethod
    def create(cls, group_bytes: int) -> "Registers":
        """Registers for a core whose groups have so many bytes."""
        return cls(
            task=Signal(4, name="task_at_work"),
            failed=Signal(name="failed"),
            base=Signal(24, name="base"),
            left=Signal(25, name="left"),
            index=Signal(range(max(group_bytes, Flash.HEAD_BYTES) + 1), name="index"),
            head=Signal(HEAD, name="head"),
            second=Signal(name="second"),
            found=Signal(name="found"),
            newest=Signal(32, name="newest"),
            newest_place=Signal(name="newest_place"),
            none_left=Signal(name="none_left"),
            one_left=Signal(name="one_left"),
        )

    def is_task(self, command: Command) -> Value:
        """Whether the command is at work."""
        return self.task == command


@dataclass(frozen=True)
class ControllerParts:
    """The ports of :class:`FlashController`, and what lies between them.

    Fields
    ------
    samples, command, response : stream.Interface
        As there.
    samples_left, finished_epochs : Signal, view
        As there.
    sends : Signal
        A sample begins to be sent.
    port, crc, walk, group : components
        The flash, the CRC of a file, the walk over the memories, and the words of a group.
    registers, epochs : Registers, EpochRegisters
        Registers of the task, and those of RUN only.
    group_bytes, snapshot_bytes : int
        Bytes of a group, and of all groups of a snapshot.
    snapshot_mark, data_set_mark : bytes
        The marks of this network's files.
    """

    samples: stream.Interface
    command: stream.Interface
    response: stream.Interface
    samples_left: Signal
    finished_epochs: data.View
    sends: Signal
    port: FlashPort
    crc: Crc
    walk: MemoryWalk
    group: GroupRegister
    registers: Registers
    epochs: EpochRegisters
    group_bytes: int
    snapshot_bytes: int
    snapshot_mark: bytes
    data_set_mark: bytes

    def start_flash(self, m: Module, task: int) -> None:
        """Let the flash begin a task at `base`."""
        m.d.comb += [self.port.task.eq(task), self.port.start.eq(1)]
