"""The part of a netlist around a mutant, as it is and as the mutant changes it."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ceprop.verification.mutation.mutant import CONTROL

Bit = int | str
"""A bit of a netlist in yosys's JSON: the number of a net, or a constant."""

DIFFERENT = "different"
"""The output of a part: 1 where the mutant differs at the border."""

_REGISTER, _MEMORY = "$dff", "$mem_v2"


@dataclass(frozen=True)
class Reach:
    """How far around a mutant a proof looks.

    `ahead` is the number of registers in a row that may differ behind the mutant. `back` is the number of registers in
    a row before the logic of the part that keep their function. All others may have any value.
    """

    ahead: int
    back: int


@dataclass
class _Part:
    """The cells, inputs and nets of the module that is made."""

    cells: dict[str, Any] = field(default_factory=dict)
    nets: dict[str, Any] = field(default_factory=dict)
    next_bit: int = 0

    def new_bits(self, count: int) -> list[Bit]:
        """Return bits that nothing has yet."""
        self.next_bit += count
        return list(range(self.next_bit - count, self.next_bit))

    def add(self, kind: str, inputs: Mapping[str, Sequence[Bit]], width: int) -> list[Bit]:
        """Add a cell of logic, and return its output of so many bits."""
        output = self.new_bits(width)
        sizes = {f"{name}_WIDTH": f"{len(bits):032b}" for name, bits in {**inputs, "Y": output}.items()}
        signs = {f"{name}_SIGNED": f"{0:032b}" for name in inputs}
        self.cells[f"border_{len(self.cells)}"] = {
            "hide_name": 0,
            "type": kind,
            "parameters": sizes | signs,
            "attributes": {},
            "port_directions": {**dict.fromkeys(inputs, "input"), "Y": "output"},
            "connections": {**{name: list(bits) for name, bits in inputs.items()}, "Y": output},
        }
        return output


class Surroundings:
    """A netlist with all mutants behind the input :data:`CONTROL`, of which parts around each mutant are taken.

    `module` is the module in yosys's JSON, flat, with registers of the kind $dff only.
    """

    def __init__(self, module: Mapping[str, Any]):
        self._cells: Mapping[str, Any] = module["cells"]
        self._outputs = [port["bits"] for port in module["ports"].values() if port["direction"] == "output"]
        self._initial = _initial_values(module)
        self._readers: dict[Bit, list[str]] = {}
        self._drivers: dict[Bit, str] = {}
        for name, cell in self._cells.items():
            for port, bits in cell["connections"].items():
                for bit in bits:
                    if cell["port_directions"][port] == "output":
                        self._drivers[bit] = name
                    elif isinstance(bit, int):
                        self._readers.setdefault(bit, []).append(name)
        self._selectors = _selectors(module)

    def around(self, number: int, reach: Reach) -> dict[str, Any]:
        """Return the part around a mutant, as a module in yosys's JSON. Raises :class:`KeyError` for a number that no
        mutant has."""
        part = _Part(next_bit=1 + max(bit for bit in (*self._drivers, *self._readers) if isinstance(bit, int)))
        selector = self._selectors[number]
        differing, copied, border = self._behind(selector, reach.ahead)
        as_it_is: dict[Bit, Bit] = dict.fromkeys(self._selectors.values(), "0")
        changed: dict[Bit, Bit] = dict(zip(sorted(differing), part.new_bits(len(differing)), strict=True))
        as_changed = as_it_is | changed | {selector: "1"}
        pairs = [self._ends(part, cell, as_it_is, as_changed) for cell in border]
        pairs += [(_through(bits, as_it_is), _through(bits, as_changed)) for bits in self._outputs]
        for name in copied:
            self._copy(part, f"changed_{name}", name, as_changed)
        left, right = ([bit for pair in pairs for bit in pair[side]] for side in (0, 1))
        outcome = part.add("$ne", {"A": left, "B": right}, 1)
        wanted = [bit for cell in part.cells.values() for bits in _inputs(cell) for bit in bits]
        self._add_logic(part, wanted, as_it_is, reach.back, set(copied))
        return _module(part, outcome)

    def _behind(self, selector: int, ahead: int) -> tuple[set[int], list[str], list[str]]:
        """Return the bits behind the mutant, the cells that drive them, and the cells at the border."""
        bits: set[int] = set()
        depth: dict[str, int] = {}
        border: set[str] = set()
        queue = deque([(selector, 0)])
        while queue:
            bit, registers = queue.popleft()
            for name in self._readers.get(bit, ()):
                cell = self._cells[name]
                beyond = registers + (cell["type"] == _REGISTER)
                if cell["type"] == _MEMORY or beyond > ahead:
                    border.add(name)
                    continue
                if depth.get(name, beyond + 1) <= beyond:
                    continue
                depth[name] = beyond
                for found in _outputs(cell):
                    bits.update(found)
                    queue.extend((one, beyond) for one in found)
        return bits, sorted(depth), sorted(border - depth.keys())

    def _ends(
        self, part: _Part, name: str, as_it_is: Mapping[Bit, Bit], as_changed: Mapping[Bit, Bit]
    ) -> tuple[list[Bit], list[Bit]]:
        """Return what a register or a memory at the border takes, as it is and as the mutant changes it."""
        cell = self._cells[name]
        if cell["type"] == _REGISTER:
            bits = cell["connections"]["D"]
            return _through(bits, as_it_is), _through(bits, as_changed)
        return self._accesses(part, cell, as_it_is), self._accesses(part, cell, as_changed)

    def _accesses(self, part: _Part, cell: Mapping[str, Any], names: Mapping[Bit, Bit]) -> list[Bit]:
        """Return what a memory takes. Without an enable, an address and data do not count."""
        ports = {port: _through(bits, names) for port, bits in cell["connections"].items()}
        found: list[Bit] = [bit for port in ("RD_EN", "RD_ARST", "RD_SRST", "WR_EN") for bit in ports[port]]
        width = len(ports["WR_DATA"]) // max(1, int(cell["parameters"]["WR_PORTS"], 2))
        address = int(cell["parameters"]["ABITS"], 2)
        for number in range(int(cell["parameters"]["RD_PORTS"], 2)):
            here = ports["RD_ADDR"][number * address :][:address]
            found += part.add("$and", {"A": here, "B": [ports["RD_EN"][number]] * address}, address)
        for number in range(int(cell["parameters"]["WR_PORTS"], 2)):
            enables = ports["WR_EN"][number * width :][:width]
            data, here = ports["WR_DATA"][number * width :][:width], ports["WR_ADDR"][number * address :][:address]
            found += part.add("$and", {"A": data, "B": enables}, width)
            (any_bit,) = part.add("$reduce_or", {"A": enables}, 1)
            found += part.add("$and", {"A": here, "B": [any_bit] * address}, address)
        return found

    def _add_logic(
        self, part: _Part, wanted: Iterable[Bit], as_it_is: Mapping[Bit, Bit], back: int, copied: set[str]
    ) -> None:
        """Add the logic that drives some bits, unchanged, with the registers before it. Registers that were copied for
        the mutant keep their function too."""
        depth: dict[str, int] = {}
        queue = deque((bit, 0) for bit in wanted)
        while queue:
            bit, registers = queue.popleft()
            name = self._drivers.get(bit)
            if name is None or bit in as_it_is:
                continue
            cell = self._cells[name]
            before = registers + (cell["type"] == _REGISTER and name not in copied)
            if cell["type"] == _MEMORY or before > back or depth.get(name, before + 1) <= before:
                continue
            depth[name] = before
            queue.extend((one, before) for bits in _inputs(cell) for one in bits)
        for name in sorted(depth):
            self._copy(part, name, name, as_it_is)

    def _copy(self, part: _Part, new: str, name: str, names: Mapping[Bit, Bit]) -> None:
        """Add a copy of a cell in which bits have other names."""
        cell = dict(self._cells[name])
        original = cell["connections"]
        cell["connections"] = {port: _through(bits, names) for port, bits in original.items()}
        cell["attributes"] = {}
        part.cells[new] = cell
        if cell["type"] == _REGISTER:
            initial = "".join(self._initial.get(bit, "x") for bit in reversed(original["Q"]))
            net = {"hide_name": 0, "bits": cell["connections"]["Q"], "attributes": {"init": initial}}
            part.nets[f"value_of_{new}"] = net


