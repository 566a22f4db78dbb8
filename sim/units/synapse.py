"""Bench of the synapse cell: visits of all kinds at random, and for a tiny format every update there is."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

from ceprop.hdl.synapse import UPDATE_READ_STAGE, WRITE_STAGE
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.slots import CellSlot, Change, predict, stimulus

_EXHAUSTIVE_CASES = 1 << 14


async def bench_synapse(cell: Cell) -> None:
    """Random visits; every weight, states and dither where these are few."""
    reached = await _run(cell, _random_slots(cell, 6000))
    assert reached == {False, True}, "no update ran into one end of the range: the bench proves too little"
    for connection in cell.specification.connections:
        await _exhaustive(cell, connection)


async def _run(cell: Cell, slots: list[CellSlot]) -> set[bool]:
    """Play the slots, and hold every output of every cycle to what is expected of it."""
    slots = slots + [CellSlot()] * (WRITE_STAGE + 2)
    counts = [cell.random.randrange(cell.geometry.cols) for _ in slots]
    cycles = stimulus(slots, counts)
    expected = predict(cell.geometry, slots)
    outputs = await cell.play(cycles)
    for now, total in expected.sums.items():
        cell.equal(f"partial sum in cycle {now}", cell.output(outputs[now], "partial_sum"), total)
    for now in range(1, len(slots)):
        count = counts[now - 1] + (now in expected.saturated)
        cell.equal(f"saturations in cycle {now}", outputs[now]["saturations_out"], count)
        for name in ("row", "column"):
            passed = cell.bits(name, cycles[now - 1].get(name, {}))
            cell.equal(f"{name} bundle in cycle {now}", outputs[now][f"{name}_out"], passed)
    return expected.directions


def _update(
    cell: Cell, connection: int, address: int, states: tuple[int, int, int, int], dither: int, write: bool = True
) -> list[CellSlot]:
    """Slots of one update. `states` are old and new of the row's neuron and of the column's, whose old one is not
    used where it is an input."""
    geometry, specification, random = cell.geometry, cell.specification, cell.random
    row_old, row_new, column_old, column_new = states
    largest, smallest = (
        shifts[connection - 1] for shifts in (specification.largest_shifts, specification.smallest_shifts)
    )
    shift = random.randint(smallest, largest)
    preshift = geometry.dither_shift(connection) + largest - shift
    sign = random.choice((1, -1))
    mask = (1 << geometry.dither_bits) - 1
    own = random.getrandbits(specification.generator_bits)
    row_dither, column_dither = ((d << geometry.dither_shift(connection)) & mask for d in (own, own ^ dither))
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
        change = Change(1, sign * (row_new - row_old) * column_new, dither, shift, write)
        return [replace(first, address=address, change=change)]
    change = Change(connection, sign * (row_new * column_new - row_old * column_old), dither, shift, write)
    second = CellSlot(
        "update",
        address,
        row=row_old,
        column=sign * (column_new - column_old) << preshift,
        row_dither=random.getrandbits(geometry.dither_bits),
        column_dither=random.getrandbits(geometry.dither_bits),
        accumulate=True,
        change=change,
        west=north,
        north=west,
    )
    return [first, second]


def _noise(cell: Cell) -> tuple[int, int]:
    """Partial sums that an update must not care for."""
    limit = 1 << (cell.geometry.partial_sum_bits - 2)
    return cell.random.randrange(-limit, limit), cell.random.randrange(-limit, limit)


def _sum(cell: Cell, address: int) -> CellSlot:
    """A row or a column sum with a random operand; the other edge's operand must not matter."""
    formats, random = cell.specification.formats, cell.random
    row, column = (random.getrandbits(max(formats.state_bits, formats.input_bits)) for _ in range(2))
    row_dither, column_dither = (random.getrandbits(cell.geometry.dither_bits) for _ in range(2))
    west, north = _noise(cell)
    kind = random.choice(("row", "column"))
    return CellSlot(kind, address, row, column, row_dither, column_dither, west=west, north=north)


def _load(cell: Cell, address: int, word: int) -> list[CellSlot]:
    """A load, whose own operands must not matter; the product of the slot behind it meets the word, so that is idle."""
    limit = 1 << (cell.geometry.operand_bits - 1)
    row, column = (cell.random.randrange(-limit, limit) for _ in range(2))
    return [CellSlot("load", address, row, column, west=word, north=_noise(cell)[1]), CellSlot()]


def _random_slots(cell: Cell, count: int) -> list[CellSlot]:
    """Slots in any order in which the one read port suffices."""
    random, specification = cell.random, cell.specification
    limit = 1 << (specification.formats.weight_bits - 1)
    words = cell.geometry.weight_words
    slots = [slot for address in range(words) for slot in _load(cell, address, random.randrange(-limit, limit))]
    slots += [CellSlot()] * WRITE_STAGE
    reserved: set[int] = set()
    while len(slots) < count:
        address, choice = random.randrange(words), random.random()
        if choice < 0.1:
            added = _load(cell, address, random.choice((-limit, limit - 1, random.randrange(-limit, limit))))
        elif choice < 0.5 and len(slots) not in reserved:
            added = [_sum(cell, address)]
        elif choice < 0.9:
            added = _random_update(cell, address)
            reserved.add(len(slots) + len(added) - 1 + UPDATE_READ_STAGE)
        else:
            added = [CellSlot()]
        slots += added
    return slots


def _random_update(cell: Cell, address: int) -> list[CellSlot]:
    """States of any size, often the extremes, so that weights run into their limits."""
    random, formats = cell.random, cell.specification.formats
    connection = random.choice(cell.specification.connections)
    column_bits = formats.input_bits if connection == 1 else formats.state_bits
    states = [
        random.choice((0, (1 << bits) - 1, random.getrandbits(bits)))
        for bits in (formats.state_bits, formats.state_bits, column_bits, column_bits)
    ]
    dither = random.getrandbits(cell.specification.generator_bits)
    return _update(
        cell, connection, address, (states[0], states[1], states[2], states[3]), dither, random.random() < 0.9
    )


async def _exhaustive(cell: Cell, connection: int) -> None:
    """Every weight, states and dither of one connection, a case after the other through the pipeline."""
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
    """In every period the load of one case, the update of the one before, and the read of the third before."""
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
