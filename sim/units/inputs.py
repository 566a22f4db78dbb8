"""Bench of the input cell: samples written as events, lists walked by tiles."""

from dataclasses import dataclass

from ceprop.hdl.synapse import ADDRESS_STAGE, DITHER_STAGE
from ceprop.model import input_pattern
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.timeline import Timeline

_SAMPLES = 60
_HOP = 1
"""A message is in the lane one cycle after it is on the port."""


@dataclass(frozen=True)
class Entry:
    """One input of a list."""

    slot: int
    value: int
    number: int


def send_sample(cell: Cell, line: Timeline, now: int, lane: int) -> tuple[int, list[Entry]]:
    """Events of one sample from a cycle on, some slots left out, some inputs zero; the next cycle and the list."""
    random, specification, geometry = cell.random, cell.specification, cell.geometry
    slots = [slot for slot in range(geometry.slots(0)) if random.random() < 0.8] or [0]
    entries: list[Entry] = []
    for slot in slots:
        if random.random() < 0.3:
            # A gap: what is on the port without `valid` must not be taken.
            line.set(now, "event", slot=slot, first=random.getrandbits(1))
            line.set(now + _HOP, "value", random.getrandbits(specification.formats.input_bits))
            line.expect(now + _HOP, "gap", "event_out", {"valid": 0})
            now += 1
        number = slot * geometry.cols + lane
        value = random.choice((0, random.getrandbits(specification.formats.input_bits)))
        largest = random.randint(0, geometry.slots(0))
        event = {"valid": 1, "first": int(slot == slots[0]), "last": int(slot == slots[-1]), "slot": slot}
        line.set(now, "event", **event, pattern=input_pattern(specification, number), largest=largest)
        line.set(now + _HOP, "value", value)
        if value:
            entries.append(Entry(slot, value, number))
        passed = event | {"pattern": input_pattern(specification, number + 1), "largest": max(largest, len(entries))}
        line.expect(now + _HOP, f"slot {slot} with input {value}", "event_out", passed)
        now += 1
    return now + _HOP, entries


def dither_of(cell: Cell, entry: Entry) -> int:
    """An input's pattern, as the cells take it."""
    geometry = cell.geometry
    return (input_pattern(cell.specification, entry.number) << geometry.dither_shift(1)) & (
        (1 << geometry.dither_bits) - 1
    )


async def bench_input(cell: Cell) -> None:
    """Lists of many samples, each walked in order and at random, beyond its end too."""
    random, line, now = cell.random, Timeline(), 0
    for _ in range(_SAMPLES):
        now, entries = send_sample(cell, line, now, random.randrange(cell.geometry.cols))
        slots = cell.geometry.slots(0)
        for index in [*range(slots), *(random.randrange(slots) for _ in range(5))]:
            is_input = int(random.random() < 0.9)
            line.set(now, "tile", input=is_input, index=index)
            present = bool(is_input) and index < len(entries)
            what = f"number {index} of {entries}"
            line.expect(now + 1, what, "present", int(present))
            line.expect(now + 1, what, "operand", entries[index].value if present else 0)
            if present:
                line.expect(now + 1, what, "slot", entries[index].slot)
                dither = dither_of(cell, entries[index])
                line.expect(now + ADDRESS_STAGE + DITHER_STAGE, what, "dither", dither)
            now += 1
    await line.run(cell)
