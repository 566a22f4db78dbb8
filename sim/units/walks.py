"""The comparison of the outputs of a walk, cycle by cycle, which the benches of both walkers share."""

from typing import Any

from ceprop.sim.units.cell import Cell

Outputs = dict[str, Any]
"""The expected outputs of a cycle: by port, the fields that matter."""


def compare_walk(
    cell: Cell, what: str, outputs: list[dict[str, int]], expected: list[Outputs], rest: Outputs, late: int = 0
) -> None:
    """Compare every message of a walk, `command__done` in the cycle of the last slot, and `rest` after the walk. The
    messages follow their slots after `late` cycles."""
    for now, output in enumerate(outputs):
        slot = now - late
        wanted = expected[slot] if 0 <= slot < len(expected) else rest if slot >= 0 else {}
        wanted = wanted | {"command__done": int(now == len(expected) - 1)}
        for port, value in wanted.items():
            found = cell.output(output, port)
            if isinstance(value, dict):
                found = {name: found[name] for name in value}
                value = {name: getattr(entry, "value", entry) for name, entry in value.items()}
            cell.equal(f"{what}, {now} cycles into the walk, {port}", found, value)
