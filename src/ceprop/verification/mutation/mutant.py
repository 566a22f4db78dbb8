"""A mutant: one small change at one bit of one port of one cell of a netlist."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CONTROL = "mutant"
"""The input of a mutated design. Its value is the number of the mutant, or 0 for the design without a change."""

_CHANGES = {
    "inv": "is inverted",
    "const0": "is 0",
    "const1": "is 1",
    "cnot0": "is inverted where bit {other} is 0",
    "cnot1": "is inverted where bit {other} is 1",
}


@dataclass(frozen=True)
class Mutant:
    """A change of a netlist.

    Fields
    ------
    number : int
        The value of the input :data:`CONTROL` that makes the design this mutant, from 1.
    mode : str
        The kind of the change, as `mutate` of yosys names it: inv, const0, const1, cnot0 or cnot1.
    kind : str
        The kind of the cell, for example "$add".
    module, cell, port : str
        The names of module, cell and port, as yosys has them.
    bit, other : int
        The bit of the port that is changed, and the bit of the same port on which cnot0 and cnot1 depend.
    source : str
        The file and the line that made the cell, for example "hdl/cell/synapse.py:120".
    """

    number: int
    mode: str
    kind: str
    module: str
    cell: str
    port: str
    bit: int
    other: int
    source: str

    @property
    def file(self) -> str:
        """The file that made the cell."""
        return self.source.partition(":")[0]

    @property
    def change(self) -> str:
        """What the mutant changes, in words."""
        what = _CHANGES[self.mode].format(other=self.other)
        return f"bit {self.bit} of port {self.port} of {self.kind} {self.cell} {what}"

    def command(self, width: int | None = None) -> str:
        """The command of yosys that makes the change. With `width`, the bits of :data:`CONTROL`, only the mutant's
        number makes it."""
        control = "" if width is None else f"-ctrl {CONTROL} {width} {self.number} "
        other = f" -ctrlbit {self.other}" if self.mode.startswith("cnot") else ""
        place = f"-module {self.module} -cell {self.cell} -port {self.port} -portbit {self.bit}"
        return f"mutate -mode {self.mode} {control}{place}{other}"


def listed(text: str, cells: Mapping[str, Any]) -> Iterator[Mutant]:
    """Yield the mutants of a list that `mutate -list` of yosys wrote, numbered from 1. `cells` are the cells of the
    module in yosys's JSON. Mutants of cells without a line in a folder of the hardware are left out."""
    for number, line in enumerate(filter(None, text.splitlines()), 1):
        options = dict(re.findall(r"-(\w+) (\S+)", line))
        source = _own_line(re.findall(r"-src (\S+)", line))
        if source is None:
            continue
        yield Mutant(
            number,
            options["mode"],
            cells[options["cell"]]["type"],
            options["module"],
            options["cell"],
            options["port"],
            int(options["portbit"]),
            int(options.get("ctrlbit", 0)),
            source,
        )


def _own_line(sources: list[str]) -> str | None:
    """Return the first line that lies in a folder of the hardware, from this folder on."""
    for source in sources:
        found = re.search(r"/ceprop/((?:hdl|boards)/\S+?\.py:\d+)", source)
        if found is not None:
            return found[1]
    return None
