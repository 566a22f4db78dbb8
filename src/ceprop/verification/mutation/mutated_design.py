"""A design with all of its mutants in one Verilog file. An input chooses the mutant."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from ceprop.boards.flow.toolchain import YOSYS, run_tool
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.scratch import private_folder
from ceprop.hdl.export import delivered_form
from ceprop.verification.mutation.mutant import Mutant, listed

_NETLIST, _LIST, _JSON, _VERILOG = "netlist.il", "mutants.txt", "netlist.json", "mutated.v"
_SPARE = 3
"""The list has this multiple of the mutants, because some of them change nothing or the clock."""

_CLOCKS = ("CLK", "RD_CLK", "WR_CLK")


@dataclass(frozen=True)
class MutatedDesign:
    """A design with its mutants.

    Fields
    ------
    top : str
        The name of the module.
    verilog : str
        The design with all mutants, and with the input :data:`ceprop.verification.mutation.mutant.CONTROL`.
    netlist : dict
        The module with all mutants in yosys's JSON, flat, with registers of the kind $dff only.
    mutants : tuple of Mutant
        The mutants, in the order of their numbers.
    """

    top: str
    verilog: str
    netlist: dict[str, Any]
    mutants: tuple[Mutant, ...]

    def save(self, path: Path) -> None:
        """Write the design into a file, for :meth:`load`."""
        write_aside(path, json.dumps(asdict(self)).encode())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the design that was saved in a file."""
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        mutants = tuple(Mutant(**mutant) for mutant in fields.pop("mutants"))
        return cls(mutants=mutants, **fields)


@dataclass(frozen=True)
class Choice:
    """Which mutants of a design are chosen.

    Fields
    ------
    count, seed : int
        The number of mutants, and the seed of the choice. There are fewer where the design is so small.
    folder : str
        Only cells that a file in this folder of the package makes have mutants, for example "hdl".
    apart : tuple of str
        Patterns of outputs. Cells that serve only these outputs have no mutants.
    without : tuple of str
        Files whose cells have no mutants. Equal registers are merged, and such a register can serve other outputs too.
    """

    count: int
    seed: int
    folder: str
    apart: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def mutated_design(rtlil: str, top: str, choice: Choice) -> MutatedDesign:
    """Choose mutants of a design, and return the design with all of them.

    yosys flattens and optimizes the design as a synthesis begins. It chooses the mutants evenly among cells, bits and
    lines (`mutate -list`). There are no mutants of clocks, and none that change a constant to the same constant or a
    bit that nothing reads.

    Parameters
    ----------
    rtlil : str
        The design with the lines of its cells (:func:`ceprop.hdl.export.checked_rtlil`).
    top : str
        The name of its module.
    choice : Choice
        Which mutants are chosen.

    Raises :class:`CepropError` where yosys is missing or fails.
    """
    with private_folder() as folder:
        (folder / "design.il").write_text(rtlil, encoding="utf-8")
        _yosys(_choosing(top, choice), folder)
        module = _module(folder, top)
        candidates = listed((folder / _LIST).read_text(encoding="utf-8"), module["cells"])
        mutants = _numbered(list(candidates), module, choice)
        if not mutants:
            raise CepropError(f"{top}: has no cell that could be changed")
        width = len(mutants).bit_length()
        lines = [f"read_rtlil {_NETLIST}", *(mutant.command(width) for mutant in mutants)]
        lines += ["opt_clean -purge", f"write_verilog -noattr {_VERILOG}"]
        _yosys([*lines, "dffunmap", "opt_clean", f"write_json {_JSON}"], folder)
        verilog = delivered_form((folder / _VERILOG).read_text(encoding="utf-8"))
        return MutatedDesign(top, verilog, _module(folder, top), mutants)


def _choosing(top: str, choice: Choice) -> list[str]:
    """The commands that prepare the netlist and list mutants."""
    without = "".join(f" o:{pattern} %d" for pattern in choice.apart)
    return [
        "read_rtlil design.il",
        f"hierarchy -check -top {top}",
        "proc",
        "flatten",
        "delete t:$scopeinfo",
        "memory_collect",
        # Before registers are optimized, because their wires have other names until then.
        "opt_expr",
        "opt_clean -purge",
        "opt",
        "opt_clean -purge",
        f"write_rtlil {_NETLIST}",
        f"write_json {_JSON}",
        f"select -set hardware o:*{without} %ci* a:src=*/ceprop/{choice.folder}/* %i",
        f"mutate -list {_SPARE * choice.count} -seed {choice.seed} -o {_LIST} @hardware",
    ]


def _numbered(candidates: list[Mutant], module: Mapping[str, Any], choice: Choice) -> tuple[Mutant, ...]:
    """Return mutants that change something, numbered from 1, as many as are wanted."""
    readers = _read_bits(module)
    chosen = [
        mutant
        for mutant in candidates
        if mutant.file not in choice.without and _changes(mutant, module["cells"][mutant.cell], readers)
    ]
    random.Random(choice.seed).shuffle(chosen)
    return tuple(replace(mutant, number=number) for number, mutant in enumerate(chosen[: choice.count], 1))


def _read_bits(module: Mapping[str, Any]) -> set[int | str]:
    """Return the bits that a cell or an output reads."""
    found: set[int | str] = set()
    for cell in module["cells"].values():
        for port, direction in cell["port_directions"].items():
            if direction == "input":
                found.update(cell["connections"][port])
    for port in module["ports"].values():
        if port["direction"] == "output":
            found.update(port["bits"])
    return found


def _changes(mutant: Mutant, cell: Mapping[str, Any], readers: set[int | str]) -> bool:
    """Return whether a mutant changes something other than a clock."""
    port = mutant.port
    bit = cell["connections"][port][mutant.bit]
    if port in _CLOCKS or bit == "x" or mutant.mode == f"const{bit}":
        return False
    return cell["port_directions"][port] == "input" or bit in readers


def _module(folder: Path, top: str) -> dict[str, Any]:
    """Return the module that yosys has written into a folder."""
    return json.loads((folder / _JSON).read_text(encoding="utf-8"))["modules"][top]


def _yosys(lines: Sequence[str], folder: Path) -> None:
    """Run a script of yosys in a folder."""
    (folder / "script.ys").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_tool(YOSYS, ["-q", "script.ys"], folder, "yosys.log")
