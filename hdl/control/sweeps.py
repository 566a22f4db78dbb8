"""What the array does between two steps: passes, made of sweeps over connections. The sweep walker and the cycle model
read this one table.

A *sweep* visits the weights of one connection that some lists of units name. Every lane walks its own list of row units
or of column units, so a unit that is in no list costs nothing. A sweep has row slots x column slots visits, or the
lengths of the longest lists in place of the slots; a visit has a handful of *slots*, one per cycle.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

from ceprop.hdl.lanes.messages import Listing, Operand
from ceprop.specification import Geometry


class Pass(IntEnum):
    """The sweeps that follow one step."""

    DRIVE = 0
    """Row sums of the inputs, from nothing."""
    SUMS = 1
    """After a free step: what the units that changed add to the sums, which are kept."""
    LEARN = 2
    """Update the weights, then make all sums anew, and the drive of the units that changed."""
    UPDATE = 3
    """After the last nudged step, update the weights: the first sweeps of `LEARN`, or all updates of a rule that learns
    at the end of the phase."""


class Kind(IntEnum):
    """What the products of a sweep are for."""

    ROW_SUM = 0
    COLUMN_SUM = 1
    UPDATE = 2


@dataclass(frozen=True)
class Sweep:
    """One double loop over a connection.

    `products` are the operands (row, column) of a visit's slots; in a sum only that of the column or of the row counts,
    and the other factor is the weight. `columns` is None for the list of non-zero inputs. The outer loop runs over rows
    if `rows_outer`. With `anew` this sweep is the first of its pass to add to its sums, so that it starts them where
    the pass starts its sums anew. With `settles` it waits until the updates before it have reached the memories."""

    kind: Kind
    connection: int
    products: tuple[tuple[Operand, Operand], ...]
    rows: Listing
    columns: Listing | None
    rows_outer: bool
    backward: bool = False
    anew: bool = False
    settles: bool = False

    def beats(self, memory_ports: int) -> int:
        """Cycles of a visit. An update reads and writes; a memory of one port does these two in turn."""
        return max(len(self.products), 2 if self.kind is Kind.UPDATE and memory_ports == 1 else 1)

    def keeps_parity(self, memory_ports: int) -> bool:
        """Whether it begins an even number of cycles after the start of its pass: on one port the reads of updates take
        every other cycle and their writes the cycles between, over all updates of a pass."""
        return self.kind is Kind.UPDATE and memory_ports == 1

    @property
    def starts(self) -> bool:
        """Whether it is walked over empty lists too where the pass starts its sums anew: to start all sums of a
        layer."""
        return self.anew and (self.rows if self.rows_outer else self.columns) is Listing.ALL


@dataclass(frozen=True)
class Program:
    """All sweeps of a core, one after the other; a pass is a stretch of them, which may be empty."""

    sweeps: tuple[Sweep, ...]
    stretches: dict[Pass, range]

    def of(self, kind: Pass) -> tuple[Sweep, ...]:
        """The sweeps of a pass."""
        stretch = self.stretches[kind]
        return self.sweeps[stretch.start : stretch.stop]


def program(geometry: Geometry) -> Program:
    """The sweeps of a geometry's rule. With two drives the drive prefetch has the sweep of the drive."""
    specification = geometry.specification
    inner = specification.connections[1:]
    drive = [_drive(Listing.ALL)] if geometry.drives == 1 else []
    sums = [s for c in inner for s in _sums(geometry, c, Operand.DIFFERENCE, Listing.CHANGED)]
    updates = [s for c in reversed(inner) for s in _updates(geometry, c)] + _updates(geometry, 1)
    again = [s for c in inner for s in _sums(geometry, c, Operand.STATE, Listing.ACTIVE)]
    if specification.continual:
        again.append(_drive(Listing.CHANGED))
        again[0] = replace(again[0], settles=True)
    sweeps = (*drive, *sums, *updates, *again)
    starts = [0, len(drive), len(drive) + len(sums), len(drive) + len(sums) + len(updates)]
    learn = range(starts[2] if specification.continual else starts[3], len(sweeps))
    stretches = {
        Pass.DRIVE: range(starts[0], starts[1]),
        Pass.SUMS: range(starts[1], starts[2]),
        Pass.LEARN: learn,
        Pass.UPDATE: range(starts[2], starts[3]),
    }
    return Program(sweeps, stretches)


def _drive(rows: Listing) -> Sweep:
    return Sweep(Kind.ROW_SUM, 1, ((Operand.ZERO, Operand.ZERO),), rows, None, rows_outer=True, anew=True)


def _sums(geometry: Geometry, connection: int, operand: Operand, listing: Listing) -> list[Sweep]:
    """What the units of rows add to the sums of columns, then what the units of columns add to the sums of rows.

    The column sums come first, so that the many states of the rows need not be read when the last sum returns."""
    upper_on_rows = connection % 2 == 1
    two = geometry.specification.two_weight_sets
    return [
        Sweep(
            Kind.COLUMN_SUM,
            connection,
            ((operand, Operand.ZERO),),
            listing,
            Listing.ALL,
            rows_outer=False,
            backward=two and upper_on_rows,
            anew=not upper_on_rows,
        ),
        Sweep(
            Kind.ROW_SUM,
            connection,
            ((Operand.ZERO, operand),),
            Listing.ALL,
            listing,
            rows_outer=True,
            backward=two and not upper_on_rows,
            anew=upper_on_rows or connection == 2,
        ),
    ]


def _updates(geometry: Geometry, connection: int) -> list[Sweep]:
    """C-EP and EP: both products of a synapse's update; C-VF and VF: one for each of its two weights."""
    columns = Listing.ACTIVE if connection > 1 else None
    both = (Operand.DIFFERENCE, Operand.STATE), (Operand.PREVIOUS, Operand.DIFFERENCE)
    if connection == 1:
        # An input does not change: its operand comes from the list of inputs.
        return [_update(1, (both[0],), Listing.CHANGED, columns)]
    if not geometry.specification.two_weight_sets:
        return [_update(connection, both, Listing.ACTIVE, columns)]
    of_rows = (Operand.DIFFERENCE, Operand.PREVIOUS), Listing.CHANGED, Listing.ACTIVE
    of_columns = (Operand.PREVIOUS, Operand.DIFFERENCE), Listing.ACTIVE, Listing.CHANGED
    forward, backward = (of_rows, of_columns) if connection % 2 else (of_columns, of_rows)
    return [
        _update(connection, (product,), rows, listed, backward=k == 1)
        for k, (product, rows, listed) in enumerate((forward, backward))
    ]


def _update(
    connection: int,
    products: tuple[tuple[Operand, Operand], ...],
    rows: Listing,
    columns: Listing | None,
    *,
    backward: bool = False,
) -> Sweep:
    return Sweep(Kind.UPDATE, connection, products, rows, columns, rows_outer=True, backward=backward)
