"""Registers of the port of the flash."""

import enum
from dataclasses import dataclass

from amaranth.hdl import Const, Mux, Signal, Value

from ceprop.boards.rtl.flash.flash_facts import FlashCommand, FlashTiming
from ceprop.boards.rtl.flash.spi_bits import SpiBits


class FlashTask(enum.IntEnum):
    """What flash does."""

    READ = 0
    PROGRAM = 1
    ERASE = 2


@dataclass(frozen=True)
class PortRegisters:
    """Registers of :class:`ceprop.boards.rtl.flash.flash_port.FlashPort`.

    Fields
    ------
    command : Signal
        What is at work.
    count : Signal
        Rises of the clock since the part was selected; in REST, cycles since it was released.
    full : Signal
        A byte that was read waits.
    known : Signal
        The part is awake and set up.
    failed : Signal
        The task failed.
    released : Signal
        The part drives the lines, in a read over more than one.
    wide : Signal or Const
        The port drives all four lines, for an address over them.
    tried : Signal
        With four lines, the quad-enable bit was written.
    quad : Signal or Const
        Reads are over four lines.
    kept : Signal
        With four lines, what is written to the register with the quad-enable bit.
    maker : Signal
        With four lines, the part's maker.
    """

    command: Signal
    count: Signal
    full: Signal
    known: Signal
    failed: Signal
    released: Signal
    wide: Value
    tried: Signal
    quad: Value
    kept: Signal
    maker: Signal

    @classmethod
    def create(cls, timing: FlashTiming, lines: int) -> "PortRegisters":
        """Registers for these times and lines."""
        return cls(
            command=Signal(FlashCommand, name="command"),
            count=Signal(max(timing.busy_bit, timing.waking_bit) + 1, name="count"),
            full=Signal(name="full"),
            known=Signal(name="known"),
            failed=Signal(name="task_failed"),
            released=Signal(name="released"),
            wide=Signal(name="wide") if lines == 4 else Const(0),
            tried=Signal(name="tried"),
            quad=Signal(name="quad") if lines == 4 else Const(0),
            kept=Signal(8, name="kept"),
            maker=Signal(8, name="maker"),
        )

    def byte_ended(self, bits: SpiBits) -> Value:
        """The clock falls behind the last bit of a byte, where one line is used."""
        return bits.falls & ~self.count[:3].any()


def first_command(task: Value) -> Value:
    """The command with which a task begins at a part that is set up."""
    return Mux(task == FlashTask.READ, FlashCommand.READ, FlashCommand.ENABLE)
