"""Bench of the synapse cell: random visits of all kinds, and for a tiny format all possible updates."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from ceprop.hdl.cell.synapse import SUM_STAGE, UPDATE_READ_STAGE, load_stage, write_stage
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.slots import CellSlot, Change, predict, stimulus

_SLOTS = 6000
_EXHAUSTIVE_CASES = 1 << 14


async def bench_synapse(cell: Cell) -> None:
    """Run random visits, and then every weight, state and dither if these are few."""
    reached = await _run(cell, _random_slots(cell, _SLOTS))
    assert reached == {False, True}, "at one end of the range, no update was saturated, so the bench proves too little"
    for connection in cell.specification.connections:
        await _exhaustive(cell, connection)


async def _run(cell: Cell, slots: list[CellSlot]) -> set[bool]:
    """Play the slots, and compare every output of every cycle with its expectation."""
    slots = slots + [CellSlot()] * (write_stage(cell.geometry.memory_ports) + 2)
    counts = [cell.random.randrange(cell.geometry.cols) for _ in slots]
    cycles = stimulus(cell.geometry, slots, counts)
    expected = predict(cell.geometry, slots)
    outputs = await cell.play(cycles)
    for now, (side, total) in expected.sums.items():
        cell.equal(f"sum to the {side} in cycle {now}", cell.output(outputs[now], f"{side}__partial_sum"), total)
        early = cell.output(outputs[now - 1], f"{side}_now__partial_sum")
        cell.equal(f"sum to the {side} in cycle {now - 1}", early, total)
    for now in range(1, len(slots)):
        count = counts[now - 1] + (now in expected.saturated)
        for side in ("east", "east_now"):
            cell.equal(f"saturations to the {side} in cycle {now}", outputs[now][f"{side}__saturations"], count)
        for source, target in (("west__bundle", "east"), ("north__bundle", "south")):
            passed = cell.bits(source, cycles[now - 1].get(source, {}))
            cell.equal(f"bundle to the {target} in cycle {now}", outputs[now][f"{target}__bundle"], passed)
            cell.equal(
                f"bundle past the {target} in cycle {now - 1}", outputs[now - 1][f"{target}_now__bundle"], passed
            )
    return expected.directions


def _update(
    cell: Cell,
    connection: int,
    address: int,
    states: tuple[int, int, int, int],
    dither: int,
    present: tuple[bool, bool] = (True, True),
    kind: Literal["both", "of row", "of column"] = "both",
) -> list[CellSlot]:
    """Return the slots of one update.

    `states` are the old and the new state of the row's neuron and of the column's neuron. The old state of the column
    is not used if it is an input. With two weight sets, one follows the row's neuron and the other follows the column's
    neuron; `kind` selects one of them.
    """
    geometry, specification, random = cell.geometry, cell.specification, cell.random
    row_old, row_new, column_old, column_new = states
    largest, smallest = (
        shifts[connection - 1] for shifts in (specification.largest_shifts, specification.smallest_shifts)
    )
    shift = random.randint(smallest, largest)
    preshift = geometry.widths.dither_shift(connection) + largest - shift
    sign = random.choice((1, -1))
    mask = (1 << geometry.widths.dither_bits) - 1
    own = random.getrandbits(specification.generator_bits)
    row_dither, column_dither = ((d << geometry.widths.dither_shift(connection)) & mask for d in (own, own ^ dither))
    west, north = _noise(cell)
    first = CellSlot(
        "update",
        row=sign * (row_new - row_old) << preshift,
        column=column_new,
        row_dither=row_dither,
        column_dither=column_dither,
        west=west,
        north=north,
    )
    if connection == 1:
        change = Change(1, sign * (row_new - row_old) * column_new, dither, shift, present)
        return [replace(first, address=address, change=change)]
    if kind == "of row":
        change = Change(connection, sign * (row_new - row_old) * column_old, dither, shift, present)
        return [replace(first, address=address, column=column_old, change=change)]
    if kind == "of column":
        change = Change(connection, sign * (column_new - column_old) * row_old, dither, shift, present)
        difference = sign * (column_new - column_old) << preshift
        return [replace(first, address=address, row=row_old, column=difference, change=change)]
    change = Change(connection, sign * (row_new * column_new - row_old * column_old), dither, shift, present)
    second = CellSlot(
        "update",
        address,
        row=row_old,
        column=sign * (column_new - column_old) << preshift,
        row_dither=random.getrandbits(geometry.widths.dither_bits),
        column_dither=random.getrandbits(geometry.widths.dither_bits),
        accumulate=True,
        change=change,
        west=north,
        north=west,
    )
    return [first, second]


def _noise(cell: Cell) -> tuple[int, int]:
    """Return partial sums that must not affect an update."""
    limit = 1 << (cell.geometry.widths.partial_sum_bits - 2)
    return cell.random.randrange(-limit, limit), cell.random.randrange(-limit, limit)


def _sum(cell: Cell, address: int) -> CellSlot:
    """Return the slot of a row sum or a column sum with a random operand. The operand of the other edge must not affect
    it."""
    formats, random = cell.specification.formats, cell.random
    row, column = (random.getrandbits(max(formats.state_bits, formats.input_bits)) for _ in range(2))
    row_dither, column_dither = (random.getrandbits(cell.geometry.widths.dither_bits) for _ in range(2))
    west, north = _noise(cell)
    kind = random.choice(("row", "column"))
    return CellSlot(kind, address, row, column, row_dither, column_dither, west=west, north=north)


def _load(cell: Cell, address: int, word: int) -> list[CellSlot]:
    """Return the slots of a load. The product that meets the word is zero. It is that of the load itself or of a later
    slot. Other products must not affect the load."""
    limit = 1 << (cell.geometry.widths.operand_bits - 1)
    behind = load_stage(cell.geometry.memory_ports) - SUM_STAGE
    row, column = (cell.random.randrange(-limit, limit) if behind else 0 for _ in range(2))
    return [CellSlot("load", address, row, column, west=word, north=_noise(cell)[1]), *[CellSlot()] * behind]


class _Accesses:
    """The cycles in which the memory of the cell is read and written. With two ports, each serves one kind of access
    per cycle. With one port, it serves one access per cycle."""

    def __init__(self, ports: int):
        self._ports = ports
        self._writes_later = write_stage(ports)
        self._reads: set[int] = set()
        self._writes: set[int] = set()

    def take(self, now: int, slots: list[CellSlot]) -> bool:
        """Return whether these slots can be sent from cycle `now` on. If so, their accesses are recorded."""
        reads, writes = set(), set()
        for at, slot in enumerate(slots, now):
            if slot.kind in ("row", "column"):
                reads.add(at)
            if slot.change is not None:
                reads.add(at + UPDATE_READ_STAGE)
            if slot.kind == "load" or (slot.change is not None and slot.change.write):
                writes.add(at + self._writes_later)
        taken = self._reads if self._ports == 2 else self._reads | self._writes
        if reads & taken or (self._ports == 1 and (writes & self._reads or writes & reads)):
            return False
        self._reads |= reads
        self._writes |= writes
        return True


def _random_slots(cell: Cell, count: int) -> list[CellSlot]:
    """Return slots in random order for which the ports of the memory suffice."""
    random, specification = cell.random, cell.specification
    limit = 1 << (specification.formats.weight_bits - 1)
    words = cell.geometry.weight_words
    slots = [slot for address in range(words) for slot in _load(cell, address, random.randrange(-limit, limit))]
    slots += [CellSlot()] * write_stage(cell.geometry.memory_ports)
    accesses = _Accesses(cell.geometry.memory_ports)
    count += len(slots)
    while len(slots) < count:
        address, choice = random.randrange(words), random.random()
        if choice < 0.1:
            added = _load(cell, address, random.choice((-limit, limit - 1, random.randrange(-limit, limit))))
        elif choice < 0.5:
            added = [_sum(cell, address)]
        else:
            added = _random_update(cell, address)
        slots += added if accesses.take(len(slots), added) else [CellSlot()]
    return slots


def _random_update(cell: Cell, address: int) -> list[CellSlot]:
    """Return an update with states of any size, often the extremes, so that weights reach their limits."""
    random, formats = cell.random, cell.specification.formats
    connection = random.choice(cell.specification.connections)
    column_bits = formats.input_bits if connection == 1 else formats.state_bits
    row_old, row_new, column_old, column_new = (
        random.choice((0, (1 << bits) - 1, random.getrandbits(bits)))
        for bits in (formats.state_bits, formats.state_bits, column_bits, column_bits)
    )
    dither = random.getrandbits(cell.specification.generator_bits)
    present = random.random() < 0.95, random.random() < 0.95
    kind = random.choice(("both", "of row", "of column"))
    return _update(cell, connection, address, (row_old, row_new, column_old, column_new), dither, present, kind)


async def _exhaustive(cell: Cell, connection: int) -> None:
    """Test every weight, state and dither of one connection. The cases follow one another in the pipeline."""
    formats = cell.specification.formats
    limit, states = 1 << (formats.weight_bits - 1), 1 << formats.state_bits
    columns = 1 << (formats.input_bits if connection == 1 else formats.state_bits)
    olds = 1 if connection == 1 else columns
    dithers = 1 << cell.specification.update_shift(connection)
    if 2 * limit * states * states * olds * columns * dithers > _EXHAUSTIVE_CASES:
        return
    cases = itertools.product(
        range(-limit, limit),
        itertools.product(range(states), range(states), range(olds), range(columns)),
        range(dithers),
    )
    await _run(cell, list(_cases(cell, connection, cases)))


def _cases(
    cell: Cell, connection: int, cases: Iterator[tuple[int, tuple[int, int, int, int], int]]
) -> Iterator[CellSlot]:
    """Yield the slots of all cases. Every period has the load of one case, the update of the case before it, and the
    read of the case three before it."""
    words = cell.geometry.weight_words
    assert words > 3
    before: list[list[CellSlot]] = []
    for n, (weight, states, dither) in enumerate(itertools.chain(cases, [(0, (0, 0, 0, 0), 0)] * 3)):
        yield from _load(cell, n % words, weight)
        gap = [CellSlot()] * 2
        updating = before[-1] if before else gap
        yield from [*gap[len(updating) :], *updating]
        yield CellSlot()
        yield CellSlot("row", (n - 3) % words, column=1) if n >= 3 else CellSlot()
        before.append(_update(cell, connection, n % words, states, dither))
