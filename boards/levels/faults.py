"""A fault in a netlist that a comparison must find: one bit of one look-up table is flipped."""

import copy
import re
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


def flipped_table(netlist: Netlist, seed: int) -> Netlist:
    """Return the netlist with one bit of one look-up table of its array flipped.

    The same seed gives the same bit. An input that is tied to a constant always selects the flipped bit. Raises
    :class:`CepropError` where the netlist has no such look-up table.
    """
    design = copy.deepcopy(netlist.design)
    changed = Netlist(netlist.top, netlist.family, design)
    cells = changed.module["cells"]
    names = sorted(name for name, cell in cells.items() if cell["type"] in _INPUTS and _PART.search(name))
    if not names:
        raise CepropError(f"netlist {netlist.top}: its array has no look-up table in which a bit could be flipped")
    stream = Stream(seed, Purpose.FAULT, 2)
    name = names[stream.below(len(names))]
    parameter, inputs = _INPUTS[cells[name]["type"]]
    address = sum(_level(cells[name], pin, stream) << k for k, pin in enumerate(inputs))
    content = cells[name]["parameters"][parameter]
    place = len(content) - 1 - address
    cells[name]["parameters"][parameter] = f"{content[:place]}{1 - int(content[place])}{content[place + 1 :]}"
    return changed


def _level(cell: dict[str, Any], pin: str, stream: Stream) -> int:
    """Return the level of an input: its constant, or else any."""
    (bit,) = cell["connections"].get(pin) or ("0",)
    return int(bit) if bit in ("0", "1") else stream.below(2)
