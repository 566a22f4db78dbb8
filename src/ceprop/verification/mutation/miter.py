"""A miter of a design and a mutant: one module that has both, and an output that is 1 where they differ.

Both have the same inputs. The mutant has a copy of what lies behind its change, and shares the rest. Memories are cut
out: both must write the same. What they read may be anything, but it is the same where both read at the same address.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.verification.mutation.mutant import CONTROL

Bit = int | str
"""A bit of a netlist in yosys's JSON: the number of a net, or a constant."""

DIFFERENT = "different"
"""The output of a miter."""

_MEMORY, _REGISTER = "$mem_v2", "$dff"


@dataclass(frozen=True)
class _Read:
    """A read port of a memory: its clock, or None without one, its enable, its address and what it has read."""

    clock: Bit | None
    enable: Bit
    address: Sequence[Bit]
    data: Sequence[int]


@dataclass
class _Module:
    """The cells and nets of the module that is made, and the first bit that nothing has."""

    next_bit: int
    cells: dict[str, Any] = field(default_factory=dict)
    nets: dict[str, Any] = field(default_factory=dict)

    def new_bits(self, count: int) -> list[int]:
        """Return bits that nothing has yet."""
        self.next_bit += count
        return list(range(self.next_bit - count, self.next_bit))

    def logic(self, kind: str, inputs: Mapping[str, Sequence[Bit]], output: Sequence[Bit]) -> None:
        """Add a cell of logic with the output Y."""
        sizes = {f"{name}_WIDTH": len(bits) for name, bits in {**inputs, "Y": output}.items()}
        signs = {f"{name}_SIGNED": 0 for name in inputs}
        self._add(kind, {"WIDTH": len(output)} if kind == "$mux" else sizes | signs, inputs, {"Y": output})

    def bit_of(self, kind: str, **inputs: Sequence[Bit]) -> Bit:
        """Add a cell of logic whose output has one bit, and return this bit."""
        output = self.new_bits(1)
        self.logic(kind, inputs, output)
        return output[0]

    def register(self, clock: Bit, value: Bit, output: Bit) -> None:
        """Add a register of one bit, which is 0 at first."""
        self._add(_REGISTER, {"WIDTH": 1, "CLK_POLARITY": 1}, {"CLK": [clock], "D": [value]}, {"Q": [output]})
        self.initial([output], "0")

    def initial(self, bits: Sequence[Bit], values: str) -> None:
        """Give registers their initial values. `values` begins with that of the last bit."""
        self.nets[f"register_{len(self.nets)}"] = {"hide_name": 0, "bits": bits, "attributes": {"init": values}}

    def _add(
        self,
        kind: str,
        parameters: Mapping[str, int],
        inputs: Mapping[str, Sequence[Bit]],
        outputs: Mapping[str, Sequence[Bit]],
    ) -> None:
        self.cells[f"miter_{len(self.cells)}"] = {
            "hide_name": 0,
            "type": kind,
            "parameters": {name: f"{value:032b}" for name, value in parameters.items()},
            "attributes": {},
            "port_directions": {**dict.fromkeys(inputs, "input"), **dict.fromkeys(outputs, "output")},
            "connections": {name: list(bits) for name, bits in {**inputs, **outputs}.items()},
        }


