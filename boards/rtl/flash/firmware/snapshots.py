"""SAVE and RESTORE: the groups of a snapshot go to flash, or come from there."""

from ceprop.boards.protocol import CRC_BYTES, Address, Flash
from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware.files import INNER_LINK, MIDDLE_LINK, OUTER_LINK, OUTERMOST_LINK
from ceprop.boards.rtl.flash.firmware.layout import Facts
from ceprop.boards.rtl.flash.instructions import WORD_BITS, Condition, InPort, OutPort
from ceprop.hdl.lanes.messages import Space


def add_save(a: Assembler) -> None:
    """`save`: the place of the snapshot that is not the newest is erased and written, its CRC last."""
    a.label("save")
    a.load("FIRST_SNAPSHOT")
    a.add("SECOND_SNAPSHOT")
    a.subtract("newest_base")
    a.store("base", "start")
    a.load("SNAPSHOT_BYTES")
    a.add(Flash.HEAD_BYTES + CRC_BYTES)
    a.store("left")
    a.label("erase")
    a.call("wait")
    a.output(OutPort.ADDRESS, "base")
    a.write(OutPort.ERASE)
    a.increase("base", "SECTOR")
    a.decrease("left", "SECTOR")
    a.jump_zero("head")
    a.jump_carry("erase")
    a.label("head")
    a.set("base", "start")
    a.load("newest")
    a.add(1)
    a.store("number")
    a.load("newest_high")
    a.add(0, chained=True)
    a.store("number_high")
    a.load("SNAPSHOT_BYTES")
    a.call("put head")
    a.jump("groups")
    a.label("save crc")
    a.call("put crc")
    a.jump("saved")


def add_ends_of_files(a: Assembler) -> None:
    """`put head`: the head of a file at `base` with `mark` and `number`, whose content has as many bytes as the
    accumulator says. `put crc`: its CRC, and until the flash has written it."""
    a.subroutine("put head", OUTERMOST_LINK)
    a.store("words")
    a.add(Flash.HEAD_BYTES + CRC_BYTES)
    a.store("left")
    a.set("in_page", 0)
    a.write(OutPort.CRC_START)
    for low, high in (("mark", "mark_high"), ("number", "number_high"), ("words", 0)):
        a.load(low)
        a.call("put word")
        a.load(high)
        a.call("put byte")
    a.end("put head")

    a.subroutine("put crc", OUTERMOST_LINK)
    a.wait(Condition.CRC_IDLE)
    for k in range(CRC_BYTES):
        a.read(InPort.CRC + k)
        a.call("put")
    a.call("wait")
    a.end("put crc")


def add_put(a: Assembler) -> None:
    """`put byte`: a byte goes to the CRC and to flash; `put`: only to flash. `put word`: the bytes of the
    accumulator go to both. `wait`: no more bytes are wanted, and until the flash has done with the command before."""
    a.subroutine("wait", INNER_LINK)
    a.write(OutPort.STOP)
    a.wait(Condition.FLASH_IDLE)
    a.jump_unless(Condition.FLASH_FAILED, "flash works")
    a.jump("fail")
    a.label("flash works")
    a.end("wait")

    a.subroutine("put byte", MIDDLE_LINK)
    a.wait(Condition.CRC_IDLE)
    a.write(OutPort.CRC_BYTE)
    a.jump("store byte")
    a.subroutine("put", MIDDLE_LINK)
    a.label("store byte")
    a.store("count")
    a.jump_not_zero("page begun", "in_page")
    a.call("wait")
    a.output(OutPort.ADDRESS, "base")
    a.write(OutPort.PROGRAM)
    a.increase("base", "PAGE")
    a.set("in_page", "PAGE")
    a.label("page begun")
    a.decrease("left", 1)
    a.jump_zero("last of page")
    a.decrease("in_page", 1)
    a.jump_zero("last of page")
    a.output(OutPort.WRITE, "count")
    a.wait(Condition.BYTE_TAKEN)
    a.end("put")
    a.label("last of page")
    a.output(OutPort.WRITE_LAST, "count")
    a.wait(Condition.BYTE_TAKEN)
    a.end("put")

    a.subroutine("put word", OUTER_LINK)
    for _ in range(WORD_BITS // 8):
        a.store("value")
        a.call("put byte")
        a.load("value")
        a.shift(InPort.ZERO)
    a.end("put word")


def add_restore(a: Assembler) -> None:
    """`restore`: the groups of the newest snapshot."""
    a.label("restore")
    a.jump_zero("fail", "found")
    a.load("newest_base")
    a.add(Flash.HEAD_BYTES)
    a.call("open")
    a.jump("groups")


def add_groups(a: Assembler, facts: Facts) -> None:
    """`groups`: all groups of a snapshot, memory by memory."""
    a.label("groups")
    a.output(OutPort.PLACE, Space.WEIGHT.value)
    a.set("column", 0)
    a.label("next column")
    a.output(OutPort.LANE, "column")
    a.load("WEIGHT_GROUPS")
    a.call("move")
    a.increase("column", 1)
    a.subtract(facts.columns)
    a.jump_not_zero("next column")
    a.output(OutPort.LANE, 0)
    for k, (space, column, _) in enumerate(facts.others):
        a.output(OutPort.PLACE, space.value | column << Address.COLUMN_BIT)
        a.load(f"GROUPS_{k}")
        a.call("move")
    a.jump_zero("save crc", "restores")
    a.jump("restored")


def add_move(a: Assembler, facts: Facts) -> None:
    """`move`: as many groups as the accumulator has, from the core's word 0 on."""
    a.subroutine("move", OUTER_LINK)
    a.store("words")
    a.set("word", 0)
    a.label("group")
    a.output(OutPort.WORD, "word")
    a.set("value", facts.group_bytes)
    a.jump_not_zero("take byte", "restores")
    a.write(OutPort.READ_GROUP)
    a.wait(Condition.GROUP_LOADED)
    a.label("give byte")
    a.read(InPort.GROUP)
    a.call("put byte")
    a.write(OutPort.SHIFT_GROUP)
    a.decrease("value", 1)
    a.jump_not_zero("give byte")
    a.jump("group moved")
    a.label("take byte")
    a.read(InPort.FLASH)
    a.write(OutPort.SHIFT_GROUP)
    a.decrease("value", 1)
    a.jump_not_zero("take byte")
    a.write(OutPort.WRITE_GROUP)
    a.wait(Condition.COMMAND_TAKEN)
    a.label("group moved")
    a.increase("word", 1)
    a.decrease("words", 1)
    a.jump_not_zero("group")
    a.end("move")
