"""Designs that were placed and routed once, kept with the package: what estimates are fitted to."""

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from ceprop.boards.parts import Board, Resources, board
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification

FILE = "data/builds.json"
"""The file, below the package; `docs/results/builds.py` writes it."""


@dataclass(frozen=True)
class OnBoard:
    """A specification on a board: its fields, and the name of the board as `--board` takes it."""

    specification: dict[str, Any]
    board_name: str

    @cached_property
    def geometry(self) -> Geometry:
        """The array of the build."""
        return Geometry(Specification.from_mapping(self.specification))

    @cached_property
    def board(self) -> Board:
        """The board of the build."""
        return board(self.board_name)

    @property
    def name(self) -> str:
        """A name for tables: layers, array and board."""
        layers = "-".join(map(str, self.geometry.specification.layers))
        return f"{layers} as {self.geometry.rows}x{self.geometry.cols} on {self.board_name}"


@dataclass(frozen=True)
class Build(OnBoard):
    """One core on one board.

    Fields
    ------
    resources : Resources
        What the routed core takes, harness included.
    clock_mhz : float
        The clock of the routed core; on iCE40 the lower of nextpnr's and icetime's.
    measured_cycles, expected_cycles : float
        Cycles of a training sample from the initial network: counted by the simulated core, and by the cycle model as
        an estimate does it.
    """

    resources: Resources
    clock_mhz: float
    measured_cycles: float
    expected_cycles: float

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> "Build":
        """The build in an entry of the file."""
        return cls(
            entry["specification"],
            entry["board"],
            Resources(**entry["resources"]),
            entry["clock_mhz"],
            entry["measured_cycles"],
            entry["expected_cycles"],
        )

    @property
    def rate(self) -> float:
        """Samples per second."""
        return 1e6 * self.clock_mhz / self.measured_cycles


def read_entries() -> list[dict[str, Any]]:
    """All builds as the file has them."""
    return json.loads((files("ceprop") / FILE).read_text(encoding="utf-8"))["builds"]


def load_builds(family: str) -> list[Build]:
    """The builds of a family of devices; raises :class:`CepropError` where there are none."""
    found = [build for build in map(Build.from_dict, read_entries()) if build.board.device.family == family]
    if not found:
        raise CepropError(f"no builds of {family} to estimate from; docs/results/builds.py makes some")
    return found
