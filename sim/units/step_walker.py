"""Bench of the step walker: one message for every slot of every layer, in order, as fast as the trace has room."""

from collections.abc import Iterator, Sequence
from typing import Any

from ceprop.hdl.lanes.messages import Operation
from ceprop.hdl.lanes.stages import start_delay, step_beats
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.walks import Outputs, compare_walk
from ceprop.specification import Edge, Geometry

_WALKS = 60

_SILENT: Outputs = {f"messages__{edge}": {"operation": Operation.NONE} for edge in ("row", "column")}
"""The messages of a cycle in which no neuron steps."""


async def bench_step_walker(cell: Cell) -> None:
    """Walk over all layers, or in alternating order over those of an edge, with a trace that sometimes has no room."""
    random, geometry = cell.random, cell.geometry
    for _ in range(_WALKS):
        names = ("first", "nudged", "swap", "bank", "everything", "keep", "save", "restore")
        copied: dict[str, int] = {name: random.getrandbits(1) for name in names}
        learn, columns = random.getrandbits(1), random.getrandbits(1)
        layers = geometry.specification.connections
        if geometry.specification.alternating and not learn and not copied["restore"]:
            layers = geometry.layers("column" if columns else "row")
        drive = random.randint(1, geometry.drives)
        settings: dict[str, Any] = {
            "command__first": copied["first"],
            "command__nudged": copied["nudged"],
            "command__keep": copied["keep"],
            "command__save": copied["save"],
            "command__restore": copied["restore"],
            "command__learn": learn,
            "command__columns": columns,
            "banks__swap": copied["swap"],
            "banks__bank": copied["bank"],
            "settings__everything": copied["everything"],
            "sample__bank": drive - 1 if geometry.drives > 1 else random.getrandbits(1),
        }
        late = start_delay(geometry)
        cycles, expected = (
            [settings | {"command__start": int(k == 0), "position__room": 1} for k in range(1 + late)],
            [],
        )
        for wanted in _steps(geometry, layers, copied, Operation.LEARN if learn else Operation.STEP, drive):
            while random.random() < 0.2:
                cycles.append(settings | {"position__room": 0})
                position = {name: wanted[name] for name in ("position__layer", "position__slot")}
                expected.append(_SILENT | position | {"position__stepping": 0})
            cycles.append(settings | {"position__room": 1})
            expected.append(wanted)
            for _ in range(1, step_beats(geometry)):
                cycles.append(settings | {"position__room": random.getrandbits(1)})
                expected.append(_SILENT | {"position__layer": 0, "position__stepping": 0})
        # The walk ends with its last message, and the next walk may begin in the next cycle.
        del expected[1 - step_beats(geometry) or len(expected) :]
        idle = random.randint(0, 2)
        cycles += [settings | {"position__room": 1}] * idle
        outputs = await cell.play(cycles)
        compare_walk(cell, "step", outputs[1 + late :], expected, {"position__layer": 0, "position__stepping": 0})


def _steps(
    geometry: Geometry, walked: Sequence[int], copied: dict[str, int], operation: Operation, drive: int
) -> Iterator[Outputs]:
    """Yield the messages of a step of the layers that are `walked`. The other edge gets no message."""
    layers = geometry.specification.layers
    for layer in walked:
        edge: Edge = geometry.edge(layer)
        for slot in range(geometry.slots(layer)):
            layer_last = slot == geometry.slots(layer) - 1
            message: dict[str, Any] = copied | {
                "operation": operation,
                "index": slot,
                "layer": geometry.edge_number(layer),
                "drive": drive if layer == 1 else 0,
                "output": int(layer == len(layers) - 1),
                "layer_last": int(layer_last),
                "last": int(layer == geometry.layers(edge)[-1] and layer_last),
                "remaining": layers[layer] - slot * geometry.lanes(layer),
            }
            yield _SILENT | {
                f"messages__{edge}": message,
                "position__layer": layer,
                "position__slot": slot,
                "position__nudged": copied["nudged"],
                "position__stepping": int(operation is Operation.STEP and not copied["restore"]),
            }
