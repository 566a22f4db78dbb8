"""Bench of the drive walker: its slots, in which cycles they go, and when their sums are back."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ceprop.hdl.lanes.messages import Listing, Operand
from ceprop.sim.units.cell import Cell
from ceprop.specification import Geometry

RETURN_CYCLES = 6
"""Cycles from a slot to its sum; any number will do."""
_CYCLES = 6000


async def bench_drive(cell: Cell) -> None:
    """Samples of any length, cycles to spare now and then, weights that change, and drives taken late or at once."""
    random, geometry = cell.random, cell.geometry
    walker = _Walker(geometry)
    script: list[dict[str, int]] = []
    expected: list[dict[str, Any]] = []
    sends: dict[str, Any] = {"sends": 0}
    walking = 0
    for _ in range(_CYCLES):
        # Long stretches and short ones, of either kind.
        walking = walking if random.random() < 0.6 else random.getrandbits(1)
        inputs = {"walking": walking, "open": int(random.random() < 0.9), "again": 0, "take": 0, "listed": 0}
        if walker.ready and random.random() < 0.3:
            inputs["take"] = 1
        elif random.random() < 0.01:
            inputs |= {"again": 1, "open": 0}
        if walker.waiting is None and random.random() < 0.2:
            inputs |= {"listed": 1, "longest": random.choice((0, 1, random.randint(0, geometry.slots(0))))}
        # After the reset the first sample is in the second bank.
        outputs = {"begun": int(walker.begun), "ready": int(walker.ready)} | sends
        if walker.begun:
            outputs["events"] = walker.events
        slot = walker.cycle(inputs)
        script.append(inputs)
        expected.append(outputs | {"issued": int(slot is not None)})
        sends = {"sends": 0} if slot is None else {"sends": 1} | _messages(geometry, *slot)
    assert walker.taken > 20, "few drives were taken: the bench proves too little"
    for now, found in enumerate(await cell.play(script)):
        for port, value in expected[now].items():
            got = cell.output(found, port)
            if isinstance(value, dict):
                got = {name: got[name] for name in value}
            cell.equal(f"cycle {now}, {port}", got, value)


@dataclass
class _Walker:
    """What the walker must do. `left` are the slots that are still to go, `since` the cycles since the last one."""

    geometry: Geometry
    waiting: int | None = None
    begun: bool = False
    events: int = 0
    left: deque[tuple[int, int]] = field(default_factory=deque)
    since: int = 0
    walked: int = 0
    taken: int = 0

    @property
    def ready(self) -> bool:
        """All slots are gone and their sums are back."""
        return self.begun and not self.left and self.since >= RETURN_CYCLES

    def cycle(self, inputs: dict[str, int]) -> tuple[int, int, int] | None:
        """The slot that goes in a cycle, if one does: row, place in the list, bank."""
        slot = None
        if not self.begun:
            if self.waiting is not None:
                self.begun, self.events, self.waiting = True, self.waiting, None
                self._begin()
        elif inputs["again"]:
            self._begin()
        elif inputs["take"]:
            self.begun, self.taken = False, self.taken + 1
        elif not self.left:
            self.since += 1
        elif inputs["open"] and not inputs["walking"] and not self.walked:
            slot = (*self.left.popleft(), 1 - self.taken % 2)
            self.since = 0
        self.walked = inputs["walking"]
        if inputs["listed"]:
            self.waiting = inputs["longest"]
        return slot

    def _begin(self) -> None:
        rows, places = range(self.geometry.slots(1)), range(max(1, self.events))
        self.left = deque((row, place) for row in rows for place in places)


def _messages(geometry: Geometry, row: int, place: int, bank: int) -> dict[str, Any]:
    """A slot's messages."""
    source = {"sum": 1, "operand": Operand.ZERO.value, "listing": Listing.ALL.value, "index": row, "layer": 0}
    tile = {"sum": 1, "row_factor": 0, "accumulate": 0, "write": 0, "load": 0, "read": 0, "input": 1}
    return {
        "row_source": source,
        "row_sum": {"valid": 1, "drive": 1 + bank, "first": int(place == 0), "read": 0},
        "tile": tile | {"bank": bank, "base": geometry.connections[0].base, "index": place},
    }
