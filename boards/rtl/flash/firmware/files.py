"""Which files in flash are whole, and which of the snapshots is the newest."""

from ceprop.boards.protocol import CRC_BYTES
from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware.layout import Facts
from ceprop.boards.rtl.flash.instructions import WORD_BITS, Condition, InPort, OutPort

INNER_LINK, MIDDLE_LINK, OUTER_LINK, OUTERMOST_LINK = range(4)
"""Where subroutines keep their return addresses: those that call nothing, those that call these, and so on."""


def add_byte_routines(a: Assembler) -> None:
    """`open`: begin to read at the address in the accumulator, which ends the read before. `get word`: the next three
    bytes of flash go to the accumulator."""
    a.subroutine("open", INNER_LINK)
    a.write(OutPort.ADDRESS)
    a.write(OutPort.READ)
    a.end("open")

    a.subroutine("get word", INNER_LINK)
    for _ in range(WORD_BITS // 8):
        a.shift(InPort.FLASH)
    a.end("get word")


def add_check(a: Assembler) -> None:
    """`check`: whether the file at `base` is whole and has the mark `mark`. The accumulator is then 1, else 0."""
    a.subroutine("check", MIDDLE_LINK)
    a.write(OutPort.CRC_START)
    a.load("base")
    a.call("open")
    a.call("get word")
    a.subtract("mark")
    a.jump_not_zero("not whole")
    a.read(InPort.FLASH)
    a.subtract("mark_high")
    a.jump_not_zero("not whole")
    a.call("get word")
    a.store("number")
    a.read(InPort.FLASH)
    a.store("number_high")
    a.call("get word")
    a.store("left")
    a.read(InPort.FLASH)
    a.jump_not_zero("not whole")
    a.load("left")
    a.add(CRC_BYTES)
    a.jump_carry("not whole")
    a.write(OutPort.STREAM_CRC)
    a.wait(Condition.STREAM_ENDED)
    a.wait(Condition.CRC_IDLE)
    a.jump_unless(Condition.CRC_MATCHES, "not whole")
    a.load(1)
    a.end("check")
    a.label("not whole")
    a.load(0)
    a.end("check")


def add_choice(a: Assembler, facts: Facts) -> None:
    """`choose`: the newest whole snapshot, if there is one."""
    a.label("choose")
    a.set("mark", "SNAPSHOT_MARK")
    a.set("mark_high", facts.snapshot_mark_high)
    a.load(0)
    a.store("found", "newest", "newest_high")
    a.set("base", "SECOND_SNAPSHOT")
    a.store("newest_base")
    a.call("choose place")
    a.set("base", "FIRST_SNAPSHOT")
    a.call("choose place")
    a.jump_zero("save", "restores")
    a.jump("restore")

    a.subroutine("choose place", OUTER_LINK)
    a.call("check")
    a.jump_zero("not chosen")
    a.jump_zero("chosen", "found")
    a.load("newest")
    a.subtract("number")
    a.load("newest_high")
    a.subtract("number_high", chained=True)
    a.jump_carry("not chosen")
    a.label("chosen")
    a.set("found", 1)
    a.set("newest", "number")
    a.set("newest_high", "number_high")
    a.set("newest_base", "base")
    a.label("not chosen")
    a.end("choose place")
