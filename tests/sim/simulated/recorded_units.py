"""The benches of units as `ceprop.sim.units.bench` has them. What the hardware answers is written into a file."""

import json
import os
from collections.abc import Collection, Iterable
from importlib import import_module
from pathlib import Path

from ceprop.sim.units.cell import Cell, Cycle

RECORD = json.loads(os.environ["CEPROP_TEST_RECORD"])
"""The `file` of the answers, one list of outputs per line, and the `constants` of the benches by module."""

for module, constants in RECORD["constants"].items():
    for constant, value in constants.items():
        setattr(import_module(module), constant, value)

_play = Cell.play


async def play(cell: Cell, cycles: Iterable[Cycle], *, undefined: Collection[str] = ()) -> list[dict[str, int]]:
    """As :meth:`Cell.play`. The outputs are appended to the file."""
    outputs = await _play(cell, cycles, undefined=undefined)
    with Path(RECORD["file"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps([cell.name, outputs]) + "\n")
    return outputs


Cell.play = play  # pyright: ignore[reportAttributeAccessIssue]

from ceprop.sim.units.bench import bench  # noqa: E402, F401 (cocotb finds the benches in this module)
