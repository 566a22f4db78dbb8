"""Bench of the sweep walker: its slots compared with the table of sweeps, and their accesses to the memories of the
cells."""

from collections.abc import Iterator
from typing import Any

from ceprop.hdl.cell.synapse import UPDATE_READ_STAGE, write_stage
from ceprop.hdl.control.sweep_walker import LOOK_UP_CYCLES, MESSAGE_DELAY, settling
from ceprop.hdl.control.sweeps import Kind, Pass, Sweep, program
from ceprop.hdl.lanes.messages import Listing, Operand
from ceprop.hdl.lanes.stages import start_delay
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.walks import Outputs, compare_walk
from ceprop.specification import Geometry

_WALKS = 60

_SILENT: Outputs = {
    "slots__row_sum": {"valid": 0},
    "slots__column_sum": {"valid": 0},
    "slots__row_source": {"operand": Operand.ZERO},
    "slots__column_source": {"operand": Operand.ZERO},
    "slots__tile": {"write": 0, "load": 0, "read": 0},
}
"""The messages of a cycle without a slot."""


async def bench_sweep_walker(cell: Cell) -> None:
    """Walk passes of every kind over lists of any length, directly after one another or after a pause."""
    geometry, random = cell.geometry, cell.random
    table = program(geometry)
    kinds = [kind for kind in Pass if table.of(kind)]
    for number in range(_WALKS):
        kind = kinds[number % len(kinds)]
        # Only the sums of free steps are kept from step to step. The first sums of `LEARN` wait for its updates, so
        # they must never be left out. Therefore these sums always begin anew.
        kept = kind in (Pass.SUMS, Pass.COLUMN_SUMS, Pass.ROW_SUMS)
        anew = random.getrandbits(1) if kept else int(kind is not Pass.UPDATE)
        settings = _settings(cell)
        expected = _pass(geometry, table.of(kind), bool(anew), settings)
        late = start_delay(geometry)
        cycles = [settings, settings | {"command__start": 1, "command__kind": kind.value, "command__anew": anew}]
        cycles += [settings] * (late + len(expected) + MESSAGE_DELAY + random.randint(0, 2))
        outputs = (await cell.play(cycles))[2 + late :]
        what = f"{kind.name}, anew {anew}, {settings}"
        for output in outputs[len(expected) :]:
            cell.equal(f"{what}, behind the walk, command__busy", output["command__busy"], 0)
        for port in ("slots__issued", "slots__walking", "command__released", "command__busy"):
            for now, value in enumerate(slot.pop(port) for slot in expected):
                cell.equal(f"{what}, {now} cycles into the walk, {port}", outputs[now][port], value)
        compare_walk(cell, what, outputs, expected, _SILENT, MESSAGE_DELAY)
        _check_memory(cell, what, [cell.output(output, "slots__tile") for output in outputs])


def _settings(cell: Cell) -> dict[str, Any]:
    """Return random lengths of lists, some of them zero, and random values that are copied into the messages."""
    geometry, random = cell.geometry, cell.random
    found: dict[str, Any] = {
        name: random.getrandbits(1) for name in ("settings__negative", "banks__swap", "banks__bank", "sample__bank")
    }
    found["lists__events"] = random.choice((0, random.randint(1, geometry.slots(0))))
    for layer in geometry.specification.connections:
        found[f"settings__preshifts__{layer - 1}"] = random.randint(0, geometry.widths.rate_room)
        for name in ("changed", "active"):
            length = random.randint(1, geometry.slots(layer))
            found[f"lists__{name}__{layer - 1}"] = random.choice((0, length, length, length))
    return found


def _length(geometry: Geometry, listing: Listing | None, layer: int, settings: dict[str, Any]) -> int:
    """Return the number of slots over which a loop runs."""
    match listing:
        case None:
            return settings["lists__events"]
        case Listing.ALL:
            return geometry.slots(layer)
        case Listing.CHANGED:
            return settings[f"lists__changed__{layer - 1}"]
        case Listing.ACTIVE:
            return settings[f"lists__active__{layer - 1}"]


def _pass(geometry: Geometry, sweeps: tuple[Sweep, ...], anew: bool, settings: dict[str, Any]) -> list[Outputs]:
    """Return the slots of a pass, and the cycles between them, from the cycle after `start` on."""
    found: list[Outputs] = []
    for number, sweep in enumerate(sweeps):
        found += _slots(geometry, sweep, anew, settings, len(found))
        found[-1]["command__released"] = int(sweep.releases or number == len(sweeps) - 1)
    return [{"command__released": 0, "command__busy": 1} | outputs for outputs in found]


