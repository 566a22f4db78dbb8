"""Bench of the lists of inputs. Samples are written as events into one bank of lists, while tiles read the other bank.
If the lists have one bank, samples are written between the reads."""

from dataclasses import dataclass, field

from ceprop.hdl.cell.synapse import DITHER_STAGE
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.model import input_pattern
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.timeline import Timeline

_SAMPLES = 60

LIST_PORTS = "event", "event_out"
"""Ports of the lists through which the event of a group enters and leaves."""
COLUMN_PORTS = "before__event", "after__event"
"""The same ports of a column lane."""


@dataclass(frozen=True)
class Entry:
    """One input of a list: its slot, its value and its number among all inputs."""

    slot: int
    value: int
    number: int


@dataclass
class Lists:
    """The inputs that lane `lane` has listed, in two banks."""

    lane: int
    banks: list[list[Entry]] = field(default_factory=lambda: [[], []])


def lane_entry(cell: Cell) -> int:
    """Return the cycles from a message on the port of the last column lane to the message in this lane."""
    return cell.geometry.hop_registers(cell.geometry.cols - 1)


def send_sample(
    cell: Cell, line: Timeline, now: int, lists: Lists, bank: int, ports: tuple[str, str] = LIST_PORTS
) -> int:
    """Send the events of one sample from cycle `now` on. Returns the cycle after the last event.

    Some slots are left out, and some inputs are zero.
    """
    event_in, event_out = ports
    random, specification, geometry, hop = cell.random, cell.specification, cell.geometry, lane_entry(cell)
    slots = [slot for slot in range(geometry.slots(0)) if random.random() < 0.8] or [0]
    everything = int(random.random() < 0.2)
    for slot in slots:
        if random.random() < 0.3:
            # In this gap, the event on the port is not valid and must not be taken.
            line.set(now, event_in, slot=slot, first=random.getrandbits(1), bank=bank, everything=everything)
            line.set(now + hop, "value", random.getrandbits(specification.formats.input_bits))
            line.expect(now + hop, "gap", event_out, {"valid": 0, "closes": 0})
            now += 1
        value = random.choice((0, random.getrandbits(specification.formats.input_bits)))
        event = {"valid": 1, "first": int(slot == slots[0]), "everything": everything, "bank": bank, "slot": slot}
        line.set(now, event_in, **event)
        line.set(now + hop, "value", value)
        line.expect(now + hop, f"slot {slot} with input {value}", event_out, event)
        if slot == slots[0]:
            lists.banks[bank] = []
        if value or everything:
            lists.banks[bank].append(Entry(slot, value, slot * geometry.cols + lists.lane))
        now += 1
    longest = random.randint(0, geometry.slots(0))
    line.set(now, event_in, closes=1, bank=bank, longest=longest)
    line.set(now + hop, "value", random.getrandbits(specification.formats.input_bits))
    gathered = {"closes": 1, "valid": 0, "bank": bank, "longest": max(longest, len(lists.banks[bank]))}
    line.expect(now + hop, f"list of {len(lists.banks[bank])} closes", event_out, gathered)
    return now + 1


def dither_of(cell: Cell, entry: Entry) -> int:
    """Return the dither of an input, in the format of the cells."""
    geometry = cell.geometry
    return (input_pattern(cell.specification, entry.number) << geometry.widths.dither_shift(1)) & (
        (1 << geometry.widths.dither_bits) - 1
    )


async def bench_input_lists(cell: Cell) -> None:
    """Read the lists of many samples in order and at random, also beyond their ends, while the next sample is
    listed."""
    random, line, bank, banks = cell.random, Timeline(), 0, cell.geometry.input_lists
    lists, stages = Lists(cell.geometry.cols - 1), lane_stages(cell.geometry)
    now = send_sample(cell, line, 0, lists, bank) + lane_entry(cell)
    for _ in range(_SAMPLES):
        entries, slots = list(lists.banks[bank]), cell.geometry.slots(0)
        indices = [*range(slots), *(random.randrange(slots) for _ in range(5))]
        start, other = now + (random.randint(0, slots) if banks == 2 else len(indices)), (bank + 1) % banks
        end = send_sample(cell, line, start, lists, other) + lane_entry(cell)
        for index in indices:
            is_input = int(random.random() < 0.9)
            line.set(now, "tile", input=is_input, index=index, bank=bank)
            present = bool(is_input) and index < len(entries)
            what = f"number {index} of {entries}"
            line.expect(now + stages.input, what, "present", int(present))
            line.expect(now + stages.input, what, "operand", entries[index].value if present else 0)
            if present:
                line.expect(now + stages.input, what, "slot", entries[index].slot)
                dither = dither_of(cell, entries[index])
                line.expect(now + stages.address + DITHER_STAGE, what, "dither", dither)
            now += 1
        now, bank = max(now, end), other
    await line.run(cell)
