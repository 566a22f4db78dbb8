"""A cell in a simulator: drives its inputs cycle by cycle, and gives back what its outputs were in each of them."""

from collections.abc import Collection, Iterable, Mapping
from random import Random
from typing import Any

from amaranth.lib import wiring
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

from ceprop.sim.driver import PERIOD
from ceprop.sim.units.ports import Value, ports
from ceprop.specification import Geometry

_RESET_CYCLES = 20
"""More than the registers without reset that lie behind each other in any cell."""

Cycle = Mapping[str, Value]
"""Inputs of one cycle; those left out are zero."""


class Cell:
    """One cell among those of the module that is simulated.

    Parameters
    ----------
    dut
        cocotb's handle of the module.
    name : str
        Prefix of the cell's ports.
    component : wiring.Component
        The cell as built; only its signature and its parameters are looked at.
    geometry : Geometry
        What it was built from.
    seed : int
        Of `random`.
    """

    def __init__(self, dut: Any, name: str, component: wiring.Component, geometry: Geometry, seed: int):
        self.dut = dut
        self.name = name
        self.component = component
        self.geometry = geometry
        self.specification = geometry.specification
        self.seed = seed
        self.random = Random(f"{seed} {name}")
        self._inputs, self._outputs = ports(component)
        self._driven: dict[str, int] = {}

    async def start(self) -> None:
        """Clock and reset, all inputs zero, until nothing is left of what was there before."""
        self.dut.rst.value = 1
        self._drive({})
        Clock(self.dut.clk, PERIOD, unit="ns").start(start_high=False)
        for _ in range(_RESET_CYCLES):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def play(self, cycles: Iterable[Cycle], *, undefined: Collection[str] = ()) -> list[dict[str, int]]:
        """Drive each cycle's inputs at its falling edge; all outputs of each cycle, as bits, once they have settled.
        Only those in `undefined` may be unknown, and are left out of a cycle in which they are."""
        handles = {name: self._handle(name) for name, port in self._outputs.items() if port.width}
        sampled = []
        for cycle in cycles:
            await FallingEdge(self.dut.clk)
            self._drive(cycle)
            # Some outputs follow the inputs of the same cycle.
            await Timer(PERIOD // 5, unit="ns")
            known = {n: h for n, h in handles.items() if n not in undefined or h.value.is_resolvable}
            sampled.append({name: self._bits(name, handle) for name, handle in known.items()})
        return sampled

    def width(self, name: str) -> int:
        """Bits of a port."""
        return (self._inputs | self._outputs)[name].width

    def output(self, sampled: Mapping[str, int], name: str) -> Any:
        """One output of a cycle: a number, or its fields; :class:`AssertionError` where it was unknown."""
        if self._outputs[name].width and name not in sampled:
            raise AssertionError(f"{self.name}: {name} is unknown (seed {self.seed})")
        return self._outputs[name].unpack(sampled.get(name, 0))

    def bits(self, name: str, value: Value) -> int:
        """An input as bits."""
        return self._inputs[name].pack(value)

    def passed(self, name: str, value: Value) -> Any:
        """What an input is when it is passed on: all its fields as numbers."""
        port = self._inputs[name]
        return port.unpack(port.pack(value))

    def equal(self, what: str, found: Any, expected: Any) -> None:
        """Fail with everything that repeats the failure, unless the two are equal."""
        if found != expected:
            raise AssertionError(f"{self.name}: {what}: model {expected}, hardware {found} (seed {self.seed})")

    def _drive(self, cycle: Cycle) -> None:
        unknown = cycle.keys() - self._inputs.keys()
        assert not unknown, f"{self.name} has no inputs {unknown}"
        for name, port in self._inputs.items():
            bits = port.pack(cycle[name]) if name in cycle else 0
            if port.width and self._driven.get(name) != bits:
                self._handle(name).value = bits
                self._driven[name] = bits

    def _bits(self, name: str, handle: Any) -> int:
        value = handle.value
        try:
            return int(value)
        except ValueError:
            raise AssertionError(f"{self.name}: {name} is {value} (seed {self.seed})") from None

    def _handle(self, name: str) -> Any:
        return getattr(self.dut, f"{self.name}__{name}")
