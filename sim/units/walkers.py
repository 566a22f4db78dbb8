"""Benches of the walkers: their messages against the order that the table of slots and the geometry give."""

from collections.abc import Iterator
from typing import Any

from ceprop.geometry import Connection, Edge, Geometry
from ceprop.hdl.messages import Operand, Operation
from ceprop.hdl.slots import SUM_SLOTS, Pass, Slot, pass_connections, visit
from ceprop.sim.units.cell import Cell

_WALKS = 60

Outputs = dict[str, Any]
"""What must be on the ports in a cycle: fields by port, those that matter."""

_OPERANDS = {
    Slot.UPDATE_FIRST: (Operand.DIFFERENCE, Operand.STATE),
    Slot.UPDATE_SECOND: (Operand.PREVIOUS, Operand.DIFFERENCE),
    Slot.ROW_SUM: (Operand.ZERO, Operand.STATE),
    Slot.COLUMN_SUM: (Operand.STATE, Operand.ZERO),
}
"""What row and column send; on an input connection the column's neurons send nothing."""


async def bench_visits(cell: Cell) -> None:
    """Passes of every kind, back to back or after a pause."""
    geometry, random = cell.geometry, cell.random
    kinds = [kind for kind in Pass if pass_connections(kind, cell.specification.connections)]
    for _ in range(_WALKS):
        kind, events = random.choice(kinds), random.randint(0, geometry.slots(0))
        settings: dict[str, Any] = {name: random.getrandbits(1) for name in ("negative", "swap", "bank")}
        preshifts = [random.randint(0, geometry.rate_room) for _ in geometry.connections]
        settings |= {f"preshifts__{k}": shift for k, shift in enumerate(preshifts)}
        settings["events"] = events
        expected = list(_slots(geometry, kind, events, settings))
        idle = random.randint(0, 2)
        cycles = [settings | {"start": 1, "kind": kind.value}] + [settings] * (len(expected) + idle)
        outputs = await cell.play(cycles)
        _compare(cell, f"{kind.name} with {events} events", outputs[1:], expected, "issued")


def _compare(cell: Cell, what: str, outputs: list[dict[str, int]], expected: list[Outputs], active: str) -> None:
    """Every message of a walk, `done` with its last, and nothing behind it."""
    for now, output in enumerate(outputs):
        wanted = expected[now] if now < len(expected) else {active: 0}
        wanted = wanted | {"done": int(now == len(expected) - 1)}
        for port, value in wanted.items():
            found = cell.output(output, port)
            if isinstance(value, dict):
                found = {name: found[name] for name in value}
                value = {name: getattr(entry, "value", entry) for name, entry in value.items()}
            cell.equal(f"{what}, {now} cycles into the walk, {port}", found, value)


def _slots(geometry: Geometry, kind: Pass, events: int, settings: dict[str, Any]) -> Iterator[Outputs]:
    """Messages of a pass, a slot each."""
    for number in pass_connections(kind, geometry.specification.connections):
        connection, found = geometry.connections[number - 1], visit(kind, number == 1)
        width = max(1, events) if number == 1 else connection.column_slots
        places = [(row, index) for row in range(connection.row_slots) for index in range(width)]
        for count in range(len(places) + found.lag):
            for beat, slot in enumerate(found.slots):
                late = count - (found.lag if slot in SUM_SLOTS else 0)
                place = places[late] if 0 <= late < len(places) else None
                yield _slot(geometry, connection, slot, place, beat == found.last_update, settings)


