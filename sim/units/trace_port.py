"""Bench of the trace port: steps of both edges with pauses, a reader that is fast, slow or absent, and a queue that is
filled to its last place."""

from typing import Any

from ceprop.hdl.io.trace_port import TRACE_DEPTH, TracePort
from ceprop.hdl.lanes.messages import Messages
from ceprop.sim.units.cell import Cell, Cycle
from ceprop.specification import Edge, Geometry

LATENCIES: dict[Edge, int] = {"row": 5, "column": 3}
"""Cycles from a step message to its neurons. The bench works with any numbers."""
_ROUNDS = 12
_DRAIN = TRACE_DEPTH + max(LATENCIES.values()) + 4
"""Cycles after which a reader that is always ready has everything."""


def trace_port_of(geometry: Geometry) -> TracePort:
    """Return a trace port of the edges with neurons."""
    return TracePort(geometry, {edge: LATENCIES[edge] for edge in LATENCIES if geometry.layers(edge)})


async def bench_trace_port(cell: Cell) -> None:
    """Every group must come out once, in order, with the neurons of its edge. `position.room` must tell in every cycle
    whether one more fits."""
    random = cell.random
    cycles: list[dict[str, Any]] = []
    for number in range(_ROUNDS):
        # A reader that takes nothing until the queue is full, one that is always there, and one between them.
        eager = (0.0, 1.0, random.random())[number % 3]
        left = TRACE_DEPTH
        while left:
            steps = random.random() < 0.8
            left -= steps
            cycles.append(_cycle(cell, steps, random.random() < eager))
        cycles += [_cycle(cell, False, False) for _ in range(3)]
        cycles += [_cycle(cell, False, True) for _ in range(_DRAIN)]
    outputs = await cell.play(cycles, undefined=("trace__payload",))
    expected = [_group(cell, cycles, now) for now, cycle in enumerate(cycles) if _steps(cycle)]
    waiting, found = 0, []
    for now, (cycle, output) in enumerate(zip(cycles, outputs, strict=True)):
        cell.equal(f"cycle {now}, position__room", output["position__room"], int(waiting != TRACE_DEPTH))
        taken = output["trace__valid"] and cycle["trace__ready"]
        if taken:
            found.append(cell.output(output, "trace__payload"))
        waiting += _steps(cycle) - bool(taken)
    for number, (group, right) in enumerate(zip(found, expected, strict=False)):
        cell.equal(f"group {number}, trace__payload", group, right)
    cell.equal("groups that came out, trace__valid", len(found), len(expected))


def _cycle(cell: Cell, steps: bool, ready: bool) -> dict[str, Any]:
    """Return the inputs of a cycle: a step or none, and random neurons on all lanes."""
    random, geometry = cell.random, cell.geometry
    layer = random.choice(geometry.specification.connections)
    found: dict[str, Any] = {
        "position__stepping": int(steps),
        "position__layer": layer,
        "position__slot": random.randrange(geometry.slots(layer)),
        "position__nudged": random.getrandbits(1),
        "trace__ready": int(ready),
    }
    shape, formats = Messages(geometry).trace, geometry.specification.formats
    drive_bits = shape.size - formats.state_bits
    for edge in LATENCIES:
        for lane in range(geometry.rows if edge == "row" else geometry.cols):
            neuron = {"state": random.getrandbits(formats.state_bits), "drive": random.getrandbits(drive_bits)}
            found[f"{edge}__neurons__{lane}"] = neuron
    return found


def _steps(cycle: Cycle) -> int:
    """Return whether a step message is sent in a cycle."""
    return int(cycle["position__stepping"] == 1)


def _group(cell: Cell, cycles: list[dict[str, Any]], now: int) -> dict[str, int]:
    """Return the fields of the group of the step message in cycle `now`."""
    geometry, cycle = cell.geometry, cycles[now]
    edge = geometry.edge(cycle["position__layer"])
    size = Messages(geometry).trace.size
    lanes = [f"{edge}__neurons__{lane}" for lane in range(geometry.rows if edge == "row" else geometry.cols)]
    arrived = cycles[now + LATENCIES[edge]]
    neurons = sum(cell.bits(name, arrived[name]) << (k * size) for k, name in enumerate(lanes))
    fields = {name: cycle[f"position__{name}"] for name in ("nudged", "layer", "slot")}
    return fields | {"neurons": neurons}
