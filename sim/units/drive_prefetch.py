"""Bench of the drive prefetch: its slots, the cycles in which they are sent, and the cycle in which their sums have
returned."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ceprop.hdl.lanes.messages import Listing, Operand
from ceprop.sim.units.cell import Cell
from ceprop.specification import Geometry

RETURN_CYCLES = 6
"""Cycles from a slot to its sum. The bench works with any number."""
_CYCLES = 6000


async def bench_drive_prefetch(cell: Cell) -> None:
    """Test samples of any length, idle cycles at random, weights that change, and drives that are taken late or at
    once."""
    random, geometry = cell.random, cell.geometry
    walker = _Walker(geometry)
    script: list[dict[str, Any]] = []
    expected: list[dict[str, Any]] = []
    sent: dict[str, Any] = {}
    walking = 0
    for _ in range(_CYCLES):
        # The sweep walker is at work, or idle, for long and for short times.
        walking = walking if random.random() < 0.6 else random.getrandbits(1)
        inputs = {
            "sweeps__walking": walking,
            "turn__open": int(random.random() < 0.9),
            "restart": 0,
            "turn__take": 0,
            "listed__complete": 0,
        }
        if walker.ready and random.random() < 0.3:
            inputs["turn__take"] = 1
        elif random.random() < 0.01:
            inputs |= {"restart": 1, "turn__open": 0}
        if walker.waiting is None and random.random() < 0.2:
            longest = random.choice((0, 1, random.randint(0, geometry.slots(0))))
            inputs |= {"listed__complete": 1, "listed__longest": longest}
        # After the reset, the first sample is in the second bank.
        outputs: dict[str, Any] = {"turn__listed": int(walker.begun), "turn__ready": int(walker.ready)}
        if walker.begun:
            outputs["turn__events"] = walker.events
        slot = walker.cycle(inputs)
        issued = walking and random.getrandbits(1)
        of_sweep = _of_sweep(cell)
        script.append(inputs | of_sweep | {"sweeps__issued": issued})
        outputs["slots__walking"] = walking
        # The messages of the sweep walker pass, except where a slot of the drive sends its own messages instead.
        passed = {f"slots__{name.removeprefix('sweeps__')}": fields for name, fields in of_sweep.items()}
        expected.append(outputs | passed | sent | {"slots__issued": int(slot is not None or issued)})
        sent = {} if slot is None else _messages(geometry, *slot)
    assert walker.taken > 20, "only few drives were taken, so the bench proves too little"
    for now, found in enumerate(await cell.play(script)):
        for port, value in expected[now].items():
            got = cell.output(found, port)
            if isinstance(value, dict):
                got = {name: got[name] for name in value}
            cell.equal(f"cycle {now}, {port}", got, value)


@dataclass
class _Walker:
    """The expected behaviour of the prefetch. `left` are the slots that have not been sent, and `since` counts the
    cycles since the last slot."""

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
        """Whether all slots have been sent and their sums have returned."""
        return self.begun and not self.left and self.since >= RETURN_CYCLES

    def cycle(self, inputs: dict[str, int]) -> tuple[int, int, int] | None:
        """Advance by one cycle. Returns the slot that is sent in this cycle as row, place in the list and bank, or
        None."""
        slot = None
        if not self.begun:
            if self.waiting is not None:
                self.begun, self.events, self.waiting = True, self.waiting, None
                self._begin()
        elif inputs["restart"]:
            self._begin()
        elif inputs["turn__take"]:
            self.begun, self.taken = False, self.taken + 1
        elif not self.left:
            self.since += 1
        elif inputs["turn__open"] and not inputs["sweeps__walking"] and not self.walked:
            slot = (*self.left.popleft(), 1 - self.taken % 2)
            self.since = 0
        self.walked = inputs["sweeps__walking"]
        if inputs["listed__complete"]:
            self.waiting = inputs["listed__longest"]
        return slot

    def _begin(self) -> None:
        """List all slots of the drive."""
        rows, places = range(self.geometry.slots(1)), range(max(1, self.events))
        self.left = deque((row, place) for row in rows for place in places)


def _of_sweep(cell: Cell) -> dict[str, dict[str, int]]:
    """Return random messages of the sweep walker."""
    names = ("row_source", "column_source", "row_sum", "column_sum", "tile")
    return {f"sweeps__{name}": cell.noise(f"sweeps__{name}") for name in names}


def _messages(geometry: Geometry, row: int, place: int, bank: int) -> dict[str, Any]:
    """Return the messages of a slot."""
    source = {"sum": 1, "operand": Operand.ZERO.value, "listing": Listing.ALL.value, "index": row, "layer": 0}
    tile = {"sum": 1, "row_factor": 0, "accumulate": 0, "write": 0, "load": 0, "read": 0, "input": 1}
    return {
        "slots__row_source": source,
        "slots__row_sum": {"valid": 1, "drive": 1 + bank, "first": int(place == 0), "read": 0},
        "slots__tile": tile | {"bank": bank, "base": geometry.connections[0].base, "index": place},
    }