def _slot(
    geometry: Geometry,
    connection: Connection,
    slot: Slot,
    place: tuple[int, int] | None,
    last_update: bool,
    settings: dict[str, Any],
) -> Outputs:
    """Messages of one slot; without a place nothing happens in it."""
    if place is None:
        return {
            "issued": 0,
            "row_source": {"operand": Operand.ZERO},
            "column_source": {"operand": Operand.ZERO},
            "row_sum": {"valid": 0},
            "column_sum": {"valid": 0},
            "tile": {"sum": 0, "write": 0, "load": 0, "read": 0},
        }
    (row, index), is_input = place, connection.number == 1
    row_operand, column_operand = _OPERANDS[slot]
    row_address = geometry.neuron_base(connection.row_layer) + row
    column_address = 0 if is_input else geometry.neuron_base(connection.column_layer) + index
    common = {name: settings[name] for name in ("negative", "swap", "bank")} | {
        "preshift": settings[f"preshifts__{connection.number - 1}"],
        "dither_shift": geometry.dither_shift(connection.number),
    }
    found: Outputs = {
        "issued": 1,
        "row_source": common | {"operand": row_operand, "address": row_address},
        "column_source": common | {"operand": Operand.ZERO if is_input else column_operand},
        "tile": {
            "sum": int(slot in SUM_SLOTS),
            "row_factor": int(slot == Slot.COLUMN_SUM),
            "accumulate": int(slot == Slot.UPDATE_SECOND),
            "write": int(last_update),
            "input": int(is_input),
            "base": connection.base + row * connection.column_slots,
            "index": index,
            "load": 0,
            "read": 0,
        },
        "row_sum": {"valid": int(slot == Slot.ROW_SUM), "read": 0},
        "column_sum": {"valid": int(slot == Slot.COLUMN_SUM), "read": 0},
    }
    if not is_input:
        found["column_source"]["address"] = column_address
    if slot == Slot.ROW_SUM:
        first = index == 0 and _starts(connection, connection.row_layer)
        found["row_sum"] |= {"address": row_address, "first": int(first), "drive": int(is_input)}
    if slot == Slot.COLUMN_SUM:
        first = row == 0 and _starts(connection, connection.column_layer)
        found["column_sum"] |= {"address": column_address, "first": int(first)}
    return found


def _starts(connection: Connection, layer: int) -> bool:
    """Whether no connection before this one adds to the same sums; drives are sums of their own."""
    return connection.number in (1, max(2, layer))


async def bench_steps(cell: Cell) -> None:
    """Walks over all layers, the trace without room now and then."""
    random, geometry = cell.random, cell.geometry
    classes, room = geometry.specification.classes, max(geometry.bias_room(edge) for edge in ("row", "column"))
    for _ in range(_WALKS):
        copied: dict[str, int] = {
            name: random.getrandbits(1) for name in ("first", "nudged", "negative", "swap", "bank")
        }
        copied |= {"nudge_shift": random.randint(1, 15), "target": random.randint(1, classes)}
        preshifts = [random.randint(0, room) for _ in geometry.connections]
        settings = copied | {f"bias_preshifts__{k}": shift for k, shift in enumerate(preshifts)}
        cycles, expected = [settings | {"start": 1, "room": 1}], []
        for wanted in _steps(geometry, copied, preshifts):
            while random.random() < 0.2:
                cycles.append(settings | {"room": 0})
                still = {port: {"operation": Operation.NONE} for port in ("row", "column")}
                expected.append(still | {"layer": wanted["layer"], "slot": wanted["slot"]})
            cycles.append(settings | {"room": 1})
            expected.append(wanted)
        cycles += [settings | {"room": 1}] * random.randint(0, 2)
        outputs = await cell.play(cycles)
        _compare(cell, "step", outputs[1:], expected, "layer")


def _steps(geometry: Geometry, copied: dict[str, int], preshifts: list[int]) -> Iterator[Outputs]:
    """Messages of a step of the whole network; the other edge gets none."""
    layers = geometry.specification.layers
    for layer in geometry.specification.connections:
        edge: Edge = geometry.edge(layer)
        room = geometry.bias_room(edge)
        for slot in range(geometry.slots(layer)):
            last_of_edge = layer == geometry.layers(edge)[-1] and slot == geometry.slots(layer) - 1
            message: dict[str, Any] = copied | {
                "operation": Operation.STEP,
                "address": geometry.neuron_base(layer) + slot,
                "drive": int(layer == 1),
                "output": int(layer == len(layers) - 1),
                "last": int(last_of_edge),
                "remaining": layers[layer] - slot * geometry.lanes(layer),
                # An edge has only the bits that its own layers need.
                "bias_preshift": preshifts[layer - 1] & ((1 << room.bit_length()) - 1),
                "bias_dither_shift": geometry.bias_dither_shift(layer),
            }
            other = "column" if edge == "row" else "row"
            yield {edge: message, other: {"operation": Operation.NONE}, "layer": layer, "slot": slot}
