"""A bench as a script. Inputs and expected outputs are written at their cycles, in any order."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from ceprop.sim.units.cell import Cell, Cycle


class Timeline:
    """A script that grows while it is written, and that is then run on a cell."""

    def __init__(self) -> None:
        self._cycles: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        self._expected: list[tuple[int, str, str, Any]] = []

    def set(self, cycle: int, port: str, value: Any = None, **fields: Any) -> None:
        """Set the value of a port in a cycle, or some fields of its message. Other fields of the same cycle do not
        change."""
        if value is None:
            self._cycles[cycle].setdefault(port, {}).update(fields)
        else:
            self._cycles[cycle][port] = value

    def expect(self, cycle: int, what: str, port: str, value: Any) -> None:
        """Expect the value of an output in a cycle. Of a message, only the fields in `value` are compared."""
        self._expected.append((cycle, what, port, value))

    def cycles(self, after: int) -> list[Cycle]:
        """Return the inputs of every cycle from 0 on, and `after` more cycles, for words that are still under way."""
        return [self._cycles.get(c, {}) for c in range(max(self._cycles) + 1 + after)]

    async def run(self, cell: Cell, *, undefined: Collection[str] = ()) -> list[dict[str, int]]:
        """Play the script, and compare every expected output. Returns the outputs of all cycles.

        Outputs in `undefined` may be unknown in cycles in which they are not compared.
        """
        last = max((cycle for cycle, *_ in self._expected), default=0)
        outputs = await cell.play(self.cycles(max(1, last - max(self._cycles))), undefined=undefined)
        for cycle, what, port, expected in sorted(self._expected, key=lambda entry: entry[0]):
            found = cell.output(outputs[cycle], port)
            if isinstance(expected, dict):
                found = {name: found[name] for name in expected}
            cell.equal(f"cycle {cycle}, {what}, {port}", found, expected)
        return outputs
