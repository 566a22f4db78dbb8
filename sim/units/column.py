"""Bench of a column lane: every field of a tile must reach the cells at its stage."""

from dataclasses import dataclass

from ceprop.hdl.cell.synapse import (
    ACCUMULATE_STAGE,
    DITHER_STAGE,
    OPERAND_STAGE,
    UPDATE_READ_STAGE,
    load_stage,
    update_beats,
    write_stage,
)
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.inputs import COLUMN_PORTS, Entry, Lists, dither_of, lane_entry, send_sample
from ceprop.sim.units.timeline import Timeline
from ceprop.specification import address_bits

_SAMPLES = 20
_TILES = 60
_FLAGS = ("sum", "row_factor", "accumulate", "write", "load", "read", "input")


@dataclass(frozen=True)
class Tile:
    """A message, the input that it selects, and the neuron that is selected by the `source` message of the
    same slot."""

    message: dict[str, int]
    entry: Entry | None
    slot: int
    present: int

    @property
    def word(self) -> int | None:
        """The column word of the weight in the cells, or None if the lane has no such input."""
        if not self.message["input"]:
            return self.message["base"] + self.slot
        return self.message["base"] + self.entry.slot if self.entry else None

    @property
    def picked(self) -> bool:
        """Whether the message selects this lane, if it selects a single lane."""
        return self.message["lane"] == 0

    @property
    def writes(self) -> bool:
        """Whether the cells write: an update of a unit on its list, or a load in this lane."""
        listed = self.entry is not None if self.message["input"] else bool(self.present)
        return bool(self.message["write"] and listed) or bool(self.message["load"] and self.picked)


async def bench_column_lane(cell: Cell) -> None:
    """Send samples, and after each sample tiles of all kinds, one per cycle."""
    line, now, lists = Timeline(), 0, Lists(cell.geometry.cols - 1)
    for number in range(_SAMPLES):
        bank = number % cell.geometry.input_lists
        now = send_sample(cell, line, now, lists, bank, COLUMN_PORTS) + lane_entry(cell)
        beats = update_beats(cell.geometry.memory_ports)
        tiles = [_random_tile(cell, lists.banks[bank], bank, k % beats == 0) for k in range(_TILES)]
        for k, tile in enumerate(tiles):
            _drive(cell, line, now + k, tile, tiles[k - UPDATE_READ_STAGE] if k >= UPDATE_READ_STAGE else None)
        now += _TILES + write_stage(cell.geometry.memory_ports)
    await line.run(cell)


def _random_tile(cell: Cell, entries: list[Entry], bank: int, may_write: bool) -> Tile:
    """Return a tile with random flags. Flags that exclude each other are not combined: an input is never read back."""
    random, geometry = cell.random, cell.geometry
    connection = random.choice(geometry.connections)
    flags = {name: random.getrandbits(1) for name in _FLAGS}
    if not may_write:
        flags["write"] = flags["load"] = 0
    flags["input"] = int(connection.number == 1 and not flags["read"])
    base = random.choice([base for base in (connection.base, connection.backward_base) if base is not None])
    index = random.randrange(geometry.slots(0))
    message = flags | {"base": base, "index": index, "bank": bank}
    message["lane"] = random.choice((0, random.randrange(geometry.cols)))
    entry = entries[index] if flags["input"] and index < len(entries) else None
    slot = random.randrange(min(connection.column_slots, 1 << cell.width("neuron__slot")))
    return Tile(message, entry, slot, random.getrandbits(1))


def _drive(cell: Cell, line: Timeline, now: int, tile: Tile, earlier: Tile | None) -> None:
    """Send a tile, and expect its fields at the cells. `earlier` is the tile whose update reads in this slot."""
    message, random, stages = tile.message, cell.random, lane_stages(cell.geometry)
    hop = lane_entry(cell)
    what = f"tile {message} with {tile.entry} or neuron {tile.slot}"
    line.set(now, "before__tile", **message)
    line.expect(now, "sums begin", "cells__partial_sum", 0)
    lane = (message["lane"] - 1) % (1 << address_bits(cell.geometry.cols))
    line.expect(now + hop, what, "after__tile", message | {"lane": lane})
    line.set(now + hop + 1, "neuron__slot", tile.slot)
    line.set(now + hop + stages.present, "neuron__present", tile.present)
    start = now + hop + stages.address

    reading = tile if message["sum"] else earlier
    # An update that writes nothing need not read the right word.
    if reading is not None and reading.word is not None and (message["sum"] or reading.writes):
        line.expect(start, what, "cells__bundle", {"read_word": reading.word})
    written = {"write_enable": int(tile.writes)}
    if tile.writes and tile.word is not None:
        written["write_word"] = tile.word
    line.expect(start + write_stage(cell.geometry.memory_ports), what, "cells__bundle", written)

    # The operand of a neuron and that of an input are never sent together.
    operand, dither = (
        random.getrandbits(cell.geometry.widths.operand_bits - 1),
        random.getrandbits(cell.geometry.widths.dither_bits),
    )
    if message["input"] or message["read"]:
        operand = 0
    line.set(start + OPERAND_STAGE, "neuron__operand", operand)
    line.set(start + DITHER_STAGE, "neuron__dither", dither)
    own = tile.entry.value if tile.entry else int(message["read"] and tile.picked)
    sent = {"operand": operand or own, "sum": message["sum"], "row_factor": message["row_factor"]}
    line.expect(start + OPERAND_STAGE, what, "cells__bundle", sent)
    if tile.entry or not message["input"]:
        sent_dither = dither_of(cell, tile.entry) if tile.entry else dither
        line.expect(start + DITHER_STAGE, what, "cells__bundle", {"dither": sent_dither})
    column_sum = int(message["sum"] and message["row_factor"])
    sums = {"accumulate": message["accumulate"], "column_sum": column_sum}
    line.expect(start + ACCUMULATE_STAGE, what, "cells__bundle", sums)
    line.expect(start + load_stage(cell.geometry.memory_ports), what, "cells__bundle", {"load": message["load"]})