class Miters:
    """The miters of a netlist with all mutants behind the input :data:`CONTROL`.

    `module` is the module in yosys's JSON, flat, with registers of the kind $dff only, and with one clock, `clk`.
    """

    def __init__(self, module: Mapping[str, Any]):
        self._ports: Mapping[str, Any] = module["ports"]
        cells: Mapping[str, Any] = module["cells"]
        self._memories = [cell for cell in cells.values() if cell["type"] == _MEMORY]
        self._reads = [read for cell in self._memories for read in _reads(cell)]
        self._selectors = _selectors(module)
        chosen = set(self._selectors.values())
        self._cells = {
            name: cell
            for name, cell in cells.items()
            if cell["type"] != _MEMORY and not chosen.intersection(*_bits(cell, "output"))
        }
        self._initial = _initial_values(module, chosen)
        self._readers: dict[Bit, list[str]] = {}
        for name, cell in self._cells.items():
            for bit in {bit for bits in _bits(cell, "input") for bit in bits}:
                self._readers.setdefault(bit, []).append(name)
        every = (bit for cell in cells.values() for bits in cell["connections"].values() for bit in bits)
        self._next_bit = 1 + max(bit for bit in every if isinstance(bit, int))

    def of(self, number: int) -> dict[str, Any]:
        """Return the miter of a mutant, as a module in yosys's JSON. Raises :class:`KeyError` for a number that no
        mutant has."""
        selector = self._selectors[number]
        made = _Module(self._next_bit)
        copied, reads, bits = self._behind(selector)
        as_it_is: dict[Bit, Bit] = dict.fromkeys(self._selectors.values(), "0")
        renamed: dict[Bit, Bit] = dict(zip(bits, made.new_bits(len(bits)), strict=True))
        as_changed = as_it_is | renamed | {selector: "1"}
        for name in self._cells:
            self._copy(made, name, name, as_it_is)
        for name in copied:
            self._copy(made, f"changed_{name}", name, as_changed)
        for read in reads:
            _read_again(made, read, as_it_is, as_changed)
        sides = [self._seen(made, names) for names in (as_it_is, as_changed)]
        pairs = [(left, right) for left, right in zip(*sides, strict=True) if left != right]
        different = made.bit_of("$ne", A=[left for left, _ in pairs], B=[right for _, right in pairs]) if pairs else "0"
        return _with_ports(made, self._ports["clk"]["bits"], different)

    def _behind(self, selector: int) -> tuple[list[str], list[_Read], list[int]]:
        """Return what a change reaches: cells, reads of memories, and bits."""
        bits: set[Bit] = {selector}
        cells: set[str] = set()
        reads: set[int] = set()
        queue = deque(bits)
        while queue:
            bit = queue.popleft()
            found: list[Sequence[int]] = []
            for name in self._readers.get(bit, ()):
                if name not in cells:
                    cells.add(name)
                    found += _bits(self._cells[name], "output")
            for number, read in enumerate(self._reads):
                if number not in reads and (bit == read.enable or bit in read.address):
                    reads.add(number)
                    found.append(read.data)
            new = {one for some in found for one in some} - bits
            bits |= new
            queue.extend(new)
        numbers = sorted(bit for bit in bits if isinstance(bit, int) and bit != selector)
        return sorted(cells), [self._reads[number] for number in sorted(reads)], numbers

    def _seen(self, made: _Module, names: Mapping[Bit, Bit]) -> list[Bit]:
        """Return what must be the same: outputs, and what is written to memories. Without an enable, data and an
        address do not count."""
        found = [bit for port in self._ports.values() if port["direction"] == "output" for bit in port["bits"]]
        found = _through(found, names)
        for cell in self._memories:
            ports = {port: _through(bits, names) for port, bits in cell["connections"].items()}
            width, address = int(cell["parameters"]["WIDTH"], 2), int(cell["parameters"]["ABITS"], 2)
            found += ports["WR_EN"]
            for number in range(int(cell["parameters"]["WR_PORTS"], 2)):
                enables = ports["WR_EN"][number * width :][:width]
                data, here = made.new_bits(width), made.new_bits(address)
                made.logic("$and", {"A": ports["WR_DATA"][number * width :][:width], "B": enables}, data)
                is_written = [made.bit_of("$reduce_or", A=enables)] * address
                made.logic("$and", {"A": ports["WR_ADDR"][number * address :][:address], "B": is_written}, here)
                found += data + here
        return found

    def _copy(self, made: _Module, new: str, name: str, names: Mapping[Bit, Bit]) -> None:
        """Add a copy of a cell in which bits have other names."""
        cell = self._cells[name]
        connections = {port: _through(bits, names) for port, bits in cell["connections"].items()}
        made.cells[new] = {**cell, "connections": connections, "attributes": {}}
        if cell["type"] == _REGISTER:
            values = "".join(self._initial[bit] for bit in reversed(cell["connections"]["Q"]))
            made.initial(connections["Q"], values)


