"""Bench of a column lane: every field of a tile reaches the cells at its stage."""

from dataclasses import dataclass

from ceprop.geometry import address_bits
from ceprop.hdl.synapse import (
    ACCUMULATE_STAGE,
    ADDRESS_STAGE,
    DITHER_STAGE,
    LOAD_STAGE,
    OPERAND_STAGE,
    UPDATE_READ_STAGE,
    WRITE_STAGE,
)
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.inputs import Entry, dither_of, send_sample
from ceprop.sim.units.timeline import Timeline

_SAMPLES = 20
_TILES = 60
_FLAGS = ("sum", "row_factor", "accumulate", "write", "load", "read", "input")
_HOP = 1
"""A message is in the lane one cycle after it is on the port."""


@dataclass(frozen=True)
class Tile:
    """A message, and the input that it picks."""

    message: dict[str, int]
    entry: Entry | None

    @property
    def address(self) -> int | None:
        """Of the weight in the cells; none where the lane has no such input."""
        if not self.message["input"]:
            return self.message["base"] + self.message["index"]
        return self.message["base"] + self.entry.slot if self.entry else None

    @property
    def picked(self) -> bool:
        """Whether it counts in this lane where it names one."""
        return self.message["lane"] == 0


async def bench_column_lane(cell: Cell) -> None:
    """Samples, then tiles of all kinds, one a cycle."""
    line, now = Timeline(), 0
    for _ in range(_SAMPLES):
        # This is lane 0: the patterns of its inputs start there.
        now, entries = send_sample(cell, line, now, 0)
        tiles = [_random_tile(cell, entries) for _ in range(_TILES)]
        for k, tile in enumerate(tiles):
            _drive(cell, line, now + k, tile, tiles[k - UPDATE_READ_STAGE] if k >= UPDATE_READ_STAGE else None)
        now += _TILES + WRITE_STAGE
    await line.run(cell)


def _random_tile(cell: Cell, entries: list[Entry]) -> Tile:
    """Any flags together but those that exclude each other: an input is not read back."""
    random, geometry = cell.random, cell.geometry
    connection = random.choice(geometry.connections)
    flags = {name: random.getrandbits(1) for name in _FLAGS}
    flags["input"] = int(connection.number == 1 and not flags["read"])
    base = connection.base + random.randrange(connection.row_slots) * connection.column_slots
    message = flags | {"base": base, "index": random.randrange(connection.column_slots)}
    message["lane"] = random.choice((0, random.randrange(geometry.cols)))
    present = flags["input"] and message["index"] < len(entries)
    return Tile(message, entries[message["index"]] if present else None)


def _drive(cell: Cell, line: Timeline, now: int, tile: Tile, earlier: Tile | None) -> None:
    """A tile on the port, and what the cells must be told; `earlier` is the tile whose update reads in this slot."""
    message, random = tile.message, cell.random
    what = f"tile {message} with {tile.entry}"
    line.set(now, "tile", **message)
    lane = (message["lane"] - 1) % (1 << address_bits(cell.geometry.cols))
    line.expect(now + _HOP, what, "tile_out", message | {"lane": lane})
    start = now + _HOP + ADDRESS_STAGE

    reading = tile if message["sum"] else earlier
    if reading is not None and reading.address is not None:
        line.expect(start, what, "cells", {"read_address": reading.address})
    writes = bool(message["write"] and (tile.entry or not message["input"])) or bool(message["load"] and tile.picked)
    written = {"write_enable": int(writes)}
    if writes and tile.address is not None:
        written["write_address"] = tile.address
    line.expect(start + WRITE_STAGE, what, "cells", written)

    # A neuron's operand and an input's never come together.
    operand, dither = random.getrandbits(cell.geometry.operand_bits - 1), random.getrandbits(cell.geometry.dither_bits)
    if message["input"] or message["read"]:
        operand = 0
    line.set(start + OPERAND_STAGE, "operand", operand)
    line.set(start + DITHER_STAGE, "dither", dither)
    own = tile.entry.value if tile.entry else int(message["read"] and tile.picked)
    sent = {"operand": operand or own, "sum": message["sum"], "row_factor": message["row_factor"]}
    line.expect(start + OPERAND_STAGE, what, "cells", sent)
    if tile.entry or not message["input"]:
        sent_dither = dither_of(cell, tile.entry) if tile.entry else dither
        line.expect(start + DITHER_STAGE, what, "cells", {"dither": sent_dither})
    column_sum = int(message["sum"] and message["row_factor"])
    sums = {"accumulate": message["accumulate"], "column_sum": column_sum}
    line.expect(start + ACCUMULATE_STAGE, what, "cells", sums)
    line.expect(start + LOAD_STAGE, what, "cells", {"load": message["load"]})
