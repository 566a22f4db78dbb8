"""Slots of a synapse cell in a bench: the stage of every input, and the expected outputs."""

from dataclasses import dataclass, field
from typing import Literal

from ceprop.hdl.cell.synapse import (
    ACCUMULATE_STAGE,
    DITHER_STAGE,
    OPERAND_STAGE,
    SUM_LATENCY,
    SUM_STAGE,
    UPDATE_READ_STAGE,
    load_stage,
    write_stage,
)
from ceprop.model import update
from ceprop.sim.units.cell import Cycle
from ceprop.sim.units.timeline import Timeline
from ceprop.specification import Geometry


@dataclass(frozen=True)
class Change:
    """An update of a weight in the terms of the model: the difference `D`, and the XOR of both generators."""

    connection: int
    difference: int
    dither: int
    shift: int
    present: tuple[bool, bool] = (True, True)
    """Whether the row and the column are on their lists. A lane that is not on its list sends the same slots, but
    nothing is written."""

    @property
    def write(self) -> bool:
        """Whether the weight is written."""
        return all(self.present)


@dataclass(frozen=True)
class CellSlot:
    """One use of the multiplier. The last slot of an update has a `change`. A load writes `west`."""

    kind: Literal["idle", "update", "row", "column", "load"] = "idle"
    address: int = 0
    row: int = 0
    column: int = 0
    row_dither: int = 0
    column_dither: int = 0
    accumulate: bool = False
    west: int = 0
    north: int = 0
    change: Change | None = None


def stimulus(geometry: Geometry, slots: list[CellSlot], counts: list[int]) -> list[Cycle]:
    """Return the inputs of a cell for one slot per cycle, with every field at its stage. `counts` are the numbers of
    saturations that enter the cell."""
    line = Timeline()
    loads, writes = load_stage(geometry.memory_ports), write_stage(geometry.memory_ports)
    bits = geometry.row_slot_bits
    for now, (slot, count) in enumerate(zip(slots, counts, strict=True)):
        is_sum = slot.kind in ("row", "column")
        at = now + OPERAND_STAGE
        line.set(now, "west__saturations", count)
        line.set(at, "west__bundle", operand=slot.row)
        line.set(at, "north__bundle", operand=slot.column, sum=int(is_sum), row_factor=int(slot.kind == "column"))
        line.set(now + DITHER_STAGE, "west__bundle", dither=slot.row_dither)
        line.set(now + DITHER_STAGE, "north__bundle", dither=slot.column_dither)
        column_sum = int(slot.kind == "column")
        line.set(now + ACCUMULATE_STAGE, "north__bundle", accumulate=int(slot.accumulate), column_sum=column_sum)
        line.set(now + loads, "north__bundle", load=int(slot.kind == "load"))
        line.set(now + SUM_STAGE, "north__partial_sum", slot.north)
        if is_sum:
            _read(line, now, slot.address, bits)
            line.set(now + SUM_STAGE, "west__partial_sum", slot.west)
        if slot.kind == "load":
            line.set(now + loads, "west__partial_sum", slot.west)
        if slot.change is not None:
            _read(line, now + UPDATE_READ_STAGE, slot.address, bits)
        # Between the writes, the row is present, but the column does not enable a write.
        row, column = (True, False)
        if slot.kind == "load":
            row, column = True, True
        if slot.change is not None:
            row, column = slot.change.present
        line.set(now + writes, "west__bundle", write_slot=slot.address & ((1 << bits) - 1), write_present=int(row))
        line.set(now + writes, "north__bundle", write_word=slot.address >> bits, write_enable=int(column))
    return line.cycles(1)


def _read(line: Timeline, cycle: int, address: int, bits: int) -> None:
    """Send the address of a read."""
    line.set(cycle, "west__bundle", read_slot=address & ((1 << bits) - 1))
    line.set(cycle, "north__bundle", read_word=address >> bits)


@dataclass
class Expected:
    """The expected outputs: partial sums, with the side on which they leave, and saturated updates, by their cycle."""

    sums: dict[int, tuple[str, int]] = field(default_factory=dict)
    saturated: set[int] = field(default_factory=set)
    directions: set[bool] = field(default_factory=set)
    """The ends of the range at which an update was saturated. A bench that misses one end proves nothing about it."""


def predict(geometry: Geometry, slots: list[CellSlot]) -> Expected:
    """Return the outputs that the model expects for these slots. Every address must be loaded before it is read."""
    found = Expected()
    words: dict[int, int] = {}
    writes: dict[int, tuple[int, int]] = {}
    later = write_stage(geometry.memory_ports)
    for now in range(len(slots)):
        if now - 1 in writes:
            address, word = writes[now - 1]
            words[address] = word
        slot = slots[now]
        if slot.kind == "row":
            found.sums[now + SUM_LATENCY] = "east", slot.west + words[slot.address] * slot.column
        elif slot.kind == "column":
            found.sums[now + SUM_LATENCY] = "south", slot.north + words[slot.address] * slot.row
        elif slot.kind == "load":
            writes[now + later] = slot.address, slot.west
        last = now - UPDATE_READ_STAGE
        change = slots[last].change if last >= 0 else None
        if change is None or not change.write:
            continue
        old = words[slots[last].address]
        new, saturated = update(
            geometry.specification, change.connection, old, change.difference, change.dither, change.shift
        )
        writes[last + later] = slots[last].address, new
        if saturated:
            found.saturated.add(last + later + 1)
            found.directions.add(new > 0)
    return found
