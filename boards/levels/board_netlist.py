"""The levels of a whole board: its routed netlist, and the Verilog from its bitstream."""

from pathlib import Path
from typing import Literal

from ceprop.boards.levels.board_design import BuiltBoard
from ceprop.boards.levels.board_simulation import simulated_board
from ceprop.boards.levels.faults import choose_bit, flip_in_netlist
from ceprop.boards.levels.recovered import CELLS, check_recoverable, recovered_verilog
from ceprop.boards.levels.routed import check_simulated, read_routed
from ceprop.boards.parts.registry import Board
from ceprop.boards.virtual.simulation import Simulation
from ceprop.sim.cells import cell_models

BoardLevel = Literal["routed", "bitstream"]


def check_level(level: BoardLevel, board: Board) -> None:
    """Raise :class:`CepropError` where this level does not exist for a board, or where a tool for it is missing."""
    if level == "bitstream":
        check_recoverable(board)
    check_simulated(board)


def board_netlist(level: BoardLevel, built: BuiltBoard, folder: Path, *, flip_table_bit: bool = False) -> Simulation:
    """Return a board at a level, compiled. Its context is the time under power. `flip_table_bit` flips one bit of a
    look-up table in the netlist or in the unpacked bitstream, the same bit at both levels.

    The compiled program is kept in `folder`. Raises :class:`CepropError` as :func:`check_level` does, and where a tool
    fails or a file is damaged.
    """
    design = built.design
    check_level(level, design.board)
    routed = read_routed(built.routed, design)
    fault = choose_bit(routed, design.geometry.specification.seed) if flip_table_bit else None
    if level == "bitstream":
        models = cell_models(CELLS, design.board.device.family)
        return simulated_board(design, recovered_verilog(built, fault), models, folder)
    netlist = routed if fault is None else flip_in_netlist(routed, fault)
    return simulated_board(design, netlist.verilog(), netlist.models(), folder)
