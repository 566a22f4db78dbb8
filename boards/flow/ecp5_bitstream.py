"""Whether an ECP5's bitstream is whole, by the CRCs in it, and for which part it is.

Its form is Lattice's (FPGA-TN-02039) as Project Trellis documents and writes it: a comment, a preamble, and commands.
Each frame of configuration, each block of memory and the user code end with a CRC-16. What no CRC covers can have one
form only, and must have it.
"""

from collections.abc import Callable
from functools import lru_cache

from ceprop.boards.parts.devices import Device

_POLYNOMIAL = 0x8005
_PREAMBLE = bytes.fromhex("ffffbdb3")
_TRAILER = b"\xff" * 4
_NOTHING = 0xFF
"""In place of a command."""
_CHECKED = 0x80
"""In the first operand of a command: a CRC follows."""
_FRAMES = 0x91
"""First operand of the frames: each is followed by a CRC and by a byte that means nothing."""
_BLOCK_WORDS, _WORD_BYTES = 256, 9

_RESET_CRC, VERIFY_ID, _CONTROL, _ADDRESS, _DICTIONARY = 0x3B, 0xE2, 0x22, 0x46, 0x02
_PLAIN_FRAMES, _PACKED_FRAMES, _USER_CODE, _MEMORY_ADDRESS, _MEMORY, _DONE = 0x82, 0xB8, 0xC2, 0xF6, 0xB2, 0x5E


class DamagedError(ValueError):
    """What is wrong with a bitstream, and where."""


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (_POLYNOMIAL if crc & 0x8000 else 0)) & 0xFFFF
        table.append(crc)
    return table


_CRC = _crc_table()


@lru_cache(maxsize=1 << 15)
def crc16(data: bytes) -> int:
    """CRC-16 of polynomial 0x8005, from zero, the highest bit first; of data that its own CRC follows, zero."""
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ _CRC[crc >> 8 ^ byte]
    return crc


def _packed_steps() -> list[list[tuple[int, int]]]:
    """How to find the end of a packed frame: how many bytes of the frame end in a byte, and the state after it, by
    the state before and the byte. A code is 0, 10 with four more bits, or 11 with eight; a state is how much came."""
    states = ["", "1", *(("10", k) for k in range(4)), *(("11", k) for k in range(8))]
    after: dict[tuple[object, int], tuple[int, object]] = {("", 0): (1, ""), ("", 1): (0, "1")}
    for bit in (0, 1):
        after["1", bit] = (0, (f"1{bit}", 0))
        for kind, length in (("10", 4), ("11", 8)):
            for k in range(length):
                after[(kind, k), bit] = (1, "") if k == length - 1 else (0, (kind, k + 1))
    table = []
    for state in states:
        row = []
        for byte in range(256):
            ended, at = 0, state
            for k in reversed(range(8)):
                more, at = after[at, byte >> k & 1]
                ended += more
            row.append((ended, states.index(at)))
        table.append(row)
    return table


_PACKED = _packed_steps()


def check_ecp5(content: bytes, device: Device, part: str) -> None:
    """Check a bitstream for a device; `part` is the whole part's name, with speed and package, which a comment may
    hold. Raises :class:`DamagedError`."""
    _Reader(content, device).run(part)


