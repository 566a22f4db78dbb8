"""The netlist that nextpnr has placed and routed, as a netlist that can be simulated.

nextpnr leaves an input without a net where the device pulls it to a level, and a global buffer without an input where
the buffer's source lies beside it: the PLL, or the pin of the clock. All pins have both directions. This is made
explicit here. Sources: the packers of nextpnr's architectures ice40 and ecp5, and the models of the cells in yosys.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

from ceprop.boards.flow.bitstream import Design
from ceprop.boards.levels.netlists import Netlist, read_netlist
from ceprop.boards.parts.registry import Board
from ceprop.boards.rtl.top import TOP
from ceprop.common.errors import CepropError

_NEXTPNR_TOP = "top"
"""What nextpnr calls the module."""

_PULLED_UP = {"CEN", "RCLKE", "WCLKE", "CLOCK_ENABLE"}
"""Inputs that are 1 where nothing is connected. All others are 0."""


_PIN_TYPES = {"000001": "input", "101001": "output"}
"""A pin's direction by its `PIN_TYPE`: an input, and an output with an enable (Lattice, iCE Technology Library)."""


def check_simulated(board: Board) -> None:
    """Raise :class:`CepropError` where the routed netlist of a board cannot be simulated."""
    if board.device.family != "ice40":
        raise CepropError(
            f"{board.title}: no models of the cells of a routed ECP5 are here; --level synthesized is the lowest there"
        )
    if board.device.room.multipliers:
        raise CepropError(
            f"{board.title}: no models of its multipliers and SPRAM after routing are here; "
            "--level synthesized is the lowest there"
        )


def read_routed(path: Path, design: Design) -> Netlist:
    """Return the netlist that nextpnr wrote for a design, with the module `TOP` whose ports are the pins.

    Raises :class:`CepropError` where the file is missing or damaged."""
    check_simulated(design.board)
    found = read_netlist(path, _NEXTPNR_TOP, design.board.device.family)
    module = deepcopy(found.module)
    _connect_global_buffers(module, f"{design.board.platform.default_clk}_0__io")
    _replace_buffers(module)
    _tie(module)
    return Netlist(TOP, found.family, {"modules": {TOP: module}})


def _connect_global_buffers(module: dict[str, Any], pin: str) -> None:
    """Give the pin of the clock to each global buffer without an input: in a simulation the PLL passes its input."""
    if pin not in module["ports"]:
        raise CepropError(f"routed netlist: the clock comes from no pin {pin}, and only such a clock is simulated")
    for cell in module["cells"].values():
        if cell["type"] == "SB_GB" and not cell["connections"].get("USER_SIGNAL_TO_GLOBAL_BUFFER"):
            cell["port_directions"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] = "input"
            cell["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] = module["ports"][pin]["bits"]


def _replace_buffers(module: dict[str, Any]) -> None:
    """Make a plain buffer of each buffer of a pin, and give the pin its direction. Raises :class:`CepropError` for a
    buffer with registers, which our boards have not."""
    cells, directions = module["cells"], {}
    for name in [name for name, cell in cells.items() if cell["type"] == "SB_IO"]:
        cell = cells.pop(name)
        nets, kind = cell["connections"], cell["parameters"]["PIN_TYPE"]
        if kind not in _PIN_TYPES:
            raise CepropError(f"routed netlist: pin {name} is of type {kind}, and only plain ones are simulated")
        pin = nets["PACKAGE_PIN"]
        directions[tuple(pin)] = _PIN_TYPES[kind]
        if _PIN_TYPES[kind] == "output":
            cells[name] = _cell("$tribuf", A=nets["D_OUT_0"], EN=nets["OUTPUT_ENABLE"], Y=pin)
        elif nets.get("D_IN_0"):  # the pin of the clock has a global buffer in place of this net
            cells[name] = _cell("$_BUF_", A=pin, Y=nets["D_IN_0"])
    for port in module["ports"].values():
        port["direction"] = directions[tuple(port["bits"])]


def _cell(kind: str, **connections: list[object]) -> dict[str, Any]:
    """Return a cell of yosys of one bit whose output is Y."""
    directions = {pin: "output" if pin == "Y" else "input" for pin in connections}
    parameters = {"WIDTH": f"{1:032b}"} if kind == "$tribuf" else {}
    return {"type": kind, "parameters": parameters, "port_directions": directions, "connections": connections}


def _tie(module: dict[str, Any]) -> None:
    """Give its level to each input without a net."""
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if not bits and cell["port_directions"][pin] == "input":
                cell["connections"][pin] = ["1" if pin in _PULLED_UP else "0"]
