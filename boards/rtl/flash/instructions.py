"""The instructions of the flash processor: an accumulator, a carry, and a small memory for registers."""

from enum import IntEnum

from amaranth.lib import data

WORD_BITS = 24
"""Bits of the accumulator and of a register: those of an address in flash."""

PROGRAM_WORDS = 1024
"""Instructions that a program has at most."""

REGISTERS = 64
"""Registers of the processor. A subroutine keeps its return address in one of the last ones."""

LINKS = 4
"""Registers for return addresses."""

FIRST_LINK = REGISTERS - LINKS

ADDRESS_BITS = (PROGRAM_WORDS - 1).bit_length()
"""Bits of the address of an instruction."""


class Operation(IntEnum):
    """What an instruction does. The operand of LOAD, ADD and SUB is a register, or the number from 0 to 255 in the
    instruction."""

    LOAD = 0
    """The operand goes to the accumulator."""
    ADD = 1
    """The operand is added to the accumulator; the carry is that of the sum. With `chained`, the carry before is added
    too."""
    SUB = 2
    """The operand is subtracted from the accumulator; the carry is set where it was not larger. With `chained`, one
    more is subtracted where the carry before was not set."""
    STORE = 3
    """The accumulator goes to a register."""
    IN = 4
    """A byte of a port of :class:`InPort` goes to the accumulator; its other bits become 0. With `immediate`, the
    instruction waits until the condition with the number of the port holds."""
    SHIFT = 5
    """The accumulator loses its lowest byte, and one of a port becomes its highest. It waits as IN does."""
    OUT = 6
    """The accumulator, or its lowest bits, go to a port of :class:`OutPort`."""
    WAIT = 7
    """Nothing, until a condition holds."""
    SKIP = 8
    """The next instruction is left out where a condition holds."""
    JUMP = 9
    """The program goes on at an address."""
    CALL = 10
    """As JUMP; the address of the next instruction goes to a register for return addresses."""
    RETURN = 11
    """The program goes on at the address in a register."""
    JUMP_ZERO = 12
    """As JUMP, where the accumulator is 0."""
    JUMP_NOT_ZERO = 13
    """As JUMP, where it is not."""
    JUMP_CARRY = 14
    """As JUMP, where the carry is set."""
    JUMP_NO_CARRY = 15
    """As JUMP, where it is not."""


class Condition(IntEnum):
    """What WAIT and SKIP look at."""

    STARTED = 0
    """A task has been started."""
    BYTE_READ = 1
    """The flash has a byte, or it has failed and never will. The number is that of the port of the byte."""
    FLASH_IDLE = 2
    """No command of the flash is at work or about to begin."""
    BYTE_TAKEN = 3
    """The flash has taken the byte that was written last, or it has failed and never will."""
    COMMAND_TAKEN = 4
    """The core has taken the command."""
    GROUP_LOADED = 5
    """The core's answer is in the group register."""
    CRC_IDLE = 6
    """The CRC has all bytes."""
    CRC_MATCHES = 7
    """The bytes so far end with the CRC of those before them."""
    STREAM_ENDED = 8
    """All bytes of the stream have passed."""
    FLASH_FAILED = 9
    """The last command of the flash failed."""
    LINE_TAKEN = 10
    """The progress line has taken the byte that was written last."""


class InPort(IntEnum):
    """What IN and SHIFT read, a byte. They wait for it at the ports of `WAITING_PORTS`."""

    LOWEST = 0
    """The lowest byte of the accumulator."""
    FLASH = 1
    """The byte that the flash has, which the CRC gets too. The flash goes on to the next one. The instruction waits
    until a byte is there, or the flash has failed."""
    GROUP = 2
    """The lowest byte of the group register."""
    FINISHED = 3
    """Samples that the core has finished, modulo 256."""
    WRONG = 4
    """Those of them whose prediction is not their label, modulo 256."""
    CRC = 5
    """The CRC so far; four ports, the lowest byte first."""
    TASK = 9
    """The command of the task. The four ports behind it have the two arguments, the lowest byte first."""
    ZERO = 15
    """0."""


WAITING_PORTS = frozenset({InPort.FLASH})
"""Ports whose number is that of the condition which says that their byte is there."""


class OutPort(IntEnum):
    """What OUT writes. Some ports only do something."""

    ADDRESS = 0
    """Address in flash."""
    READ = 1
    """Begin to read there. It ends the read before, of which a byte must have come, once the stream has its bytes."""
    PROGRAM = 2
    """Begin to write a page there."""
    ERASE = 3
    """Erase the sector there."""
    STOP = 4
    """End reading, once the stream has its bytes."""
    WRITE = 5
    """Write a byte to flash. The accumulator stays as it is until the byte is taken."""
    WRITE_LAST = 6
    """The same with the last byte of a page."""
    CRC_START = 7
    """Begin a new CRC."""
    CRC_BYTE = 8
    """Add a byte to the CRC."""
    STREAM_CRC = 9
    """Pass so many bytes from flash to the CRC, at least one."""
    STREAM_SAMPLES = 10
    """Pass so many bytes from flash to the unpacker, at least one."""
    LOCK = 11
    """The host must not read the status, which is about to change."""
    UNLOCK = 12
    """It may."""
    DONE = 13
    """The task has ended."""
    PLACE = 14
    """The memory of a command to the core; 128 is added for the column edge."""
    LANE = 15
    """The lane of the command."""
    WORD = 16
    """The address of the command."""
    WRITE_GROUP = 17
    """Send the command to write the group."""
    READ_GROUP = 18
    """Send the command to read a group, and load it."""
    SHIFT_GROUP = 19
    """Shift a byte into the top of the group register."""
    LINE = 20
    """Send a byte on the progress line. The accumulator stays as it is until the byte is taken."""


INSTRUCTION = data.StructLayout({"operand": 8, "immediate": 1, "chained": 1, "link": 2, "operation": 4})
"""An instruction. In jumps, `operand`, `immediate` and `chained` are an address of the program, the lowest bit first.
`link` is the number of the register for the return address of CALL."""