def _slots(geometry: Geometry, sweep: Sweep, anew: bool, settings: dict[str, Any], elapsed: int) -> Iterator[Outputs]:
    """Yield the cycles before the slots of a sweep, which begins `elapsed` cycles after the pass, and its slots."""
    connection = geometry.connections[sweep.connection - 1]
    rows = _length(geometry, sweep.rows, connection.row_layer, settings)
    columns = _length(geometry, sweep.columns, connection.column_layer, settings)
    idle = LOOK_UP_CYCLES
    walked = bool(rows and columns) or (sweep.starts and anew)
    if walked and sweep.settles:
        idle += settling(geometry)
    elif walked and sweep.keeps_parity(geometry.memory_ports):
        idle += (elapsed + idle) % 2
    yield from (_SILENT | {"slots__issued": 0, "slots__walking": 0} for _ in range(idle))
    if not walked:
        return
    lengths = (max(1, rows), max(1, columns)) if sweep.rows_outer else (max(1, columns), max(1, rows))
    for outer in range(lengths[0]):
        for inner in range(lengths[1]):
            row, column = (outer, inner) if sweep.rows_outer else (inner, outer)
            yield from _visit(geometry, sweep, row, column, anew and sweep.anew and inner == 0, settings)


def _visit(
    geometry: Geometry, sweep: Sweep, row: int, column: int, first: bool, settings: dict[str, Any]
) -> Iterator[Outputs]:
    """Yield the slots of one visit. The products are in the last slots."""
    connection = geometry.connections[sweep.connection - 1]
    is_sum, is_input = sweep.kind is not Kind.UPDATE, sweep.columns is None
    common = {name: settings[f"banks__{name}"] for name in ("swap", "bank")}
    if not is_sum:
        common |= {
            "preshift": settings[f"settings__preshifts__{sweep.connection - 1}"],
            "dither_shift": geometry.widths.dither_shift(sweep.connection),
            "negative": settings["settings__negative"],
        }
    spare = sweep.beats(geometry.memory_ports) - len(sweep.products)
    for beat in range(-spare, len(sweep.products)):
        row_operand, column_operand = sweep.products[beat] if beat >= 0 else (Operand.ZERO, Operand.ZERO)
        source = common | {"listing": sweep.rows, "index": row, "layer": geometry.edge_number(connection.row_layer)}
        found: Outputs = {
            "slots__issued": int(beat >= 0),
            "slots__walking": 1,
            "slots__row_source": source | {"operand": row_operand, "sum": int(is_sum)},
            "slots__column_source": common | {"operand": Operand.ZERO if is_input else column_operand},
            "slots__row_sum": {"valid": int(sweep.kind is Kind.ROW_SUM), "read": 0},
            "slots__column_sum": {"valid": int(sweep.kind is Kind.COLUMN_SUM), "read": 0},
            "slots__tile": {
                "sum": int(is_sum),
                "row_factor": int(sweep.kind is Kind.COLUMN_SUM),
                "accumulate": int(beat == 1),
                "write": int(not is_sum and beat == len(sweep.products) - 1),
                "input": int(is_input),
                "base": connection.backward_base if sweep.backward else connection.base,
                "index": column,
                "bank": settings["sample__bank"],
                "load": 0,
                "read": 0,
            },
        }
        if sweep.columns is not None:
            layer = geometry.edge_number(connection.column_layer)
            found["slots__column_source"] |= {"listing": sweep.columns, "index": column, "layer": layer}
        if is_sum:
            drive = 1 + settings["sample__bank"] if geometry.drives > 1 else 1
            chosen = "slots__row_sum" if sweep.kind is Kind.ROW_SUM else "slots__column_sum"
            found[chosen] |= {"first": int(first), "drive": drive if sweep.connection == 1 else 0}
        yield found


def _check_memory(cell: Cell, what: str, tiles: list[dict[str, int]]) -> None:
    """Check the accesses to the memories of the cells.

    A port never has two accesses in one cycle, and no sum reads while an update is under way.
    """
    ports = cell.geometry.memory_ports
    walked = [(now, tile) for now, tile in enumerate(tiles)]
    sums = [now for now, tile in walked if tile["sum"]]
    updates = [now for now, tile in walked if tile["write"]]
    reads = sums + [now + UPDATE_READ_STAGE for now in updates]
    writes = [now + write_stage(ports) for now in updates]
    cell.equal(f"{what}: reads in one cycle", len(set(reads)), len(reads))
    if ports == 1:
        cell.equal(f"{what}: reads and writes in one cycle", set(reads) & set(writes), set())
    stored = [time for now in updates for time in range(now + 1, now + write_stage(ports) + 1)]
    cell.equal(f"{what}: sums before an update is stored", set(sums) & set(stored), set())
