"""SAVE and RESTORE: the groups of a snapshot go to flash, or come from there."""

from ceprop.boards.protocol import CRC_BYTES, Flash
from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware.files import INNER_LINK, OUTER_LINK, open_file
from ceprop.boards.rtl.flash.firmware.layout import Facts, Numbers
from ceprop.boards.rtl.flash.flash_port import FlashTask
from ceprop.boards.rtl.flash.instructions import Condition, InPort, OutPort
from ceprop.hdl.lanes.messages import Space

_COLUMN = 1 << 7
_FIRST, _SECOND = Flash.SNAPSHOTS


def add_save(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`save`: the place of the snapshot that is not the newest is erased and written, its CRC last."""
    whole = facts.snapshot_bytes + Flash.HEAD_BYTES + CRC_BYTES
    a.label("save")
    a.set(n.base, _SECOND)
    a.load(n.place[0])
    a.jump_if(Condition.ZERO, "erase")
    a.set(n.base, _FIRST)
    a.label("erase")
    a.set(n.count, -(-whole // Flash.SECTOR_BYTES))
    a.label("erase sector")
    a.call("wait and address")
    a.constant(FlashTask.ERASE)
    a.write(OutPort.BEGIN)
    a.add_number(n.base, Flash.SECTOR_BYTES)
    a.load(n.count[0])
    a.subtract_constant(1)
    a.store(n.count[0])
    a.jump_unless(Condition.ZERO, "erase sector")
    a.subtract_number(n.base, -(-whole // Flash.SECTOR_BYTES) * Flash.SECTOR_BYTES)
    a.add_number(n.newest, 1)
    a.set(n.left, whole)
    a.write(OutPort.CRC_START)
    a.set(n.count, 0)
    for byte in facts.snapshot_mark:
        a.constant(byte)
        a.call("put")
    for k in range(n.newest.size):
        a.load(n.newest[k])
        a.call("put")
    for byte in facts.snapshot_bytes.to_bytes(4, "little"):
        a.constant(byte)
        a.call("put")
    a.jump("move groups")

    a.label("save crc")
    for k in range(CRC_BYTES):
        a.wait(Condition.CRC_IDLE)
        a.read(InPort.CRC + k)
        a.call("put byte")
    a.wait(Condition.FLASH_IDLE)
    a.jump("saved")


def add_put(a: Assembler, n: Numbers) -> None:
    """`put`: a byte goes to the CRC and to flash; `put byte`: only to flash. `count` is its place in the page."""
    a.subroutine("wait and address", INNER_LINK)
    a.wait(Condition.FLASH_IDLE)
    a.output(OutPort.ADDRESS, n.base)
    a.end("wait and address")

    a.subroutine("put", OUTER_LINK)
    a.wait(Condition.CRC_IDLE)
    a.write(OutPort.CRC_BYTE)
    a.jump("put it")
    a.subroutine("put byte", OUTER_LINK)
    a.label("put it")
    a.store(n.value[0])
    a.load(n.count[0])
    a.jump_unless(Condition.ZERO, "in page")
    a.call("wait and address")
    a.constant(FlashTask.PROGRAM)
    a.write(OutPort.BEGIN)
    a.add_number(n.base, Flash.PAGE_BYTES)
    a.label("in page")
    a.subtract_number(n.left, 1)
    a.load(n.count[0])
    a.add_constant(1)
    a.store(n.count[0])
    a.jump_if(Condition.ZERO, "last of page")
    a.jump_if_zero(n.left, "last of page")
    a.load(n.value[0])
    a.write(OutPort.WRITE)
    a.wait(Condition.BYTE_TAKEN)
    a.end("put")
    a.label("last of page")
    a.load(n.value[0])
    a.write(OutPort.WRITE_LAST)
    a.wait(Condition.BYTE_TAKEN)
    a.end("put")


def add_restore(a: Assembler, n: Numbers) -> None:
    """`restore`: the groups of the newest snapshot."""
    a.label("restore")
    a.load(n.found[0])
    a.jump_if(Condition.ZERO, "fail")
    a.set(n.base, _FIRST + Flash.HEAD_BYTES)
    a.load(n.place[0])
    a.jump_if(Condition.ZERO, "restore place")
    a.set(n.base, _SECOND + Flash.HEAD_BYTES)
    a.label("restore place")
    open_file(a, n.base)
    a.jump("move groups")


def add_groups(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`move groups`: all groups of a snapshot, memory by memory."""
    columns = [stretch for stretch in facts.stretches if stretch[0] == Space.WEIGHT]
    a.label("move groups")
    a.constant(Space.WEIGHT)
    a.write(OutPort.PLACE)
    a.set(n.found, 0)
    a.label("next column")
    a.load(n.found[0])
    a.write(OutPort.LANE)
    a.set(n.words, columns[0][3])
    a.call("move")
    a.load(n.found[0])
    a.add_constant(1)
    a.store(n.found[0])
    a.subtract_constant(len(columns))
    a.jump_unless(Condition.ZERO, "next column")
    a.constant(0)
    a.write(OutPort.LANE)
    for space, column, _, count in facts.stretches[len(columns) :]:
        a.constant(space | _COLUMN * column)
        a.write(OutPort.PLACE)
        a.set(n.words, count)
        a.call("move")
    a.load(n.stores[0])
    a.jump_unless(Condition.ZERO, "save crc")
    a.call("close")
    a.jump("restored")


def add_move(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`move`: `words` groups from the core's word 0 on."""
    a.subroutine("move", OUTER_LINK + 1)
    a.set(n.word, 0)
    a.label("group")
    a.output(OutPort.WORD, n.word)
    a.set(n.place, facts.group_bytes)
    a.load(n.stores[0])
    a.jump_if(Condition.ZERO, "take byte")
    a.constant(0)
    a.write(OutPort.COMMAND)
    a.write(OutPort.LOAD)
    a.wait(Condition.GROUP_LOADED)
    a.label("give byte")
    a.read(InPort.GROUP)
    a.call("put")
    a.write(OutPort.SHIFT)
    a.call("count byte")
    a.jump_unless(Condition.ZERO, "give byte")
    a.jump("group moved")
    a.label("take byte")
    a.call("get")
    a.write(OutPort.SHIFT)
    a.call("count byte")
    a.jump_unless(Condition.ZERO, "take byte")
    a.constant(1)
    a.write(OutPort.COMMAND)
    a.wait(Condition.COMMAND_TAKEN)
    a.label("group moved")
    a.add_number(n.word, 1)
    a.subtract_number(n.words, 1)
    a.jump_if_zero(n.words, "moved")
    a.jump("group")
    a.label("moved")
    a.end("move")

    a.subroutine("count byte", INNER_LINK)
    a.load(n.place[0])
    a.subtract_constant(1)
    a.store(n.place[0])
    a.end("count byte")
