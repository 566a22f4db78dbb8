"""Benches of the parts that remember numbers: the weights' memory and the running sums."""

from ceprop.hdl.accumulator import Accumulator
from ceprop.hdl.memory import PortableMemory
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.timeline import Timeline


async def bench_memory(cell: Cell) -> None:
    """Every word over every word at every address, with and without enable, read in that cycle and in the next."""
    component = cell.component
    assert isinstance(component, PortableMemory)
    bits = cell.width("read_data")
    words = range(-(1 << bits >> 1), 1 << bits >> 1)
    cases = [(a, old, new, on) for a in range(component.words) for old in words for new in words for on in (0, 1)]
    cell.random.shuffle(cases)
    line = Timeline()
    for k, (address, old, new, on) in enumerate(cases):
        elsewhere = cell.random.randrange(component.words)
        line.set(3 * k, "write_address", address)
        line.set(3 * k, "write_data", old)
        line.set(3 * k, "write_enable", 1)
        line.set(3 * k, "read_address", elsewhere)
        line.set(3 * k + 1, "write_address", address)
        line.set(3 * k + 1, "write_data", new)
        line.set(3 * k + 1, "write_enable", on)
        line.set(3 * k + 1, "read_address", address)
        line.set(3 * k + 2, "read_address", address)
        # Nothing is written without enable, wherever the address points.
        line.set(3 * k + 2, "write_address", address)
        line.set(3 * k + 2, "write_data", cell.random.choice(words))
    outputs = await cell.play(line.cycles(component.latency))
    for k, (address, old, new, on) in enumerate(cases):
        during, after = (cell.output(outputs[3 * k + n + component.latency], "read_data") for n in (1, 2))
        what = f"address {address}, {old} then {new} (enable {on})"
        cell.equal(f"{what}, read while written", during, old)
        cell.equal(f"{what}, read afterwards", after, new if on else old)


async def bench_accumulator(cell: Cell) -> None:
    """Random additions, most of them close behind one to the same address."""
    component, random = cell.component, cell.random
    assert isinstance(component, Accumulator)
    addend_limit, limit = (1 << (cell.width(name) - 1) for name in ("addend", "read_data"))
    sums: list[int | None] = [None] * component.words
    line = Timeline()
    history: list[tuple[int, bool]] = []
    expected: dict[int, int] = {}
    contents: list[list[int | None]] = []
    for now in range(4000):
        # The same address again at distance 1, 2 or 3, or any other.
        again = random.randint(1, 5)
        address = history[-again][0] if again <= min(3, len(history)) else random.randrange(component.words)
        valid = random.random() < 0.8
        addend = random.choice([-addend_limit, addend_limit - 1, random.randrange(-addend_limit, addend_limit)])
        before = sums[address]
        first = before is None or not -limit <= before + addend < limit or random.random() < 0.1
        line.set(now, "address", address)
        line.set(now, "valid", int(valid))
        # Without `valid` neither `first` nor the addend matters.
        line.set(now, "first", int(first))
        line.set(now + 1, "addend", addend)
        if valid:
            sums[address] = addend if first else (before or 0) + addend
        history.append((address, valid))
        contents.append(list(sums))
        # What is read now shows in the next cycle, with all additions up to `latency` cycles before that.
        seen = now + 1 - component.latency
        total = contents[seen][address] if seen >= 0 else None
        if total is not None and (address, True) not in history[seen + 1 : now]:
            expected[now + 1] = total
    outputs = await cell.play(line.cycles(1))
    for now, total in expected.items():
        cell.equal(f"sum read in cycle {now}", cell.output(outputs[now], "read_data"), total)
