"""A cell in a simulator. Its inputs are driven and its outputs are sampled in every cycle."""

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
"""The cycles of a reset. They exceed the longest chain of registers without reset in any cell."""

Cycle = Mapping[str, Value]
"""The inputs of one cycle, by port. Inputs that are left out are zero."""


class Cell:
    """One of the cells of the simulated module.

    Parameters
    ----------
    dut
        The handle of the module in cocotb.
    name : str
        The prefix of the ports of the cell.
    component : wiring.Component
        The cell as it was built. Only its signature and its parameters are used.
    geometry : Geometry
        The geometry from which the cell was built.
    seed : int
        The seed of `random`.
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
        """Start the clock and reset the cell. All inputs are zero until no earlier value is left in its registers."""
        self.dut.rst.value = 1
        self._drive({})
        # In the simulator, not in Python: it takes half the time, and nothing is driven or sampled at the rising edge.
        Clock(self.dut.clk, PERIOD, unit="ns", impl="gpi").start(start_high=False)
        for _ in range(_RESET_CYCLES):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def play(self, cycles: Iterable[Cycle], *, undefined: Collection[str] = ()) -> list[dict[str, int]]:
        """Drive the inputs of each cycle at its falling edge. Returns all outputs of each cycle, as bits, after they
        have settled.

        Only outputs in `undefined` may be unknown. They are left out of the cycles in which they are unknown.
        """
        handles = {name: self._handle(name) for name, port in self._outputs.items() if port.width}
        falling, settled, sampled = FallingEdge(self.dut.clk), Timer(PERIOD // 5, unit="ns"), []
        for cycle in cycles:
            await falling
            self._drive(cycle)
            # Some outputs depend on the inputs of the same cycle, so they need a little time.
            await settled
            values = {name: handle.value for name, handle in handles.items()}
            known = {n: value for n, value in values.items() if n not in undefined or value.is_resolvable}
            sampled.append({name: self._bits(name, value) for name, value in known.items()})
        return sampled

    def width(self, name: str) -> int:
        """Return the number of bits of a port."""
        return (self._inputs | self._outputs)[name].width

    def output(self, sampled: Mapping[str, int], name: str) -> Any:
        """Return one output of a cycle, as a number or as its fields. Raises :class:`AssertionError` if the output was
        unknown."""
        if self._outputs[name].width and name not in sampled:
            raise AssertionError(f"{self.name}: {name} is unknown (seed {self.seed})")
        return self._outputs[name].unpack(sampled.get(name, 0))

    def bits(self, name: str, value: Value) -> int:
        """Return the value of an input as bits."""
        return self._inputs[name].pack(value)

    def passed(self, name: str, value: Value) -> Any:
        """Return the value of an input with all its fields as numbers, as a cell passes it on."""
        port = self._inputs[name]
        return port.unpack(port.pack(value))

    def noise(self, name: str) -> Any:
        """Return a random value of an input, with random bits in all its fields."""
        return self._inputs[name].unpack(self.random.getrandbits(self.width(name)))

    def equal(self, what: str, found: Any, expected: Any) -> None:
        """Raise :class:`AssertionError` unless the two values are equal. The message has everything that is needed to
        repeat the failure."""
        if found != expected:
            raise AssertionError(f"{self.name}: {what}: model {expected}, hardware {found} (seed {self.seed})")

    def _drive(self, cycle: Cycle) -> None:
        """Drive the inputs of one cycle."""
        unknown = cycle.keys() - self._inputs.keys()
        assert not unknown, f"{self.name} has no inputs {unknown}"
        for name, port in self._inputs.items():
            bits = port.pack(cycle[name]) if name in cycle else 0
            if port.width and self._driven.get(name) != bits:
                self._handle(name).value = bits
                self._driven[name] = bits

    def _bits(self, name: str, value: Any) -> int:
        """Return the value of an output as bits. Raises :class:`AssertionError` if it is unknown."""
        try:
            return int(value)
        except ValueError:
            raise AssertionError(f"{self.name}: {name} is {value} (seed {self.seed})") from None

    def _handle(self, name: str) -> Any:
        """Return the handle of a port in cocotb."""
        return getattr(self.dut, f"{self.name}__{name}")