def _initial_values(module: Mapping[str, Any]) -> dict[Bit, str]:
    """Return the initial value of every bit that has one."""
    found: dict[Bit, str] = {}
    for net in module["netnames"].values():
        values = net["attributes"].get("init", "")
        found.update(zip(net["bits"], reversed(values), strict=False))
    return found


def _through(bits: Sequence[Bit], names: Mapping[Bit, Bit]) -> list[Bit]:
    return [names.get(bit, bit) for bit in bits]


def _inputs(cell: Mapping[str, Any]) -> list[list[Bit]]:
    return [bits for port, bits in cell["connections"].items() if cell["port_directions"][port] == "input"]


def _outputs(cell: Mapping[str, Any]) -> list[list[int]]:
    return [bits for port, bits in cell["connections"].items() if cell["port_directions"][port] == "output"]


def _selectors(module: Mapping[str, Any]) -> dict[int, int]:
    """Return the bit that selects each mutant, by its number: the output of a comparison of the control with it."""
    control = module["ports"][CONTROL]["bits"]
    found = {}
    for cell in module["cells"].values():
        inputs = cell["connections"]
        if cell["type"] == "$eq" and inputs["A"] == control:
            found[int("".join(reversed(inputs["B"])), 2)] = inputs["Y"][0]
    return found


def _module(part: _Part, outcome: list[Bit]) -> dict[str, Any]:
    """Return the part as a module. Bits that nothing drives are its inputs."""
    driven = {bit for cell in part.cells.values() for bits in _outputs(cell) for bit in bits}
    read = {bit for cell in part.cells.values() for bits in _inputs(cell) for bit in bits if isinstance(bit, int)}
    ports = {
        "any": {"direction": "input", "bits": sorted(read - driven)},
        DIFFERENT: {"direction": "output", "bits": outcome},
    }
    nets = {name: {"hide_name": 0, "bits": port["bits"], "attributes": {}} for name, port in ports.items()}
    return {"attributes": {}, "ports": ports, "cells": part.cells, "netnames": part.nets | nets}
