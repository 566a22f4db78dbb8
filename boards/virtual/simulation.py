"""A compiled board under power, at the end of a pseudo-terminal."""

import mmap
import os
import pty
import socket
import sys
import tempfile
import tty
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from ceprop.boards.virtual.line import Line
from ceprop.boards.virtual.noise import LineNoise
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.locks import only_on
from ceprop.common.processes import started
from ceprop.common.scratch import private_folder

FLASH_BYTES = 1 << 24
"""Size of the flash and of the file that holds its contents."""

_COUNTER_BYTES = 8
_NOW, _FIRST_SAMPLE, _LAST_SAMPLE = 0, 3, 6
_VIOLATED, _COUNTERS = 9, 10
"""Numbers of `cpp/board.cpp`: three moments of three numbers each, and the number of the first violated check."""

FLASH_PARTS = ("winbond", "issi", "macronix", "gigadevice", "micron", "absent", "grounded", "stays busy", "no quad")
"""What may be the flash of a board, in the order of `cpp/flash_part.h`: parts of five makers, and faults: no part, its
line at one or at zero; a part that stays busy; a part whose quad-enable bit does not set."""

FLASH_RULES = (
    "the clock is too fast",
    "it was selected too soon after the command before",
    "the host drives a line in the last clock before the data",
    "it is busy",
    "it must be enabled first",
    "the bytes do not fit the page",
    "the host drives a line that the part drives",
    "it is not awake yet",
    "HOLD is low",
    "the quad-enable bit is not set",
    "the part does not know it",
    "it writes a status that stays, and the part has a volatile one",
    "the mode byte makes the part leave out the next opcode",
    "WP is low",
)
"""Rules of the flash, from number 1 on as `cpp/flash_part.h` has them."""

_FIRST_RULE = 1 << 32
"""Above the numbers of all checks."""

_PROGRAM_CYCLES = 2_000
_ERASE_CYCLES = 20_000
"""Times for a page and for a sector or a block. A chip takes ten to a hundred times as long, but a test need not wait
for that."""
_WAKE_SECONDS = 3e-6


class Cycles(NamedTuple):
    """A clock cycle of a board, by its number: how many there were before it, and in how many of these the line carried
    a byte, or one waited for its turn on it, and the clock of the flash ran. All times under power count together."""

    all: int
    line: int
    flash: int


