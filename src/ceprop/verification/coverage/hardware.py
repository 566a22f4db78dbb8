"""The lines, branches and toggles that Verilator has counted, by the file of `hdl/` whose part they belong to.

A place is the same place in all instances of a part and in all cores. It is covered if it was active in one of them.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ceprop.verification.coverage.constants import Bit
from ceprop.verification.coverage.sources import Sources

Kind = Literal["line", "branch", "toggle"]
"""What is counted: that a register is clocked, that a side of a selection is taken, and that a bit rises or falls."""


@dataclass(frozen=True, order=True)
class Place:
    """A place of the hardware.

    Fields
    ------
    file : str
        The file of the part, for example "hdl/cell/synapse.py".
    kind : "line", "branch" or "toggle"
        What is counted.
    name : str
        For a line, the line of Python and the register. For a branch, what is selected, the condition and the side. For
        a toggle, the bit of a signal and the direction.
    """

    file: str
    kind: Kind
    name: str


HardwareCoverage = dict[Place, int | None]
"""How often each place was active, or None for a bit that is constant in every instance."""


def hardware_coverage(verilog: str, counted: str, constants: Set[Bit]) -> HardwareCoverage:
    """Return what Verilator has counted.

    `verilog` is the design with the lines of Python (:func:`ceprop.hdl.export.to_verilog`). `counted` is the text of
    the file that the simulation writes. `constants` are the bits that never change. The words of memories and the parts
    of libraries are left out.
    """
    places, found = _places(verilog), HardwareCoverage()
    for fields, count in _entries(counted):
        if (known := places.place(fields)) is not None:
            place, bit = known
            add(found, place, None if bit in constants else count)
    return found


def add(coverage: HardwareCoverage, place: Place, count: int | None) -> None:
    """Add what was counted at a place."""
    before = coverage.get(place)
    coverage[place] = count if before is None else before + (count or 0)


def _entries(counted: str) -> Iterator[tuple[str, int]]:
    """Yield the fields and the count of every entry. A field is a name and a value between two control characters."""
    for fields, count in re.findall(r"^C '(.*)' (\d+)$", counted, re.MULTILINE):
        yield fields, int(count)


class _Places:
    """The places of one design, by the fields of an entry. They are the same in each comparison of a core."""

    def __init__(self, verilog: str):
        self._sources = Sources(verilog)
        self._known: dict[str, tuple[Place, Bit | None] | None] = {}

    def place(self, fields: str) -> tuple[Place, Bit | None] | None:
        """Return the place of an entry, with the bit of a toggle. None stands for what is left out."""
        if fields not in self._known:
            self._known[fields] = self._find(dict(field.split("\x02") for field in fields.split("\x01") if field))
        return self._known[fields]

    def _find(self, fields: dict[str, str]) -> tuple[Place, Bit | None] | None:
        line, kind, what = int(fields["l"]), fields["t"], fields.get("o", "")
        file = self._sources.file(line)
        if file is None:
            return None
        if kind == "toggle":
            return self._toggle(file, line, fields["h"], what)
        if what == "block":
            name = self._sources.register(line)
            return None if name is None else (Place(file, "line", name), None)
        return Place(file, "branch", self._sources.branch(line, what)), None

    def _toggle(self, file: str, line: int, path: str, what: str) -> tuple[Place, Bit] | None:
        if self._sources.is_memory(line):
            return None
        # Verilator writes characters that C++ has not in hexadecimal.
        name = re.sub(r"__0([0-9A-Fa-f]{2})", lambda code: chr(int(code[1], 16)), what)
        signal, _, direction = name.rpartition(":")
        wire, _, index = signal.partition("[")
        place = Place(file, "toggle", f"{re.sub(_NUMBERS, '', signal)} {direction}")
        return place, (f"{path}.{wire}", int(index.rstrip("]") or 0))


_NUMBERS = re.compile(r"\$\d+")
"""The numbers with which Amaranth tells wires of one name apart."""

_places = lru_cache(maxsize=1)(_Places)
