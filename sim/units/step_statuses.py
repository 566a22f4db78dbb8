"""Random status messages of a step, as the edges send them, and what the step has found."""

from typing import Any

from ceprop.sim.units.cell import Cell
from ceprop.sim.units.sample_model import Found
from ceprop.specification import Edge

Status = tuple[dict[str, Any], dict[str, int]]
"""The inputs of a cycle, and the lengths of lists that are known behind it."""


class StepStatuses:
    """The statuses of the steps of one sample. The prediction stays where a step is none of the output layer."""

    def __init__(self, cell: Cell):
        self._cell, self._random = cell, cell.random
        self._outputs = cell.geometry.edge(cell.specification.connections[-1])
        self._best = (0, False)

    def draw(self, edges: list[Edge], *, first: bool) -> tuple[Found, list[Status]]:
        """Return what a step of these edges finds, and its statuses, one per cycle. A state that the `first` step of a
        sample changes is never the one before the last."""
        random = self._random
        may_change, may_differ = random.random() < 0.7, random.random() < 0.6
        statuses: list[tuple[Edge, dict[str, int]]] = []
        for edge in edges:
            statuses.extend((edge, status) for status in self._of_edge(edge, may_change))
        for _, status in statuses:
            aperiodic = status["changed"] if first else random.getrandbits(1)
            status["aperiodic"] = aperiodic if first or may_differ else 0
        if self._outputs in edges:
            self._best = self._rank([status for edge, status in statuses if edge == self._outputs])
        found = Found(
            any(status["changed"] for _, status in statuses),
            any(status["aperiodic"] for _, status in statuses),
            self._cell.specification.classes - self._best[0],
            self._best[1],
        )
        return found, [self._message(edge, status) for edge, status in statuses]

    def _of_edge(self, edge: Edge, may_change: bool) -> list[dict[str, int]]:
        """Return one or two statuses for every layer of an edge."""
        random, geometry = self._random, self._cell.geometry
        found = []
        for layer in geometry.layers(edge):
            count = random.choice((1, 2))
            for number in range(count):
                last = number == count - 1
                status = {
                    "valid": 1,
                    "layer": geometry.edge_number(layer),
                    "layer_last": int(last),
                    "last": int(last and layer == geometry.layers(edge)[-1]),
                    "changed": random.getrandbits(1) if may_change else 0,
                    "found": int(layer == self._cell.specification.connections[-1]),
                    "tie": random.getrandbits(1),
                    "largest": random.getrandbits(min(2, self._cell.specification.formats.state_bits)),
                    "remaining": random.randint(1, self._cell.specification.classes),
                }
                lengths = {f"{name}_most": random.randint(0, geometry.slots(layer)) for name in ("changed", "active")}
                found.append(status | lengths)
        return found

    @staticmethod
    def _rank(statuses: list[dict[str, int]]) -> tuple[int, bool]:
        """Return the first of the largest outputs, as it counts down, and whether another one is as large."""
        best: tuple[int, int, bool] | None = None
        for status in statuses:
            if not status["found"]:
                continue
            if best is None or status["largest"] > best[0]:
                best = status["largest"], status["remaining"], bool(status["tie"])
            elif status["largest"] == best[0]:
                best = best[0], best[1], True
        return (0, False) if best is None else best[1:]

    def _message(self, edge: Edge, status: dict[str, int]) -> Status:
        """Return the inputs of a status, and the lengths of lists that it completes."""
        layer = self._cell.geometry.layers(edge)[status["layer"]]
        lengths = {
            f"lists__{name}__{layer - 1}": status[f"{name}_most"]
            for name in ("changed", "active")
            if status["layer_last"]
        }
        return {f"{edge}__status": status}, lengths
