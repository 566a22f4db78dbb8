"""What the array does between two steps: passes, made of sweeps over connections. The sweep walker and the cycle model
read this one table.

A *sweep* visits the weights of one connection that some lists of units name. Every lane walks its own list of row units
or of column units, so a unit that is in no list costs nothing. A sweep has row slots x column slots visits, or the
lengths of the longest lists in place of the slots; a visit has a handful of *slots*, one per cycle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from ceprop.hdl.lanes.messages import Listing, Operand
from ceprop.specification import Geometry


class Pass(IntEnum):
    """The sweeps that follow one step, or one half-step in alternating order. There, `SUMS` has no sweeps, and `LEARN`
    makes only the sums of the first half of the next step anew."""

    DRIVE = 0
    """Row sums of the inputs, from nothing."""
    SUMS = 1
    """After a free step: what the units that changed add to the sums, which are kept."""
    LEARN = 2
    """Update the weights, then make all sums anew, and the drive of the units that changed."""
    UPDATE = 3
    """After the last nudged step, update the weights: the first sweeps of `LEARN`, or all updates of a rule that learns
    at the end of the phase."""
    COLUMN_SUMS = 4
    """In alternating order, after a half-step of the row edge: what the units that changed add to the sums of the other
    edge, which are kept."""
    ROW_SUMS = 5
    """In alternating order, the same after a half-step of the column edge."""
    RENEW = 6
    """In alternating order, between the half-steps of a nudged step behind the first one: make the sums of the second
    half anew, with the new weights."""
    RESTORED = 7
    """Between the two phases of a centred nudge, for a rule that learns at the end of a phase: make the drive and the
    sums anew, from the restored states and with the new weights."""


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
    the pass starts its sums anew. With `settles` it waits until the updates before it have reached the memories. With
    `releases` the next step may begin when its sums have returned, beside the sweeps after it."""

    kind: Kind
    connection: int
    products: tuple[tuple[Operand, Operand], ...]
    rows: Listing
    columns: Listing | None
    rows_outer: bool
    backward: bool = False
    anew: bool = False
    settles: bool = False
    releases: bool = False

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

    @property
    def releases(self) -> bool:
        """Whether some pass releases the next step before its end."""
        return any(sweep.releases for sweep in self.sweeps)

    def of(self, kind: Pass) -> tuple[Sweep, ...]:
        """The sweeps of a pass."""
        stretch = self.stretches[kind]
        return self.sweeps[stretch.start : stretch.stop]


def program(geometry: Geometry) -> Program:
    """The sweeps of a geometry's rule and order. With two drives the drive prefetch has the sweep of the drive."""
    return _alternating(geometry) if geometry.specification.alternating else _synchronous(geometry)


def _synchronous(geometry: Geometry) -> Program:
    specification = geometry.specification
    inner = specification.connections[1:]
    drive = _first_drive(geometry)
    sums = [s for c in inner for s in _sums(geometry, c, Operand.DIFFERENCE, Listing.CHANGED)]
    updates = [s for c in reversed(inner) for s in _updates(geometry, c)] + _updates(geometry, 1)
    again = [s for c in inner for s in _sums(geometry, c, Operand.STATE, Listing.ACTIVE)]
    parts: list[tuple[Sequence[Pass], list[Sweep]]] = [([Pass.DRIVE], drive), ([Pass.SUMS], sums)]
    if specification.continual:
        again = [replace(again[0], settles=True), *again[1:]] if again else []
        again.append(replace(_drive(Listing.CHANGED), settles=not again))
        parts += [([Pass.UPDATE, Pass.LEARN], updates), ([Pass.LEARN], again)]
    else:
        parts += [([Pass.UPDATE], updates), *_restored(geometry, again)]
    return _joined(parts)


def _restored(geometry: Geometry, again: list[Sweep]) -> list[tuple[Sequence[Pass], list[Sweep]]]:
    """The passes of a rule that learns at the end of a phase, behind its updates: with a centred nudge the drive of the
    units that were restored comes before the sums."""
    drive = [replace(_drive(Listing.CHANGED), settles=True)] if geometry.specification.centred else []
    return [([Pass.RESTORED], drive), ([Pass.RESTORED, Pass.LEARN] if drive else [Pass.LEARN], again)]


def _joined(parts: Sequence[tuple[Sequence[Pass], list[Sweep]]]) -> Program:
    """One program of parts, each of which belongs to some passes. The parts of a pass stand one after the other."""
    stretches, sweeps = dict.fromkeys(Pass, range(0)), []
    for passes, part in parts:
        for kind in passes if part else ():
            start = stretches[kind].start if stretches[kind] else len(sweeps)
            stretches[kind] = range(start, len(sweeps) + len(part))
        sweeps += part
    return Program(tuple(sweeps), stretches)


def _alternating(geometry: Geometry) -> Program:
    """The sweeps of sums are those of the synchronous order, each in the pass of its edge.

    With the output layer on the column edge, the update of the input connection and the drive are not needed by the
    half-step that follows: they are walked beside it. The update then stands a second time before the other updates, so
    that the pass `UPDATE` is a stretch."""
    specification = geometry.specification
    inner = specification.connections[1:]
    sums = _by_edge(geometry, Operand.DIFFERENCE, Listing.CHANGED)
    again = _by_edge(geometry, Operand.STATE, Listing.ACTIVE)
    upper, inputs = [s for c in reversed(inner) for s in _updates(geometry, c)], _updates(geometry, 1)
    beside = geometry.edge(specification.connections[-1]) == "column" and specification.continual
    first, second = (Kind.COLUMN_SUM, Kind.ROW_SUM)[:: 1 if geometry.edge(inner[-1]) == "column" else -1]
    last = again[first]
    parts: list[tuple[Sequence[Pass], list[Sweep]]] = [
        ([Pass.DRIVE], _first_drive(geometry)),
        ([Pass.COLUMN_SUMS], sums[Kind.COLUMN_SUM]),
        ([Pass.ROW_SUMS], sums[Kind.ROW_SUM]),
        ([Pass.RENEW], again[second]),
    ]
    if not specification.continual:
        parts += [([Pass.UPDATE], [*upper, *inputs]), *_restored(geometry, last)]
    elif beside:
        last = [replace(last[0], settles=True), *last[1:]]
        last[-1] = replace(last[-1], releases=True)
        drive = replace(_drive(Listing.CHANGED), settles=True)
        parts += [([Pass.UPDATE], inputs), ([Pass.UPDATE, Pass.LEARN], upper), ([Pass.LEARN], [*last, *inputs, drive])]
    else:
        # The drive comes first, because its list leaves out slots: the messages of the step follow the other sums.
        last = [replace(_drive(Listing.CHANGED), settles=True), replace(last[0], settles=True), *last[1:]]
        parts += [([Pass.UPDATE, Pass.LEARN], [*upper, *inputs]), ([Pass.LEARN], last)]
    return _joined(parts)


def _by_edge(geometry: Geometry, operand: Operand, listing: Listing) -> dict[Kind, list[Sweep]]:
    """The sweeps of sums of all connections between neurons, by the edge that receives the sums."""
    found = [s for c in geometry.specification.connections[1:] for s in _sums(geometry, c, operand, listing)]
    return {kind: [s for s in found if s.kind is kind] for kind in (Kind.COLUMN_SUM, Kind.ROW_SUM)}


def _first_drive(geometry: Geometry) -> list[Sweep]:
    return [_drive(Listing.ALL)] if geometry.drives == 1 else []


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
