"""A whole board, built for a comparison: core, link, clock and pins, placed, routed and packed."""

from dataclasses import dataclass, replace
from pathlib import Path

from ceprop.boards.flow.bitstream import CONSTRAINTS, ROUTED, Design, prepare
from ceprop.boards.flow.build import first_clock
from ceprop.boards.flow.implement import Progress
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.choose import fitted
from ceprop.specification import Specification

_BAUD = 3_000_000
"""A byte takes few cycles, because every simulated cycle of a netlist takes long."""

_SEED = 1


@dataclass(frozen=True)
class BuiltBoard:
    """A board that was built: its design, and the files that the tools made."""

    design: Design
    routed: Path
    bitstream: Path
    constraints: Path


def built_board(specification: Specification, board: Board, folder: Path, say: Progress) -> BuiltBoard:
    """Build what `ceprop build --no-flash --baud 3000000` builds at its first attempt. `say` is called with each stage.

    Everything is kept below `folder`, by a digest of all that it was made from, as that verb keeps it in the folder
    `work`. Raises :class:`CepropError` where the specification does not fit the board beside the link, where a tool is
    missing, or where a tool fails.
    """
    geometry = fitted(specification, board, flash=False)
    clock = first_clock(geometry, board, "link", baud=_BAUD)
    prepared = replace(prepare(Design(geometry, board, clock, _BAUD), folder, say), keeps_routed=True)
    built = prepared.kept(_SEED)
    if built is None:
        say("synthesizing")
        synthesis = prepared.synthesis()
        say("placing and routing")
        built = prepared.routed(_SEED, synthesis)
    bitstream = Path(built.bitstream)
    return BuiltBoard(prepared.design, bitstream.parent / ROUTED, bitstream, prepared.place / CONSTRAINTS)
