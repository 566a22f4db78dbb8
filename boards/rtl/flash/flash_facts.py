"""What the makers of SPI NOR flash promise: commands, clocks, and times.

Sources: the data sheets W25Q128JV (Winbond, revision F), IS25LP128 and IS25LP128F (ISSI), MX25L12835F and MX25L6406E
(Macronix), GD25Q128E (GigaDevice), N25Q032A (Micron) and AT25SF081 (Adesto). They are the parts of the boards, and
those that replace them.

What others took from these data sheets, and what agrees with them here:

- QEMU, `hw/block/m25p80.c`, `decode_qio_read_cmd`: 6 clocks between address and data of 0xEB, by default, for Winbond
  (a mode byte and 4 clocks), ISSI and Macronix.
- U-Boot of HiSilicon, `drivers/mtd/spi/hifmc100/hifmc100_spi_ids.c`: clocks of the reads by part, and the bytes before
  the data of 0xEB: 3 for Macronix and GigaDevice, 5 for Micron; over four lines a byte takes two clocks.
- S32 SDK of NXP, table of MX25L6433F: 0xFF as the mode byte of 0xEB, then 4 clocks.
- Macronix, Verilog model MX25L12845E: tSHSL 15 ns after a read, 50 ns after a write.
- Features of IS25LP128 and IS25LP128F: 50 and 80 MHz for 0x03, 133 and 166 MHz for the fast reads.

No second source was found for the first digit of ISSI's mode byte.
"""

import enum
import math
from dataclasses import dataclass


class FlashCommand(enum.IntEnum):
    """Commands by numbers of our own; :data:`OPCODES` has those of the parts."""

    WAKE = 0
    READ = 1
    ENABLE = 2
    PROGRAM = 3
    ERASE = 4
    STATUS = 5
    IDENTIFY = 6
    READ_QUAD = 7
    """Read the register with the quad-enable bit."""
    ENABLE_QUAD = 8
    """Let that register be written."""
    WRITE_QUAD = 9


OPCODES = {
    FlashCommand.WAKE: 0xAB,
    FlashCommand.ENABLE: 0x06,
    FlashCommand.PROGRAM: 0x02,
    FlashCommand.ERASE: 0x20,
    FlashCommand.STATUS: 0x05,
}
"""Opcodes that are the same for every maker and every number of lines."""

IDENTIFY_OPCODE = 0x9F
"""Opcode that reads the maker's number, the same for every maker (JEDEC)."""

READ_OPCODES = {1: 0x03, 2: 0x3B, 4: 0xEB}
"""Reads by their number of data lines. 0x3B has eight clocks between the address and the data. 0xEB takes the address
over four lines, in six clocks; then come a mode byte, in two clocks, and four clocks more. So many a part of Winbond,
GigaDevice, ISSI or Macronix takes where its registers were not changed. Micron's parts take ten in place of the six."""

QUAD_MODE = 0xFF
"""The mode byte of 0xEB, after which the next command has an opcode again. A part takes the next address without an
opcode after a byte whose bits 5 and 4 are 1 and 0 (Winbond, GigaDevice), whose first digit is 0xA (ISSI), or whose two
digits differ in all bits (Macronix)."""

_FASTEST_READ_HZ = {1: 33_000_000, 2: 80_000_000, 4: 80_000_000}
"""The clock that every part stands while it reads on so many lines. The slowest for 0x03 is MX25L6406E with 33 MHz;
newer parts have 50 MHz and more. MX25L6406E is also the slowest for 0x3B, with 80 MHz. The slowest for 0xEB with its
default of six clocks is MX25L12835F with 84 MHz; the others have 104 MHz and more."""

_ROUND_TRIP_SECONDS = 20e-9
"""From the register of the clock through its pin to the part, and back to a register. The part takes 6 to 8 ns (tV or
tCLQV of the data sheets). The two ways through an ECP5 take 12 ns by our estimate. Its clock goes through USRMCLK, for
which Lattice states no time."""

_WAKING_SECONDS = 100e-6
"""Longest time that a part takes to leave deep sleep: MX25L6406E, tRES1; the others 3 to 35 us."""

_REST_SECONDS = 100e-9
"""Longest time for which a part must not be selected after a command: MX25L6406E, tSHSL after a write; the others 10 to
50 ns."""

_READ_REST_SECONDS = 50e-9
"""The same after a read, from which a part has nothing to finish: W25Q128JV (tSHSL1) 10 ns, MX25L12835F (tSHSL for
reads) 15 ns, the others 20 to 50 ns."""

_REST_CYCLES, _READ_REST_CYCLES = 2, 3
"""Cycles of a rest that the port takes beside those that it counts: REST takes one more than it counts, and SELECT
takes one. After a read, IDLE lies between them."""

_BUSY_SECONDS = 1.0
"""Longest time for which a part is busy: N25Q032A takes 0.8 s at most to erase a sector, the others 0.2 to 0.4 s; to
program a page takes 3 to 5 ms, to write a status register 15 to 40 ms."""


@dataclass(frozen=True)
class QuadBit:
    """Where a maker has the bit that turns WP and HOLD into data lines, and how it is set.

    Fields
    ------
    read, write : int
        Opcodes for the register that has it.
    enable : int
        Opcode that must come before: 0x50 writes a volatile register, 0x06 one that stays.
    bit : int
        Its number in the register.
    """

    read: int
    write: int
    enable: int
    bit: int


QUAD_BITS = {
    0xEF: QuadBit(0x35, 0x31, 0x50, 1),
    0xC8: QuadBit(0x35, 0x31, 0x50, 1),
    0x9D: QuadBit(0x05, 0x01, 0x50, 6),
    0xC2: QuadBit(0x05, 0x01, 0x06, 6),
}
"""By the maker's number, the first byte of the identity: Winbond, GigaDevice, ISSI, and Macronix, which has no volatile
one. To ISSI and Macronix, 0x35 means another thing (QPI), so the maker must be known first."""


@dataclass(frozen=True)
class FlashTiming:
    """Times in cycles of a clock. Those of a counter are powers of two, at least as long as the part needs.

    Fields
    ------
    period : int
        Cycles of a period of the part's clock.
    rest_bit, read_rest_bit, waking_bit : int
        The bit of a counter of cycles that shows that a part may be selected after a command, after a read, or has left
        deep sleep.
    busy_bit : int
        The bit of a counter of periods that shows that a part is busy for too long.
    """

    period: int
    rest_bit: int
    read_rest_bit: int
    waking_bit: int
    busy_bit: int

    @classmethod
    def of(cls, clock_hz: int, lines: int) -> "FlashTiming":
        """The times where a clock has `clock_hz`, and so many lines are read."""
        fastest = min(_FASTEST_READ_HZ[lines], round(1 / _ROUND_TRIP_SECONDS))
        period = max(2, -(-clock_hz // fastest))
        return cls(
            period,
            _bit_after(clock_hz * _REST_SECONDS - _REST_CYCLES),
            _bit_after(clock_hz * _READ_REST_SECONDS - _READ_REST_CYCLES),
            _bit_after(clock_hz * _WAKING_SECONDS),
            _bit_after(clock_hz / period * _BUSY_SECONDS),
        )


def _bit_after(count: float) -> int:
    """The bit of a counter that is set once the counter has reached `count`."""
    return math.ceil(math.log2(max(1, count)))
