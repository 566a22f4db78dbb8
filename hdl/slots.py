"""What a pass over a connection does in each slot, and how long it takes: read by the hardware and the cycle model.

An update is visible to a product only `UPDATE_LATENCY` cycles later. So in a pass that learns, a visit's products run
some visits behind its update, in slots that the updates leave free.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

from ceprop.hdl.synapse import UPDATE_LATENCY, UPDATE_READ_STAGE


class Pass(IntEnum):
    """What the array does with the tiles of its connections."""

    DRIVE = 0
    """Row sums of the input connection, from nothing."""
    SUMS = 1
    """Row and column sums of the connections between neurons."""
    LEARN = 2
    """Update every weight, then add its products with the new weight."""
    UPDATE = 3
    """Update every weight: after the last nudged step."""


class Slot(IntEnum):
    """One use of the multipliers."""

    ROW_SUM = 0
    COLUMN_SUM = 1
    UPDATE_FIRST = 2
    """Difference of the row's states times the column's new state (or input)."""
    UPDATE_SECOND = 3
    """The row's old state times the difference of the column's states."""


SUM_SLOTS = (Slot.ROW_SUM, Slot.COLUMN_SUM)


@dataclass(frozen=True)
class Visit:
    """Slots of a visit in turn; the sums among them belong to the visit `lag` visits earlier."""

    slots: tuple[Slot, ...]
    lag: int

    @property
    def last_update(self) -> int | None:
        """Slot of the update's last product."""
        updates = [k for k, slot in enumerate(self.slots) if slot not in SUM_SLOTS]
        return updates[-1] if updates else None


def visit(kind: Pass, is_input: bool) -> Visit:
    """The visit of a pass; the input connection has no column sum and one product in its update."""
    updates = (Slot.UPDATE_FIRST,) if is_input else (Slot.UPDATE_FIRST, Slot.UPDATE_SECOND)
    sums = (Slot.ROW_SUM,) if is_input else SUM_SLOTS
    match kind:
        case Pass.DRIVE | Pass.SUMS:
            return Visit(sums, 0)
        case Pass.UPDATE:
            return Visit(updates, 0)
        case Pass.LEARN:
            slots = updates + sums
            distance = len(updates) - (len(updates) - 1)
            found = Visit(slots, math.ceil((UPDATE_LATENCY - distance) / len(slots)))
            assert found.last_update is not None
            reading = (found.last_update + UPDATE_READ_STAGE) % len(slots)
            if slots[reading] in SUM_SLOTS:
                raise ValueError(f"the update reads its weight in slot {reading}, which a product needs")
            return found


def pass_connections(kind: Pass, connections: range) -> range:
    """Connections that a pass walks, in this order."""
    match kind:
        case Pass.DRIVE:
            return connections[:1]
        case Pass.SUMS:
            return connections[1:]
        case Pass.LEARN | Pass.UPDATE:
            return connections


def largest_lag() -> int:
    """Visits that a walker must remember."""
    return max(visit(Pass.LEARN, is_input).lag for is_input in (False, True))
