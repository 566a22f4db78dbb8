"""Which files in flash are whole, and which of the snapshots is the newest."""

from ceprop.boards.protocol import CRC_BYTES, DataSetHead, Flash
from ceprop.boards.rtl.flash.assembler import Assembler, Number
from ceprop.boards.rtl.flash.firmware.layout import Facts, Numbers
from ceprop.boards.rtl.flash.flash_port import FlashTask
from ceprop.boards.rtl.flash.instructions import Condition, InPort, OutPort

INNER_LINK, OUTER_LINK = 0, 1
"""Where subroutines keep their return addresses: those that call nothing, and those that call these."""


def add_byte_routines(a: Assembler, n: Numbers) -> None:
    """`get`: the next byte of flash, which the CRC has too. `close`: no more bytes are wanted. `stream`: `left` bytes go
    to the samples."""
    a.subroutine("get", INNER_LINK)
    a.wait(Condition.CRC_IDLE)
    a.wait(Condition.BYTE_READ)
    a.read(InPort.FLASH)
    a.write(OutPort.CRC_BYTE)
    a.end("get")

    a.subroutine("close", INNER_LINK)
    a.write(OutPort.STOP)
    a.wait(Condition.FLASH_IDLE)
    a.end("close")


def open_file(a: Assembler, address: Number) -> None:
    """Begin to read at an address."""
    a.output(OutPort.ADDRESS, address)
    a.constant(FlashTask.READ)
    a.write(OutPort.BEGIN)


def get_number(a: Assembler, target: Number) -> None:
    """The next bytes of flash go to a number."""
    for k in range(target.size):
        a.call("get")
        a.store(target[k])


def stream(a: Assembler, n: Numbers, port: OutPort, name: str) -> None:
    """Pass `left` bytes to a port, the last of them perhaps still on their way at the end. `name` is for labels."""
    low, high = Number(n.left[0], 1), Number(n.left[1], n.left.size - 1)
    a.jump_if_zero(low, f"{name} blocks")
    a.load(low[0])
    a.write(port)
    a.label(f"{name} blocks")
    a.jump_if_zero(high, f"{name} begun")
    a.wait(Condition.STREAM_ENDED)
    a.constant(0)  # 256 bytes
    a.write(port)
    a.subtract_number(high, 1)
    a.jump(f"{name} blocks")
    a.label(f"{name} begun")


def add_check(a: Assembler, n: Numbers) -> None:
    """`check`: whether the file at `base` is whole and has `mark`. The accumulator is 1 or 0."""
    a.subroutine("check", OUTER_LINK)
    a.write(OutPort.CRC_START)
    open_file(a, n.base)
    for k in range(n.mark.size):
        a.call("get")
        a.subtract(n.mark[k])
        a.jump_unless(Condition.ZERO, "not whole")
    get_number(a, n.number)
    get_number(a, n.length)
    a.load(n.length[3])
    a.jump_unless(Condition.ZERO, "not whole")
    a.move(n.left, Number(n.length.first, n.left.size))
    a.add_number(n.left, CRC_BYTES)
    a.jump_if(Condition.CARRY, "not whole")
    stream(a, n, OutPort.STREAM_CRC, "content")
    a.wait(Condition.STREAM_ENDED)
    a.wait(Condition.CRC_IDLE)
    a.jump_unless(Condition.CRC_MATCHES, "not whole")
    a.call("close")
    a.constant(1)
    a.end("check")
    a.label("not whole")
    a.call("close")
    a.constant(0)
    a.end("check")


def add_choice(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`choose`: the newest whole snapshot, if there is one."""
    a.label("choose")
    a.set(n.found, 0)
    a.set(n.newest, 0)
    a.set(n.place, 0)
    a.set(n.mark, int.from_bytes(facts.snapshot_mark, "little"))
    for place, address in enumerate(Flash.SNAPSHOTS):
        name = f"snapshot {place}"
        a.set(n.base, address)
        a.call("check")
        a.jump_if(Condition.ZERO, f"{name} passed")
        if place:
            a.load(n.found[0])
            a.jump_if(Condition.ZERO, f"{name} newer")
            # The difference counts, for numbers begin again at 0.
            a.compare(n.newest, n.number)
            a.jump_if(Condition.CARRY, f"{name} passed")
            a.label(f"{name} newer")
        a.set(n.found, 1)
        a.set(n.place, place)
        a.move(n.newest, n.number)
        a.label(f"{name} passed")
    a.load(n.stores[0])
    a.jump_unless(Condition.ZERO, "save")
    a.jump("restore")