class _Reader:
    """Goes through the commands of a bitstream."""

    def __init__(self, content: bytes, device: Device):
        assert device.frame_bytes is not None
        self._content, self._place = content, 0
        self._start, self._before = 0, b""
        """Where the bytes of the next CRC begin, and those that it counts before that."""
        self._frame_bytes, self._idcode = device.frame_bytes, device.idcode
        self._frames = 0
        self._packed = b""
        """The last packed frame."""

    def run(self, part: str) -> None:
        for comment in (b"", f"Part: {part}\0".encode()):
            head = b"\xff\0" + comment + b"\xff" + _PREAMBLE + _TRAILER
            if self._content.startswith(head):
                break
        else:
            raise DamagedError(f"its head is not that of a bitstream for {part}")
        self._place = self._start = len(head)
        commands: dict[int, Callable[[], None]] = {
            _RESET_CRC: self._reset,
            VERIFY_ID: self._identify,
            _CONTROL: lambda: self._operands(3, 4),
            _ADDRESS: lambda: self._operands(3),
            _DICTIONARY: lambda: self._operands(3, 8),
            _PLAIN_FRAMES: lambda: self._configure(self._plain_frame),
            _PACKED_FRAMES: lambda: self._configure(self._packed_frame),
            _USER_CODE: self._user_code,
            _MEMORY_ADDRESS: lambda: self._operands(3, 4),
            _MEMORY: self._memory,
        }
        while (command := self._take(1)[0]) != _DONE:
            if command == _NOTHING:
                self._nothing_waits()
                self._start = self._place  # no CRC counts it
            elif command in commands:
                commands[command]()
            else:
                raise DamagedError(f"byte {self._place - 1:,} is no command")
        self._nothing_waits()
        self._operands(3)
        if not self._frames or self._content[self._place :] != _TRAILER:
            raise DamagedError("its end is missing, or more comes after it")

    def _take(self, count: int) -> bytes:
        found = self._content[self._place : self._place + count]
        if len(found) < count:
            raise DamagedError("it is cut short")
        self._place += count
        return found

    def _operands(self, zeros: int, more: int = 0) -> None:
        """As many bytes as have to be zero, and as many of any value."""
        if any(self._take(zeros)):
            raise DamagedError(f"operands before byte {self._place:,} are not zero")
        self._take(more)

    def _nothing_waits(self) -> None:
        """All bytes before the command have been counted by a CRC."""
        if self._start < self._place - 1:
            raise DamagedError(f"bytes before {self._place:,} have no CRC")

    def _check(self) -> None:
        """A CRC ends here, of everything since the one before."""
        self._take(2)
        if crc16(self._before + self._content[self._start : self._place]):
            raise DamagedError(f"the CRC before byte {self._place:,} is wrong")
        self._start, self._before = self._place, b""

    def _reset(self) -> None:
        self._nothing_waits()
        self._operands(3)
        self._start, self._before = self._place, b""

    def _identify(self) -> None:
        self._operands(3)
        if int.from_bytes(self._take(4), "big") != self._idcode:
            raise DamagedError("it is for another device")

    def _user_code(self) -> None:
        if self._take(1)[0] != _CHECKED:
            raise DamagedError("its user code has no CRC")
        self._operands(2, 4)
        self._check()

    def _memory(self) -> None:
        flags, count = self._take(1)[0], int.from_bytes(self._take(2), "big")
        if not flags & _CHECKED or not 0 < count <= _BLOCK_WORDS:
            raise DamagedError("a memory's content has no CRC")
        self._take(count * _WORD_BYTES)
        self._check()

    def _configure(self, skip_frame: Callable[[], None]) -> None:
        flags, self._frames = self._take(1)[0], int.from_bytes(self._take(2), "big")
        if flags != _FRAMES:
            raise DamagedError("its frames have no CRCs")
        for _ in range(self._frames):
            skip_frame()
            self._check()
            # Counted by the next CRC.
            if self._take(1)[0] != _NOTHING:
                raise DamagedError(f"byte {self._place - 1:,} must be 0xff")
            self._start, self._before = self._place, bytes([_NOTHING])

    def _plain_frame(self) -> None:
        self._take(self._frame_bytes)

    def _packed_frame(self) -> None:
        """A frame is padded to whole words of 64 bits, then packed, then padded to whole bytes."""
        content, end = self._content, len(self._content)
        # Most are equal to the one before; and no frame begins like another.
        if self._packed and content.startswith(self._packed, self._place):
            self._place += len(self._packed)
            return
        left, state, place = -(-self._frame_bytes // 8) * 8, 0, self._place
        while left > 0:
            if place == end:
                raise DamagedError("it is cut short")
            ended, state = _PACKED[state][content[place]]
            left -= ended
            place += 1
        self._packed, self._place = content[self._place : place], place
