"""Benches of the parts that hold numbers: the weight memory, the running sums and the FIFO."""

from ceprop.hdl.devices.memory import PortableMemory, WeightMemory
from ceprop.hdl.io.fifo import Fifo
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.timeline import Timeline

_EXHAUSTIVE_CASES = 1 << 10
_RANDOM_CASES = 1000


async def bench_memory(cell: Cell) -> None:
    """Write words over other words, with and without enable, and read other addresses.

    A small memory is tested with all addresses and words. A large memory is tested with addresses around the ends of
    its blocks. Undefined outputs are compared only for the portable memory.
    """
    component, random = cell.component, cell.random
    assert isinstance(component, WeightMemory)
    portable, latency = isinstance(component, PortableMemory), component.latency
    contents: dict[int, int] = {}
    expected: dict[int, tuple[str, int]] = {}
    cases = _cases(cell)
    line = Timeline()
    for k, (address, old, new, on) in enumerate(cases):
        elsewhere, other = (random.choice(cases)[0] for _ in range(2))
        # Each write comes with a read of another address, which only two ports can serve.
        for cycle, word, enable, read in ((4 * k, old, 1, elsewhere), (4 * k + 1, new, on, address)):
            line.set(cycle, "write_address", address)
            line.set(cycle, "write_data", word)
            line.set(cycle, "write_enable", enable)
            line.set(cycle, "read_address", read)
            used = address if enable and component.ports == 1 else read
            defined = not enable or (component.ports == 2 and read != address)
            if used in contents and (defined or portable):
                expected[cycle + latency] = f"address {read}, {'writing' if enable else 'not writing'}", contents[used]
            if enable:
                contents[address] = word
        for cycle, read in ((4 * k + 2, address), (4 * k + 3, other)):
            line.set(cycle, "read_address", read)
            # Without enable, nothing may be written, whatever the address is.
            line.set(cycle, "write_address", address)
            line.set(cycle, "write_data", ~contents[address])
            if read in contents:
                expected[cycle + latency] = f"address {read}, written last {address}", contents[read]
    outputs = await cell.play(line.cycles(latency), undefined=("read_data",))
    for cycle, (what, word) in expected.items():
        cell.equal(f"{what}, cycle {cycle}", cell.output(outputs[cycle], "read_data"), word)


def _cases(cell: Cell) -> list[tuple[int, int, int, int]]:
    """Return cases in random order: address, old word, new word, and enable of the second write."""
    component, random = cell.component, cell.random
    assert isinstance(component, WeightMemory)
    bits = cell.width("read_data")
    low, high = -(1 << bits >> 1), (1 << bits >> 1) - 1
    if component.words << 2 * bits <= _EXHAUSTIVE_CASES:
        words = range(low, high + 1)
        cases = [(a, old, new, on) for a in range(component.words) for old in words for new in words for on in (0, 1)]
        random.shuffle(cases)
        return cases
    ends = [(1 << n) + k for n in range(component.words.bit_length()) for k in (-1, 0, 1)]
    ends += [component.words - 1, *(random.randrange(component.words) for _ in range(50))]
    places = sorted({address for address in ends if 0 <= address < component.words})
    values = [low, high, 0, -1]

    def value() -> int:
        return random.choice([*values, random.randint(low, high)])

    return [(random.choice(places), value(), value(), random.randrange(2)) for _ in range(_RANDOM_CASES)]


async def bench_accumulator(cell: Cell) -> None:
    """Make random additions. Most of them closely follow one to the same sum, in the next cycle or `latency` cycles
    later."""
    component, random = cell.component, cell.random
    assert isinstance(component, Accumulator)
    latency, ports = component.latency, ("read_data", "read_second")[: len(component.bits)]
    addend_limit, *limits = (1 << (cell.width(name) - 1) for name in ("addend", *ports))
    sums: dict[tuple[int, int], int] = {}
    line = Timeline()
    history: list[tuple[int, int] | None] = []
    contents: list[dict[tuple[int, int], int]] = []
    addresses: list[int] = []
    for now in range(4000):
        # The address is one of the last four, or any other.
        again = random.randint(1, 6)
        address = addresses[-again] if again <= min(4, now) else random.randrange(component.words)
        place = address, random.randrange(len(ports))
        too_close = place in history[1 - latency :] and history[-1] != place
        valid = random.random() < 0.8 and not too_close
        addend = random.choice([-addend_limit, addend_limit - 1, random.randrange(-addend_limit, addend_limit)])
        before, limit = sums.get(place), limits[place[1]]
        first = before is None or not -limit <= before + addend < limit or random.random() < 0.1
        line.set(now, "address", address)
        line.set(now, "valid", int(valid))
        # Without `valid`, neither `first` nor the addend may have an effect.
        line.set(now, "first", int(first))
        line.set(now, "second", place[1])
        line.set(now + 1, "addend", addend)
        if valid:
            sums[place] = addend if first else (before or 0) + addend
        history.append(place if valid else None)
        addresses.append(address)
        contents.append(dict(sums))
        if component.separate_read:
            address = random.choice(addresses[-6:])
            line.set(now, "read_address", address)
        # A word that is read now is at the output in the next cycle. It has all additions up to `latency` cycles ago.
        for second, port in enumerate(ports):
            place = address, second
            if now >= latency and place in contents[now - latency] and place not in history[now - latency + 1 : now]:
                line.expect(now + 1, f"sum {second} of address {address}", port, contents[now - latency][place])
    await line.run(cell, undefined=ports)


async def bench_fifo(cell: Cell) -> None:
    """Write bursts of words, up to the free room, and read at any speed. All words must come out once and in order."""
    component, random, width = cell.component, cell.random, cell.width("word")
    assert isinstance(component, Fifo)
    depth = component.depth
    cycles: list[dict[str, int]] = []
    words: list[int] = []
    for _ in range(200):
        eager = random.random()
        for _ in range(random.randint(1, depth)):
            words.append(random.getrandbits(width))
            cycles.append({"write": 1, "word": words[-1], "out__ready": int(random.random() < eager)})
            cycles += [{"out__ready": int(random.random() < eager)}] * random.choice((0, 0, 0, 1, 3))
        cycles += [{"out__ready": 1}] * random.choice((0, depth)) + [{"out__ready": 0}] * 3
        cycles += [{"out__ready": 1}] * (depth + 3)
    outputs = await cell.play(cycles, undefined=("out__payload",))
    found = [
        output["out__payload"]
        for cycle, output in zip(cycles, outputs, strict=True)
        if output["out__valid"] and cycle.get("out__ready")
    ]
    cell.equal("words that came out", len(found), len(words))
    for number, (word, expected) in enumerate(zip(found, words, strict=True)):
        cell.equal(f"word {number}", word, expected)
