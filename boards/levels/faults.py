"""A fault that a comparison must find: one bit of one look-up table is flipped, in a netlist or in a bitstream."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ceprop.boards.levels.netlists import Netlist
from ceprop.common.errors import CepropError
from ceprop.model import Purpose, Stream

_INPUTS = {
    "SB_LUT4": ("LUT_INIT", ("I0", "I1", "I2", "I3")),
    "LUT4": ("INIT", ("A", "B", "C", "D")),
    "ICESTORM_LC": ("LUT_INIT", ("I0", "I1", "I2", "I3")),
    "TRELLIS_COMB": ("INITVAL", ("A", "B", "C", "D")),
}
"""The parameter of a look-up table's content, and its inputs, the lowest bit of the address first, by cell."""

_PART = re.compile(r"(^|[.\\])array\.")
"""Look-up tables of the array. What they compute reaches weights and sums in every sample."""

_LUT_BITS = (4, 14, 15, 5, 6, 16, 17, 7, 3, 13, 12, 2, 1, 11, 10, 0)
"""The place of each bit of a look-up table among the 20 bits of a logic cell of the iCE40, as Project IceStorm
documents it."""
_CELL_COLUMN, _CELL_COLUMNS = 36, 10
"""A logic cell's bits lie in two rows of a tile, from this column on."""


@dataclass(frozen=True)
class FlippedTable:
    """One bit of a look-up table: the cell's name, its place on the device where it has one, and the bit's address."""

    cell: str
    bel: str | None
    address: int


def choose_bit(netlist: Netlist, seed: int) -> FlippedTable:
    """Return one bit of one look-up table in the array of a netlist.

    The same seed gives the same bit. An input that is tied to a constant always selects the bit. Raises
    :class:`CepropError` where the netlist has no such look-up table.
    """
    cells = netlist.module["cells"]
    names = sorted(name for name, cell in cells.items() if _is_table(name, cell))
    if not names:
        raise CepropError(f"netlist {netlist.top}: its array has no look-up table in which a bit could be flipped")
    stream = Stream(seed, Purpose.FAULT, 2)
    name = names[stream.below(len(names))]
    _, inputs = _INPUTS[cells[name]["type"]]
    address = sum(_level(cells[name], pin, stream) << k for k, pin in enumerate(inputs))
    return FlippedTable(name, cells[name].get("attributes", {}).get("NEXTPNR_BEL"), address)


def flip_in_netlist(netlist: Netlist, fault: FlippedTable) -> Netlist:
    """Return the netlist with a bit flipped."""
    design = copy.deepcopy(netlist.design)
    changed = Netlist(netlist.top, netlist.family, design)
    cell = changed.module["cells"][fault.cell]
    parameter, _ = _INPUTS[cell["type"]]
    content = cell["parameters"][parameter]
    place = len(content) - 1 - fault.address
    cell["parameters"][parameter] = _flipped(content, place)
    return changed


def flip_in_configuration(configuration: str, fault: FlippedTable) -> str:
    """Return the configuration of an iCE40, as `iceunpack` writes it, with a bit flipped. Raises :class:`CepropError`
    where it has no such logic cell."""
    found = re.fullmatch(r"X(\d+)/Y(\d+)/lc(\d)", fault.bel or "")
    x, y, cell = found.groups() if found else ("", "", "0")
    head = f".logic_tile {x} {y}\n"
    before, tile, after = configuration.partition(head)
    if not tile:
        raise CepropError(f"configuration: has no logic cell {fault.bel}")
    lines = after.split("\n")
    place = _LUT_BITS[fault.address]
    row = 2 * int(cell) + place // _CELL_COLUMNS
    lines[row] = _flipped(lines[row], _CELL_COLUMN + place % _CELL_COLUMNS)
    return before + head + "\n".join(lines)


def _is_table(name: str, cell: Mapping[str, Any]) -> bool:
    """Return whether a cell is a look-up table of the array whose output is used."""
    if cell["type"] not in _INPUTS or not _PART.search(name) or cell["parameters"].get("MODE", "LOGIC") != "LOGIC":
        return False
    return any(cell["connections"].get(pin) for pin in ("O", "Z", "F"))


def _level(cell: Mapping[str, Any], pin: str, stream: Stream) -> int:
    """Return the level of an input: its constant, or else any."""
    (bit,) = cell["connections"].get(pin) or ("0",)
    return int(bit) if bit in ("0", "1") else stream.below(2)


def _flipped(bits: str, place: int) -> str:
    return f"{bits[:place]}{1 - int(bits[place])}{bits[place + 1 :]}"
