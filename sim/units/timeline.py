"""Inputs written down at the cycle in which they count, whatever order they are thought of in."""

from collections import defaultdict
from typing import Any

from ceprop.sim.units.cell import Cycle


class Timeline:
    """Grows as it is written to."""

    def __init__(self) -> None:
        self._cycles: defaultdict[int, dict[str, Any]] = defaultdict(dict)

    def set(self, cycle: int, port: str, value: Any = None, **fields: Any) -> None:
        """A port's value, or some fields of its message; other fields of the same cycle stay."""
        if fields:
            self._cycles[cycle].setdefault(port, {}).update(fields)
        else:
            self._cycles[cycle][port] = value

    def cycles(self, after: int) -> list[Cycle]:
        """Every cycle from 0 on, and some more at the end, for what is still on its way."""
        return [self._cycles.get(c, {}) for c in range(max(self._cycles) + 1 + after)]
