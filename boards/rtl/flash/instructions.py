"""The instructions of the flash processor: one accumulator of 8 bits, a carry, and a small memory for registers."""

from enum import IntEnum

from amaranth.lib import data

PROGRAM_WORDS = 512
"""Instructions that a program has at most."""

REGISTERS = 64
"""Registers of the processor. A subroutine keeps its return address in one of the last ones."""

LINKS = 4
"""Registers for return addresses."""

FIRST_LINK = REGISTERS - LINKS

ADDRESS_BITS = (PROGRAM_WORDS - 1).bit_length()
"""Bits of the address of an instruction, and of a register, which may hold one."""


class Operation(IntEnum):
    """What an instruction does. The operand of LOAD, ADD and SUB is a register, or the number in the instruction."""

    LOAD = 0
    """The operand goes to the accumulator."""
    ADD = 1
    """The operand is added to the accumulator; the carry is that of the sum. With `chained`, the carry before is added
    too."""
    SUB = 2
    """The operand is subtracted from the accumulator; the carry is set where it was not larger. With `chained`, one more
    is subtracted where the carry before was not set."""
    STORE = 3
    """The accumulator goes to a register."""
    IN = 4
    """A port of :class:`InPort` goes to the accumulator."""
    OUT = 5
    """The accumulator goes to a port of :class:`OutPort`."""
    WAIT = 6
    """Nothing, until a condition holds."""
    SKIP = 7
    """The next instruction is left out where a condition holds, or does not hold."""
    JUMP = 8
    """The program goes on at an address."""
    CALL = 9
    """As JUMP; the address of the next instruction goes to a register for return addresses."""
    RETURN = 10
    """The program goes on at the address in a register."""


class Condition(IntEnum):
    """What WAIT and SKIP look at."""

    ZERO = 0
    """The accumulator is 0."""
    CARRY = 1
    """The carry is set."""
    STARTED = 2
    """A task has been started."""
    FLASH_IDLE = 3
    """No command of the flash is at work."""
    BYTE_READ = 4
    """The flash has a byte."""
    BYTE_TAKEN = 5
    """The flash has taken the byte that was written last."""
    COMMAND_TAKEN = 6
    """The core has taken the command."""
    GROUP_LOADED = 7
    """The core's answer is in the group register."""
    CRC_IDLE = 8
    """The CRC has all bytes."""
    CRC_MATCHES = 9
    """The bytes so far end with the CRC of those before them."""
    STREAM_ENDED = 10
    """All bytes of the stream have passed."""
    LINE_READY = 11
    """The progress line takes a byte."""


class InPort(IntEnum):
    """What IN reads."""

    FLASH = 0
    """The byte that the flash has; it goes on to the next one."""
    GROUP = 1
    """The lowest byte of the group register."""
    FINISHED = 2
    """Samples that the core has finished, modulo 256."""
    WRONG = 3
    """Those of them whose prediction is not their label, modulo 256."""
    CRC = 4
    """The CRC so far; four ports, the lowest byte first."""
    TASK = 8
    """The command of the task; the four ports behind it have the two arguments, the lowest byte first."""


class OutPort(IntEnum):
    """What OUT writes. A port whose name is a verb does something, and the accumulator is its argument."""

    ADDRESS = 0
    """Address in flash; three ports, the lowest byte first."""
    BEGIN = 3
    """Begin a :class:`ceprop.boards.rtl.flash.flash_port.FlashTask`."""
    STOP = 4
    """End reading."""
    WRITE = 5
    """Write a byte to flash. The accumulator stays as it is until the byte is taken."""
    WRITE_LAST = 6
    """The same with the last byte of a page."""
    SHIFT = 7
    """Shift a byte into the top of the group register; the accumulator stays as it is for a cycle more."""
    LOAD = 8
    """Load the core's answer into the group register."""
    PLACE = 9
    """The memory of a command to the core; 128 is added for the column edge."""
    LANE = 10
    """The lane of the command."""
    WORD = 11
    """The address of the command; two ports, the lowest byte first."""
    COMMAND = 13
    """Send the command: 1 to write the group, 0 to read one."""
    CRC_START = 14
    """Begin a new CRC."""
    CRC_BYTE = 15
    """Add a byte to the CRC; the accumulator stays as it is until the CRC is idle."""
    STREAM_CRC = 16
    """Pass so many bytes (0 means 256) from flash to the CRC."""
    STREAM_SAMPLES = 17
    """Pass so many bytes from flash to the unpacker."""
    LOCK = 18
    """1: the host may not read the status, which is about to change; 0: it may."""
    DONE = 19
    """The task has ended."""
    LINE = 20
    """Send a byte on the progress line."""


INSTRUCTION = data.StructLayout(
    {
        "operand": 8,
        "ninth": 1,
        "chained": 1,
        "immediate": 1,
        "unused": 1,
        "operation": 4,
    }
)
"""An instruction. The operand and `ninth` are an address of the program; `chained` and `immediate` are the number of the
register for the return address in CALL. In SKIP, `immediate` asks for a condition that does not hold."""
