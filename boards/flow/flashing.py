"""Sends a bitstream to a board, with whichever program for it is here, after a look at what it is for; and reads flash.

Sources: `toolchain_program` of amaranth-boards; the list of boards of openFPGALoader; README of ecpprog; for the
OrangeCrab the bootloader's USB number; for what reads flash the help of openFPGALoader, and that of iceprog, from which
ecpprog has its options.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceprop.boards.flow.build import REPORT, read_report
from ceprop.boards.flow.ecp5_bitstream import VERIFY_ID, DamagedError, check_ecp5
from ceprop.boards.flow.ice40_bitstream import check_ice40
from ceprop.boards.parts.devices import DEVICES
from ceprop.boards.parts.registry import Board
from ceprop.common.errors import CepropError
from ceprop.common.processes import run_to_end
from ceprop.common.reading import read_up_to
from ceprop.common.scratch import private_folder
from ceprop.specification import Specification

_STDERR = 2
"""Where a programmer writes: standard output may hold JSON and nothing else."""

_MOST_SECONDS = 900.0
"""Seconds for a programmer: the largest bitstream takes two minutes at the slowest."""

_LARGEST_BITSTREAM = 1 << 24


@dataclass(frozen=True)
class Programmer:
    """A program that writes to a board's flash.

    Fields
    ------
    program : str
        The name of the program.
    arguments : tuple of str
        What comes before a bitstream.
    address_arguments : tuple of str, optional
        What comes between those and the address of any other file; None where it writes bitstreams only.
    read_arguments : tuple of str
        What comes before the number of bytes that are to be read, where it has `address_arguments`.
    """

    program: str
    arguments: tuple[str, ...] = ()
    address_arguments: tuple[str, ...] | None = None
    read_arguments: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """How to get the program."""
        return HINTS[self.program]

    def command(self, bitstream: Path) -> list[str]:
        """What to run for a bitstream."""
        return [self.program, *self.arguments, str(bitstream)]

    def command_at(self, address: int, path: Path) -> list[str]:
        """What to run for a file whose place is `address`, for a program that has `address_arguments`."""
        assert self.address_arguments is not None
        return [self.program, *self.arguments, *self.address_arguments, str(address), str(path)]

    def command_to_read(self, address: int, count: int, path: Path) -> list[str]:
        """What to run to read so many bytes at `address` into a file, for a program that has `address_arguments`."""
        return [self.program, *self.read_arguments, str(count), "-o", str(address), str(path)]


HINTS = {
    "openFPGALoader": "apt-get install openfpgaloader",
    "iceprog": "apt-get install fpga-icestorm",
    "dfu-util": "apt-get install dfu-util",
    "ecpprog": "build https://github.com/gregdavill/ecpprog",
    "icesprog": "build https://github.com/wuxx/icesugar (tools)",
    "tinyprog": "pip install tinyprog",
}
"""How to get each program."""


def _loader(*board: str) -> Programmer:
    reads = (*board, "--dump-flash", "--file-size")
    return Programmer("openFPGALoader", (*board, "-f"), ("--file-type", "raw", "-o"), reads)


_ICEPROG = Programmer("iceprog", (), ("-o",), ("-R",))
_ICESPROG = Programmer("icesprog")
_ICE40 = (_ICEPROG, _loader("-b", "ice40_generic"))
_ULX3S = (_loader("-b", "ulx3s"),)
_ORANGECRAB = (Programmer("dfu-util", ("-d", "1209:5af0", "-a", "0", "-D")),)
_ECPIX5 = (_loader("-b", "ecpix5"), Programmer("ecpprog", (), ("-o",), ("-R",)))

PROGRAMMERS: dict[str, tuple[Programmer, ...]] = {
    "icebreaker": _ICE40,
    "upduino_v3": (_ICEPROG,),
    "icesugar": (_ICESPROG,),
    "ice40_hx8k_b_evn": _ICE40,
    "tinyfpga_bx": (Programmer("tinyprog", ("-p",)),),
    **dict.fromkeys(("ulx3s_12f", "ulx3s_25f", "ulx3s_45f", "ulx3s_85f"), _ULX3S),
    **dict.fromkeys(("orangecrab_r0_2_25f", "orangecrab_r0_2_85f"), _ORANGECRAB),
    **dict.fromkeys(("ecpix5_45f", "ecpix5_85f"), _ECPIX5),
    "colorlight_5a_75b": (_loader("-c", "ft232"),),
    "icesugar_pro": (_ICESPROG,),
}
"""Programmers by the name of the board, the preferred one first."""


def find_programmer(board: Board, *, anywhere: bool = False, only_named: bool = False) -> Programmer:
    """The first program for the board that is here, and writes `anywhere` in flash if that is asked for; where it is
    `only_named`, the one that is preferred if none is here.

    Raises :class:`CepropError` that tells how to get one, or that none can do that."""
    suited = [one for one in PROGRAMMERS[board.name] if not anywhere or one.address_arguments is not None]
    if not suited:
        names = " or ".join(programmer.program for programmer in PROGRAMMERS[board.name])
        raise CepropError(f"board {board.name}: {names} writes bitstreams only; use a JTAG adapter and openFPGALoader")
    found = next((programmer for programmer in suited if shutil.which(programmer.program)), None)
    if found is None and only_named:
        return suited[0]
    if found is None:
        names = " or ".join(f"{programmer.program} ({programmer.hint})" for programmer in suited)
        raise CepropError(f"board {board.name}: {names} is missing")
    return found


def bitstream_of(folder: Path) -> Path:
    """The bitstream that the report in a folder names; raises :class:`CepropError` where there is none."""
    report = _report(folder)
    if report is None:
        raise CepropError(f"{folder / REPORT}: no such file; `ceprop build` writes it, or name a bitstream")
    return folder / report["bitstream"]


def specification_of(folder: Path) -> Specification | None:
    """The specification of the bitstream that the report in a folder is about; None where there is no report."""
    report = _report(folder)
    return None if report is None else Specification.from_mapping(report["specification"])


def check_bitstream(bitstream: Path, board: Board) -> bytes:
    """The content of a bitstream that is whole and for the board; this is to be sent, and not what the file may hold
    later. A report beside it says which board that is, and what
    its content must be; without one an ECP5's own device and CRCs have to do, and an iCE40's, in which there is no
    device, is refused.

    Raises :class:`CepropError` that names what is wrong."""
    try:
        content = read_up_to(bitstream, _LARGEST_BITSTREAM)
    except OSError as error:
        raise CepropError(f"bitstream {bitstream}: {error.strerror}") from None
    if len(content) > _LARGEST_BITSTREAM:
        raise CepropError(f"bitstream {bitstream}: larger than {_LARGEST_BITSTREAM:,} bytes, as none of a board is")
    if board.device.idcode is not None:
        device = _device_of(bitstream, content)
        if device != board.device.name:
            raise CepropError(f"bitstream {bitstream}: it is for {device}, not for {board.title}")
    report = _report(bitstream.parent)
    if report is not None and report["board"] != board.name:
        raise CepropError(f"bitstream {bitstream}: it is for {report['board']} ({report['device']}), not {board.title}")
    if report is not None and report["sha256"] == hashlib.sha256(content).hexdigest():
        return content
    if report is not None and report["bitstream"] == bitstream.name and board.device.family == "ecp5":
        raise CepropError(f"bitstream {bitstream}: damaged, or not that of {REPORT} beside it; build it again")
    try:
        if board.device.family == "ecp5":
            check_ecp5(content, board.device, board.part)
        else:
            check_ice40(content)
    except DamagedError as error:
        raise CepropError(f"bitstream {bitstream}: damaged: {error}") from None
    if board.device.family == "ice40":
        raise CepropError(f"bitstream {bitstream}: no {REPORT} beside it says which board it is for")
    return content


def send(command: list[str], content: bytes, board: Board) -> None:
    """Run a programmer whose `command` ends with a file's name. It gets a private copy of the `content` that was
    checked, for the file itself may have changed since.

    Raises :class:`CepropError` where it cannot be run, fails, or takes too long."""
    *program, file = command
    with private_folder() as folder:
        copy = folder / f"content{Path(file).suffix}"
        copy.write_bytes(content)
        _run([*program, str(copy)], board)


def receive(command: list[str], count: int, board: Board) -> bytes:
    """Run a programmer whose `command` ends with the name of a file, which gets `count` bytes of flash; these bytes.

    Raises :class:`CepropError` as :func:`send` does, and where there are fewer bytes."""
    *program, file = command
    with private_folder() as folder:
        copy = folder / Path(file).name
        _run([*program, str(copy)], board)
        content = read_up_to(copy, count) if copy.exists() else b""
    if len(content) < count:
        raise CepropError(f"{command[0]}: read {len(content):,} bytes in place of {count:,}")
    return content[:count]


def _run(command: list[str], board: Board) -> None:
    code = run_to_end(command, output=_STDERR, seconds=_MOST_SECONDS)
    if code:
        raise CepropError(f"{command[0]}: exit code {code}; is {board.name} connected?")


def _report(folder: Path) -> dict[str, Any] | None:
    path = folder / REPORT
    return read_report(path) if path.exists() else None


_PREAMBLE = bytes.fromhex("ffffbdb3")
_VERIFY_ID = bytes([VERIFY_ID, 0, 0, 0])


def _device_of(bitstream: Path, content: bytes) -> str:
    """The device of an ECP5's bitstream: the number that its command VERIFY_ID compares."""
    place = content.find(_VERIFY_ID, max(content.find(_PREAMBLE), 0))
    if _PREAMBLE not in content or place < 0:
        raise CepropError(f"bitstream {bitstream}: not one of an ECP5")
    number = int.from_bytes(content[place + len(_VERIFY_ID) :][:4], "big")
    return next((device.name for device in DEVICES if device.idcode == number), f"device {number:#010x}")
