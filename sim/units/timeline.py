"""A bench as a script: inputs and expected outputs, each written down at its cycle, in whatever order they come."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from ceprop.sim.units.cell import Cell, Cycle


class Timeline:
    """Grows as it is written to; then it is run on a cell."""

    def __init__(self) -> None:
        self._cycles: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        self._expected: list[tuple[int, str, str, Any]] = []

    def set(self, cycle: int, port: str, value: Any = None, **fields: Any) -> None:
        """A port's value, or some fields of its message; other fields of the same cycle stay."""
        if value is None:
            self._cycles[cycle].setdefault(port, {}).update(fields)
        else:
            self._cycles[cycle][port] = value

    def expect(self, cycle: int, what: str, port: str, value: Any) -> None:
        """An output's value in a cycle; of a message those fields that `value` names."""
        self._expected.append((cycle, what, port, value))

    def cycles(self, after: int) -> list[Cycle]:
        """Inputs of every cycle from 0 on, and some cycles more, for what is still on its way."""
        return [self._cycles.get(c, {}) for c in range(max(self._cycles) + 1 + after)]

    async def run(self, cell: Cell, *, undefined: Collection[str] = ()) -> list[dict[str, int]]:
        """Play it all and hold every expected output to what came; gives the outputs of all cycles. Those in
        `undefined` may be unknown where nothing is expected of them."""
        last = max((cycle for cycle, *_ in self._expected), default=0)
        outputs = await cell.play(self.cycles(max(1, last - max(self._cycles))), undefined=undefined)
        for cycle, what, port, expected in sorted(self._expected, key=lambda entry: entry[0]):
            found = cell.output(outputs[cycle], port)
            if isinstance(expected, dict):
                found = {name: found[name] for name in expected}
            cell.equal(f"cycle {cycle}, {what}, {port}", found, expected)
        return outputs