class Simulation:
    """Runs a board's program while its context lasts.

    Raises :class:`CepropError` for a noise or pauses that are no probability, for a part that is not known, and for a
    file of another size; when the context begins, where another board uses the file; when the context ends or the power
    is cycled, where the program has ended by itself before.

    Parameters
    ----------
    executable : bytes
        The program, from :func:`ceprop.boards.virtual.executable.build_executable`.
    clock_hz, baud : int
        The clock of the board, and bits per second of its line.
    core_clock_hz : int, optional
        The core's clock where it has its own. It drifts by a thousandth against the other.
    pause_rate : float
        Probability that the host rests in a cycle, on AXI4-Stream and Wishbone, below 1.
    line_noise : float
        Probability that a byte is damaged on the line, in either direction; see :class:`LineNoise`.
    seed : int
        Seed of the noise.
    flash : Path or None
        Contents of its flash, 16 MiB; made, all erased, if it is missing. None where the program has no flash.
    flash_part : str
        One of `FLASH_PARTS`. The end of the context raises :class:`CepropError` where the board broke a rule of it.
    checks : sequence of str
        Names of the checks in the hardware (:mod:`ceprop.hdl.checks`). The end of the context raises
        :class:`CepropError` with the name of one that was violated.
    """

    def __init__(
        self,
        executable: bytes,
        *,
        clock_hz: int,
        baud: int,
        core_clock_hz: int | None = None,
        pause_rate: float = 0.0,
        line_noise: float = 0.0,
        seed: int = 1,
        flash: Path | None = None,
        flash_part: str = FLASH_PARTS[0],
        checks: Sequence[str] = (),
    ):
        if not 0 <= pause_rate < 1:
            raise CepropError(f"pause rate {pause_rate}: must be from 0 to below 1")
        if not 0 <= line_noise <= 1:
            raise CepropError(f"line noise {line_noise}: must be from 0 to 1")
        if flash_part not in FLASH_PARTS:
            raise CepropError(f"flash part {flash_part}: must be one of {', '.join(FLASH_PARTS)}")
        self.clock_hz = clock_hz
        self.core_clock_hz = core_clock_hz or clock_hz
        self._checks = checks
        self._executable, self._flash = executable, flash
        self._arguments = [*map(str, (clock_hz, self.core_clock_hz, baud, pause_rate))]
        if flash is not None:
            _prepare_flash(flash)
            times = (_PROGRAM_CYCLES, _ERASE_CYCLES, round(_WAKE_SECONDS * clock_hz))
            self._arguments += [str(flash.absolute()), *map(str, times), str(FLASH_PARTS.index(flash_part))]
        self._noise = [LineNoise(line_noise, 2 * seed + way) for way in range(2)]
        self._resources, self._power = ExitStack(), ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            if self._flash is not None:
                resources.enter_context(only_on(self._flash))
            self._program = resources.enter_context(private_folder()) / "board"
            self._program.write_bytes(self._executable)
            self._program.chmod(0o700)
            self._master, self._slave = pty.openpty()
            for side in (self._master, self._slave):
                resources.callback(os.close, side)
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self._counter_file = resources.enter_context(tempfile.TemporaryFile())
            size = _COUNTERS * _COUNTER_BYTES
            self._counter_file.truncate(size)
            self._counters = resources.enter_context(mmap.mmap(self._counter_file.fileno(), size))
            resources.callback(self._power.close)
            self._power.enter_context(self._powered())
            self._resources = resources.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._resources:
            # An exception that is on its way says more than a check that it may have followed from.
            violated = self._count(_VIOLATED) if kind is None else 0
        if violated:
            raise CepropError(f"the virtual board violated {self._rule(violated)}")

    def _rule(self, number: int) -> str:
        """A check by its number, or a rule of the flash, with the command at which it was broken."""
        if number < _FIRST_RULE:
            return f"the check {self._checks[number - 1]}"
        rule, command = divmod(number - _FIRST_RULE, 256)
        return f"a rule of its flash at command 0x{command:02X}: {FLASH_RULES[rule - 1]}"

    @property
    def port(self) -> str:
        """Path of the serial port, to be opened like that of any board. We keep it open, so hosts may come and go."""
        return os.ttyname(self._slave)

    @property
    def cycles(self) -> Cycles:
        """What was simulated so far, up to date within a few hundred cycles. While nothing happens for long the clock
        stands still."""
        return self._moment(_NOW)

    @property
    def sample_cycles(self) -> tuple[Cycles, Cycles] | None:
        """The first and the last cycle in which a sample was at work since :meth:`forget_samples`, those of line and
        flash within a few hundred; None where none was."""
        first, last = self._moment(_FIRST_SAMPLE), self._moment(_LAST_SAMPLE)
        return (first, last) if first.all else None

    def forget_samples(self) -> None:
        """Let `sample_cycles` begin with the next sample. Called while none is at work."""
        start = _FIRST_SAMPLE * _COUNTER_BYTES
        self._counters[start : start + _COUNTER_BYTES] = bytes(_COUNTER_BYTES)

    def _moment(self, number: int) -> Cycles:
        return Cycles(*(self._count(number + k) for k in range(len(Cycles._fields))))

    def _count(self, number: int) -> int:
        start = number * _COUNTER_BYTES
        return int.from_bytes(self._counters[start : start + _COUNTER_BYTES], sys.byteorder)

    def power_cycle(self) -> None:
        """Take the power away, whatever is going on, and give it back: what remains is in the flash, as far as it was
        written, and what the host has not read yet."""
        self._power.close()
        self._power.enter_context(self._powered())

    @contextmanager
    def _powered(self) -> Iterator[None]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            descriptors = (theirs.fileno(), self._counter_file.fileno())
            command = [str(self._program), *map(str, descriptors), *self._arguments]
            with started(command, descriptors=descriptors) as process:
                theirs.close()
                try:
                    with Line(self._master, ours, *self._noise):
                        yield
                finally:
                    ended = process.poll()
        if ended is not None:
            raise CepropError(f"the virtual board ended by itself with exit code {ended}")


def flash_contents(path: Path) -> bytes:
    """What a flash's file holds; made, all erased, if it is missing. Raises :class:`CepropError` for one of another
    size."""
    _prepare_flash(path)
    return path.read_bytes()


def _prepare_flash(path: Path) -> None:
    if not path.exists():
        write_aside(path, b"\xff" * FLASH_BYTES)
    elif path.stat().st_size != FLASH_BYTES:
        raise CepropError(f"flash {path}: must have {FLASH_BYTES:,} bytes, not {path.stat().st_size:,}")
