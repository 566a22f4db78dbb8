"""Whole boards that were placed and routed once, kept with the package: what is around the core is estimated from
them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from ceprop.boards.resources.builds import OnBoard

BOARDS_FILE = "data/board_builds.json"
"""The file, below the package; `docs/results/board_builds.py` writes it."""

Around = Literal["link", "link with flash", "alone"]
"""What is around the core: a link, a link and what learns from flash, or what learns from flash by itself."""


def linked(*, flash: bool) -> Around:
    """What is around the core of a board with a link."""
    return "link with flash" if flash else "link"


@dataclass(frozen=True)
class BoardBuild(OnBoard):
    """A design on a board, with all that is around its core.

    Fields
    ------
    around : str
        What is around the core.
    compact : bool
        Whether it was made compact, because the device is nearly full.
    luts : int
        Look-up tables of the routed design, or logic cells of an iCE40.
    clock_mhz, core_clock_mhz : float
        The clocks of the bitstream: of everything around the core, and of the core. They are equal where there is one.
    reached_mhz, core_reached_mhz : float
        What the routed design reaches of them, by the slowest of the tools.
    samples_per_second : float or None
        The rate at which it learns from flash after an epoch; None without flash.
    """

    around: Around
    compact: bool
    luts: int
    clock_mhz: float
    core_clock_mhz: float
    reached_mhz: float
    core_reached_mhz: float
    samples_per_second: float | None

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "BoardBuild":
        """The build in an entry of the file."""
        return cls(
            entry["specification"],
            entry["board"],
            entry["around"],
            entry["compact"],
            entry["luts"],
            entry["clock_mhz"],
            entry["core_clock_mhz"],
            entry["reached_mhz"],
            entry["core_reached_mhz"],
            entry["samples_per_second"],
        )

    @property
    def name(self) -> str:
        """A name for tables: layers, array, board, and what is around the core."""
        return f"{super().name}, {self.around}"


def read_board_entries() -> list[dict[str, Any]]:
    """All whole boards as the file has them."""
    return _read()["builds"]


def load_board_builds(family: str) -> list[BoardBuild]:
    """The whole boards of a family of devices."""
    found = map(BoardBuild.from_dict, read_board_entries())
    return [build for build in found if build.board.device.family == family]


@dataclass(frozen=True)
class BoardErrors:
    """How well the boards were predicted, each from the others of its family.

    Fields
    ------
    builds : int
        The boards that were predicted.
    sizes : dict
        The mean and the largest size of the errors of `luts`, `clock` (of the core) and `samples_per_second`, as shares
        of what was built.
    """

    builds: int
    sizes: dict[str, dict[str, float]]


def load_board_errors() -> BoardErrors:
    """The errors that were found when the boards were built."""
    content = _read()
    return BoardErrors(len(content["left_out"]), content["leave_one_out"])


def read_left_out() -> list[dict[str, Any]]:
    """The errors of every board that was predicted from the others, by its name."""
    return _read()["left_out"]


def _read() -> dict[str, Any]:
    return json.loads((files("ceprop") / BOARDS_FILE).read_text(encoding="utf-8"))
