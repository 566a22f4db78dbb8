"""Benches of the parts that hold no data: generator step, multiplier, activation, skew registers."""

import itertools

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.devices.multiplier import Multiplier
from ceprop.hdl.lanes.dither import next_random
from ceprop.hdl.lanes.skew_registers import SkewRegisters
from ceprop.hdl.neuron.activation import Activation
from ceprop.model import activate
from ceprop.model import advance as model_advance
from ceprop.sim.units.cell import Cell, Cycle
from ceprop.specification import Edge, Geometry

_EXHAUSTIVE_BITS = 14
"""Up to this width, all values of a sum or a product are tested. A wider sum is tested around every place where the
state changes, and a wider product at its extremes."""


class NextRandom(wiring.Component):
    """The next values of many generators, computed in parallel, with a register after them."""

    values: Signal
    next_values: Signal

    count = 64

    def __init__(self, bits: int):
        self.bits = bits
        super().__init__({"values": In(bits * self.count), "next_values": Out(bits * self.count)})

    def elaborate(self, platform: object) -> Module:
        """Connect the generators in parallel."""
        m = Module()
        values = [Signal(self.bits, name=f"value_{k}") for k in range(self.count)]
        m.d.comb += [value.eq(self.values.word_select(k, self.bits)) for k, value in enumerate(values)]
        m.d.sync += self.next_values.eq(Cat(next_random(value) for value in values))
        return m


async def bench_next_random(cell: Cell) -> None:
    """Test all values of a generator of 16 bits. Of one of 32 bits, test random values and all values with a single
    bit."""
    assert isinstance(cell.component, NextRandom)
    bits, count = cell.component.bits, NextRandom.count
    if bits == 16:
        values = list(range(1 << 16))
    else:
        values = [cell.random.getrandbits(bits) for _ in range((1 << 16) - count)]
        values += [1 << (k % bits) for k in range(count)]
    groups = [values[k : k + count] for k in range(0, len(values), count)]
    packed = [sum(value << (k * bits) for k, value in enumerate(group)) for group in groups]
    outputs = await cell.play([*({"values": word} for word in packed), {}])
    for group, output in zip(groups, outputs[1:], strict=True):
        for k, value in enumerate(group):
            found = output["next_values"] >> (k * bits) & ((1 << bits) - 1)
            cell.equal(f"after {value:#x}", found, model_advance(value, bits))


async def bench_multiplier(cell: Cell) -> None:
    """Test every pair of operands, one pair per cycle. For wide operands, test the extremes and random values."""
    component, random = cell.component, cell.random
    assert isinstance(component, Multiplier)
    ranges = [range(-(1 << n >> 1), 1 << n >> 1) for n in (cell.width("a"), cell.width("b"))]
    if cell.width("product") > _EXHAUSTIVE_BITS:
        ranges = [[r[0], r[0] + 1, -1, 0, 1, r[-1], *(random.choice(r) for _ in range(50))] for r in ranges]
    pairs = list(itertools.product(*ranges))
    random.shuffle(pairs)
    outputs = await cell.play([*({"a": a, "b": b} for a, b in pairs), *[{}] * component.latency])
    for (a, b), output in zip(pairs, outputs[component.latency :], strict=True):
        cell.equal(f"{a} times {b}", cell.output(output, "product"), a * b)


def activation_of(geometry: Geometry, edge: Edge) -> Activation:
    """Return the activation that the neuron cells of an edge have."""
    fraction = geometry.widths.sum_point(edge) + geometry.specification.formats.weight_fraction
    return Activation(geometry.specification, geometry.widths.sum_bits(edge), fraction)


async def bench_activation(cell: Cell) -> None:
    """Test every sum. If there are too many, test both sides of every step of the curve, the extremes, and random
    values."""
    component, specification = cell.component, cell.specification
    assert isinstance(component, Activation)
    edge: Edge = "row" if cell.name.endswith("row") else "column"
    layer = cell.geometry.layers(edge)[0]
    bits = cell.width("value")
    low, high = -(1 << bits >> 1), (1 << bits >> 1) - 1
    if bits <= _EXHAUSTIVE_BITS:
        values = list(range(low, high + 1))
    else:
        pitch = 1 << (component.fraction - specification.formats.state_bits - 1)
        around = range(-(2 << component.fraction), 3 << component.fraction, pitch)
        values = [value + k for value in around for k in (-1, 0, 1)]
        values += [low, low + 1, high - 1, high, *(cell.random.randint(low, high) for _ in range(1000))]
        values = [value for value in values if low <= value <= high]
    outputs = await cell.play([*({"value": value} for value in values), *[{}] * component.latency])
    for value, output in zip(values, outputs[component.latency :], strict=True):
        expected = activate(specification, layer, value)
        cell.equal(f"activation of {value}", cell.output(output, "state"), expected)


async def bench_skew_registers(cell: Cell) -> None:
    """Send random words. The registers must delay every lane by its own number of cycles."""
    component = cell.component
    assert isinstance(component, SkewRegisters)
    lanes = component.lanes
    words = [[cell.random.getrandbits(cell.width("words__0")) for _ in range(lanes)] for _ in range(200)]
    cycles: list[Cycle] = [{f"words__{lane}": word for lane, word in enumerate(group)} for group in words]
    outputs = await cell.play(cycles)
    for now, output in enumerate(outputs):
        for lane in range(lanes):
            late = lane // component.lanes_a_hop
            if component.align:
                late = (lanes - 1) // component.lanes_a_hop - late
            if now >= late:
                found = cell.output(output, f"delayed__{lane}")
                cell.equal(f"lane {lane} in cycle {now}", found, words[now - late][lane])