def _read_again(made: _Module, read: _Read, as_it_is: Mapping[Bit, Bit], as_changed: Mapping[Bit, Bit]) -> None:
    """Add what the mutant has read: the same as the design if both have read at the same address, otherwise
    anything."""
    addresses = [_through(read.address, names) for names in (as_it_is, as_changed)]
    elsewhere = made.bit_of("$ne", A=addresses[0], B=addresses[1])
    if read.clock is not None:
        # Without an enable, a port keeps what it has read.
        enables = [_through([read.enable], names) for names in (as_it_is, as_changed)]
        both = made.bit_of("$and", A=enables[0], B=enables[1])
        one = made.bit_of("$xor", A=enables[0], B=enables[1])
        (was_elsewhere,) = made.new_bits(1)
        kept_or_new = made.bit_of("$mux", A=[was_elsewhere], B=[elsewhere], S=[both])
        made.register(read.clock, made.bit_of("$or", A=[kept_or_new], B=[one]), was_elsewhere)
        elsewhere = was_elsewhere
    anything = made.new_bits(len(read.data))
    inputs = {"A": read.data, "B": anything, "S": [elsewhere]}
    made.logic("$mux", inputs, _through(read.data, as_changed))


def _reads(cell: Mapping[str, Any]) -> Iterator[_Read]:
    """Yield the read ports of a memory."""
    ports, parameters = cell["connections"], cell["parameters"]
    width, address = int(parameters["WIDTH"], 2), int(parameters["ABITS"], 2)
    if {*ports["RD_ARST"], *ports["RD_SRST"]} - {"0"}:
        raise CepropError("a memory whose read port has a reset has no miter")
    for number, clocked in enumerate(reversed(parameters["RD_CLK_ENABLE"])):
        yield _Read(
            ports["RD_CLK"][number] if clocked == "1" else None,
            ports["RD_EN"][number],
            ports["RD_ADDR"][number * address :][:address],
            ports["RD_DATA"][number * width :][:width],
        )


def _initial_values(module: Mapping[str, Any], selectors: set[int]) -> dict[Bit, str]:
    """Return the initial value of every bit that has one.

    A mutant of the output of a register stands between the register and its net, and the net has the initial value."""
    found: dict[Bit, str] = {}
    for net in module["netnames"].values():
        values = net["attributes"].get("init", "")
        found.update((bit, value) for bit, value in zip(net["bits"], reversed(values), strict=False) if value != "x")
    muxes = [cell["connections"] for cell in module["cells"].values() if cell["type"] == "$mux"]
    behind = {ports["A"][0]: ports["Y"][0] for ports in muxes if ports["S"][0] in selectors}
    for bit in behind:
        last = bit
        while last not in found and last in behind:
            last = behind[last]
        if last in found:
            found.setdefault(bit, found[last])
    return found


def _through(bits: Sequence[Bit], names: Mapping[Bit, Bit]) -> list[Bit]:
    return [names.get(bit, bit) for bit in bits]


def _bits(cell: Mapping[str, Any], direction: str) -> list[list[Any]]:
    return [bits for port, bits in cell["connections"].items() if cell["port_directions"][port] == direction]


def _selectors(module: Mapping[str, Any]) -> dict[int, int]:
    """Return the bit that selects each mutant, by its number: the output of a comparison of the control with it."""
    control = module["ports"][CONTROL]["bits"]
    found = {}
    for cell in module["cells"].values():
        inputs = cell["connections"]
        if cell["type"] == "$eq" and inputs["A"] == control:
            found[int("".join(reversed(inputs["B"])), 2)] = inputs["Y"][0]
    return found


def _with_ports(made: _Module, clock: list[Bit], different: Bit) -> dict[str, Any]:
    """Return the module. Bits that nothing drives are its inputs."""
    driven = {bit for cell in made.cells.values() for bits in _bits(cell, "output") for bit in bits}
    read = {bit for cell in made.cells.values() for bits in _bits(cell, "input") for bit in bits}
    numbers = {bit for bit in read - driven if isinstance(bit, int)}
    ports = {
        "clk": {"direction": "input", "bits": clock},
        "any": {"direction": "input", "bits": sorted(numbers.difference(clock))},
        DIFFERENT: {"direction": "output", "bits": [different]},
    }
    nets = {name: {"hide_name": 0, "bits": port["bits"], "attributes": {}} for name, port in ports.items()}
    return {"attributes": {}, "ports": ports, "cells": made.cells, "netnames": made.nets | nets}
