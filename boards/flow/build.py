"""From a specification to a bitstream for a board."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ceprop.boards.flow.bitstream import CORE_CLOCK, LINK_CLOCK, Design
from ceprop.boards.flow.build_record import Build, TriedSeed
from ceprop.boards.flow.implement import Progress
from ceprop.boards.flow.seeds import make_bitstream
from ceprop.boards.parts.clocks import Clock, choose_clock, choose_clocks
from ceprop.boards.parts.registry import Board
from ceprop.boards.parts.spi_pins import spi_pins
from ceprop.boards.resources.board_builds import Around, linked
from ceprop.boards.resources.choose import fitted
from ceprop.boards.resources.expected import expected_mhz
from ceprop.boards.resources.link_fit import has_flash
from ceprop.boards.resources.stand_alone_fit import fitted_alone
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.records import read_record, write_record
from ceprop.specification import Geometry, Specification

__all__ = ["BAUD", "REPORT", "MissedClockError", "build"]

BAUD = 1_000_000
"""Bits per second of a UART where nothing else is asked for."""

REPORT = "report.json"
"""Lies beside the bitstream."""

_KIND = "build report"

_MARGINS = {"ice40": 1.04, "ecp5": 1.1}
"""Between a clock that is expected and the one that is asked for, by family. Place and route takes a minute on an iCE40
and ten on an ECP5, so a second attempt costs more there."""

_SPARE = 1.1
"""What an array that was chosen here has to spare."""

_RETRY_MARGINS = (1.04, 1.12)
"""Between a clock that was reached and the one that is asked for next. Another constraint moves what place and route
reaches by a few per cent; the last attempt should meet its clocks."""


class MissedClockError(CepropError):
    """No clock that was asked for was reached."""


def build(
    specification: Specification,
    board: Board,
    folder: Path,
    *,
    baud: int | None = BAUD,
    flash: bool | None = None,
    stand_alone: bool | None = None,
    seeds: Sequence[int] = (1,),
    jobs: int = 1,
    progress: Progress | None = None,
) -> Build:
    """Build the bitstream of a specification for a board, with the array that suits it where none is given, and with
    what learns from flash where `flash` says so, or without a word, where the board has room for that. `stand_alone`
    asks for a board without a link (:func:`laid_out`). `baud` is the UART's; None stands for SPI. Place and route runs
    with each of the `seeds`, at most `jobs` at once, and the best
    result counts, as :func:`make_bitstream` has it.

    The core has a clock of its own where the board has one for it. Each clock is the fastest that the board can make
    and the estimate promises with a margin. Where the routed design falls short of one, or with an array that was
    chosen here meets it without a tenth to spare, the next one is a margin below what that reached. Bitstream and
    report are written to `folder`; what they were made from is kept below it, so that the same call returns at once.

    Raises :class:`MissedClockError` where no clock is met in three attempts, and :class:`CepropError` where the design
    does not fit, the board has no pins for SPI, no clock makes the baud rate, a tool is missing, or a tool fails."""
    say = progress or (lambda _: None)
    if baud is None:
        spi_pins(board.name)
    flash = has_flash(board) if flash is None else flash
    geometry, alone = laid_out(specification, board, flash=flash, stand_alone=stand_alone)
    limits = _limits(geometry, board, "alone" if alone else linked(flash=flash))
    enough = _SPARE if specification.array is None else 1.0
    seconds, missed, met = 0.0, [], None
    tried: list[TriedSeed] = []
    for margin in (*_RETRY_MARGINS, 1.0):
        design = Design(geometry, board, _clock(board, limits, baud), baud, flash or alone, alone)
        found = make_bitstream(design, folder / "work", seeds=seeds, jobs=jobs, progress=say)
        seconds += found.seconds
        tried += found.tried
        shares = {name: clock.achieved / clock.constraint for name, clock in found.clocks.items()}
        met = found if found.met else met
        if min(shares.values()) >= enough:
            break
        lowered = _lower(limits, design, shares, enough, margin * enough)
        missed += lowered
        say(f"clocks {'with little to spare' if found.met else 'missed'}: {', '.join(lowered)}")
    if met is None:
        tries = ", ".join(missed)
        raise MissedClockError(f"{board.title}: clocks were missed, {tries}; another seed or a smaller array may do")
    return _deliver(replace(met, seconds=round(seconds, 1), tried=tried), folder)


def first_clock(geometry: Geometry, board: Board, around: Around, *, baud: int = BAUD) -> Clock:
    """The clock, or clocks, with which :func:`build` begins at a baud rate. Raises :class:`CepropError` where no clock
    makes the baud rate."""
    return _clock(board, _limits(geometry, board, around), baud)


def _limits(geometry: Geometry, board: Board, around: Around) -> dict[str, float]:
    """What each clock, by its name, should not exceed at first, in Hz."""
    link, core = expected_mhz(geometry, board, around)
    margin = _MARGINS[board.device.family]
    found = {LINK_CLOCK: 1e6 * link / margin, CORE_CLOCK: 1e6 * core / margin}
    return found if board.has_core_clock and around != "alone" else {CORE_CLOCK: found[CORE_CLOCK]}


def _lower(
    limits: dict[str, float], design: Design, shares: Mapping[str, float], enough: float, margin: float
) -> list[str]:
    """Lower the limit of each clock that reached less than the share `enough` of what it needs to `margin` below what
    it reached. Return what each reached, in words."""
    said = []
    for name in limits:
        needed_hz = design.fastest_hz[name]
        if shares[name] < enough:
            limits[name] = shares[name] * needed_hz / margin
            said.append(f"{name} {needed_hz / 1e6:.1f} MHz by {shares[name] - 1:+.1%}")
    return said


def _clock(board: Board, limits: Mapping[str, float], baud: int | None) -> Clock:
    """The fastest clock, or clocks, within these limits in Hz."""
    if LINK_CLOCK in limits:
        return choose_clocks(board, limits[LINK_CLOCK], limits[CORE_CLOCK], baud)
    return choose_clock(board, limits[CORE_CLOCK], baud)


def laid_out(
    specification: Specification, board: Board, *, flash: bool, stand_alone: bool | None
) -> tuple[Geometry, bool]:
    """The specification on the array that the board gets, and whether it stands alone: as `stand_alone` says, or
    without a word where there is room for it and none for a link. Raises :class:`CepropError` where it does not fit."""
    if stand_alone:
        return fitted_alone(specification, board), True
    try:
        return fitted(specification, board, flash=flash), False
    except CepropError:
        if stand_alone is None and specification.array is not None:
            with suppress(CepropError):
                return fitted_alone(specification, board), True
        raise


def read_report(path: Path) -> dict[str, Any]:
    """The report of a build as :meth:`Build.fields` has it; raises :class:`CepropError` with one line where it is none,
    or damaged."""
    fields = read_record(path, _KIND)
    try:
        Build.from_fields(fields)
    except (TypeError, KeyError, AttributeError):
        raise CepropError(f"{_KIND} {path}: not of this version of ceprop; build again") from None
    return fields


def _deliver(built: Build, folder: Path) -> Build:
    """Bitstream and report where they are looked for; the report names the file beside it, wherever both are moved."""
    source = Path(built.bitstream)
    target = folder / f"{built.specification['name']}{source.suffix}"
    write_aside(target, source.read_bytes())
    write_record(folder / REPORT, _KIND, replace(built, bitstream=target.name).fields())
    return replace(built, bitstream=str(target))
