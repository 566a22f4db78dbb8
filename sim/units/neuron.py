"""Bench of the neuron cell: rounds of sums that come back, a step of all neurons, sources, and everything read back."""

from ceprop.geometry import Edge
from ceprop.hdl.accumulator import Accumulator
from ceprop.hdl.messages import Messages, Operand, Operation, Space
from ceprop.hdl.neuron import NeuronCell
from ceprop.hdl.synapse import ADDRESS_STAGE, DITHER_STAGE, OPERAND_STAGE
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.lane_model import LaneModel
from ceprop.sim.units.neuron_step import step_message, step_request, step_settings, step_status
from ceprop.sim.units.timeline import Timeline

_ROUNDS = 80
_HOP = 1
"""A message is in the lane one cycle after it is on the port."""


async def bench_neuron(cell: Cell) -> None:
    """Learn for many rounds; every answer is held to the model, and saturated biases are counted."""
    bench = NeuronBench(cell)
    for number in range(_ROUNDS):
        # States cannot be written: the first round makes them from nothing.
        bench.round(first=number == 0 or cell.random.random() < 0.1)
    outputs = await bench.line.run(cell)
    found = sum(output["saturated"] for output in outputs)
    assert bench.saturations, "no bias was saturated: the bench proves too little"
    cell.equal("saturated biases", found, bench.saturations)


class NeuronBench:
    """The script as it grows, round by round, beside the model."""

    def __init__(self, cell: Cell):
        component = cell.component
        assert isinstance(component, NeuronCell)
        self.random, self.geometry, self.specification = cell.random, cell.geometry, cell.specification
        self.cell, self.edge = cell, component.edge
        self.status_stage = component.status_stage
        self.model = LaneModel(cell.geometry, self.edge)
        self.line = Timeline()
        self.now = 0
        self.saturations = 0
        edge: Edge = self.edge
        self.neurons = [
            (layer, cell.geometry.neuron_base(layer) + slot)
            for layer in cell.geometry.layers(edge)
            for slot in range(cell.geometry.slots(layer))
        ]
        self._messages = Messages(cell.geometry)

    def round(self, first: bool) -> None:
        """Load some, add up sums, step, send, read back."""
        load_all = not self.model.biases
        for _, address in self.neurons:
            if load_all or self.random.random() < 0.2:
                self._write(address)
        self._sums()
        self._steps(first)
        self._sources()
        self._reads()

    def _write(self, address: int) -> None:
        """A bias and both banks of a generator."""
        random, formats = self.random, self.specification.formats
        limit = 1 << (formats.weight_bits - 1)
        # Mostly one that leaves the activation between its ends, where every bit of the sum counts.
        near = random.randrange(min(limit, 1 << formats.weight_fraction))
        bias = random.choice((near, near, near, random.randrange(-limit, limit), -limit, limit - 1))
        self._write_word(Space.BIAS, address, 0, bias & ((1 << self._messages.word_bits) - 1))
        self.model.biases[address] = bias
        for bank in (0, 1):
            generator = random.randrange(1, 1 << self.specification.generator_bits)
            self._write_word(Space.GENERATOR, address, bank, generator)
            self.model.generators[bank, address] = generator

    def _write_word(self, space: Space, address: int, bank: int, word: int) -> None:
        self.line.set(self.now, "step", operation=Operation.WRITE, space=space, address=address, bank=bank)
        self.line.set(self.now + _HOP, "word", word)
        self.now += 1

    def _sums(self) -> None:
        """A few addends to every sum and drive, those of one neuron in turn, neurons interleaved."""
        waiting = []
        for layer, address in self.neurons:
            kinds = [False] * (len(self.specification.layers) > 2) + [True] * (layer == 1)
            waiting += [(layer, address, drive, self.random.randint(1, 4)) for drive in kinds]
        begun: set[tuple[int, bool]] = set()
        places = [entry for entry in waiting for _ in range(entry[3])]
        self.random.shuffle(places)
        for layer, address, drive, count in places:
            largest = self._largest_addend(layer, drive) // count
            addend = self.random.randint(-largest, largest)
            first = (address, drive) not in begun
            begun.add((address, drive))
            self.line.set(self.now, "sum", valid=1, drive=int(drive), first=int(first), address=address)
            self.line.expect(self.now + _HOP, "hop", "sum_out", {"valid": 1, "address": address, "first": int(first)})
            self.line.set(self.now + _HOP + 1, "returned", addend)
            self.model.add(address, addend, drive=drive, first=first)
            self.now += 1
        # The earliest message that may read the sums.
        self.now += Accumulator.latency - 2

    def _largest_addend(self, layer: int, drive: bool) -> int:
        """All addends of a sum together: within its width, and mostly where the activation is not flat."""
        formats, layers = self.specification.formats, self.specification.layers
        weight = 1 << (formats.weight_bits - 1)
        if drive:
            bits, units = formats.input_bits, layers[0]
        else:
            bits = formats.state_bits
            units = (layers[layer - 1] if layer > 1 else 0) + (layers[layer + 1] if layer + 1 < len(layers) else 0)
        bound = units * weight * ((1 << bits) - 1)
        return min(bound, 1 << (bits + formats.weight_fraction), (1 << (self.geometry.partial_sum_bits - 1)) - 1)

    def _steps(self, first: bool) -> None:
        """All neurons of the lane, one message a cycle."""
        settings = step_settings(self.cell, first)
        for layer, address in self.neurons:
            self._step(layer, address, settings)
            self.now += 1
        # A new state is stored in the cycle in which it enters the status; a source may read it in the next one.
        self.now += self.status_stage

    def _step(self, layer: int, address: int, settings: dict[str, int]) -> None:
        """A neuron's message, its hop, its new state on the trace, and its status."""
        largest, smallest = (
            shifts[layer - 1] for shifts in (self.specification.largest_shifts, self.specification.smallest_shifts)
        )
        rate_shift = self.random.randint(smallest, largest)
        message = step_message(self.cell, layer, address, settings, rate_shift)
        stepped = self.model.step(step_request(message, layer, rate_shift))
        self.saturations += stepped.saturated
        what = f"step of address {address} (layer {layer}) {message}"
        self.line.set(self.now, "step", **message)
        passed = self.cell.passed("step", message) | {"remaining": max(0, message["remaining"] - 1)}
        self.line.expect(self.now + _HOP, "hop", "step_out", passed)
        shown = self.now + _HOP + self.status_stage
        drive = stepped.drive & ((1 << self.geometry.drive_bits) - 1)
        self.line.expect(shown, what, "trace", {"state": stepped.new, "drive": drive})
        # The status of the lanes before comes in with the new state, and goes out one cycle later.
        before, after = step_status(self.cell, message, stepped)
        self.line.set(shown, "status", **before)
        self.line.expect(shown + 1, what, "status_out", after)

    def _sources(self) -> None:
        """Operands and dither into the array, a message a cycle."""
        random, geometry = self.random, self.geometry
        for _ in range(12):
            _, address = random.choice(self.neurons)
            operand, shift = random.choice(list(Operand)), random.choice(self.specification.connections)
            preshift, negative, swap, bank = (
                random.randint(0, geometry.rate_room),
                *(random.getrandbits(1) for _ in "123"),
            )
            dither_shift = geometry.dither_shift(shift)
            message = {
                "operand": operand,
                "address": address,
                "preshift": preshift,
                "dither_shift": dither_shift,
                "negative": negative,
                "swap": swap,
                "bank": bank,
            }
            at = self.now + _HOP
            what = f"source {message}"
            self.line.set(self.now, "source", **message)
            self.line.expect(at, "hop", "source_out", self.cell.passed("source", message))
            value = self.model.operand(operand, address, preshift, bool(negative), bool(swap))
            self.line.expect(at + ADDRESS_STAGE + OPERAND_STAGE, what, "operand", value)
            dither = (self.model.generators[bank, address] << dither_shift) & ((1 << geometry.dither_bits) - 1)
            self.line.expect(at + ADDRESS_STAGE + DITHER_STAGE, what, "dither", dither)
            self.now += 1
        # The generators' one read port serves the dither of the last message first.
        self.now += ADDRESS_STAGE + DITHER_STAGE

    def _reads(self) -> None:
        """Biases, generators, states, and a weight on the returning sum."""
        formats, model = self.specification.formats, self.model
        mask = (1 << self._messages.word_bits) - 1
        for _, address in self.neurons:
            current, previous = model.states[address]
            self._read(Space.BIAS, address, 0, model.biases[address] & mask)
            for bank in (0, 1):
                self._read(Space.GENERATOR, address, bank, model.generators[bank, address])
            self._read(Space.STATE, address, 0, current | previous << formats.state_bits)
        weight = self.random.randrange(-(1 << formats.weight_bits >> 1), 1 << formats.weight_bits >> 1)
        self.line.set(self.now, "sum", read=1)
        self.line.set(self.now + _HOP + 1, "returned", weight)
        self.line.expect(self.now + _HOP + 2, "weight read back", "read_word", weight & mask)
        self.now += _HOP + 2

    def _read(self, space: Space, address: int, bank: int, word: int) -> None:
        self.line.set(self.now, "step", operation=Operation.READ, space=space, address=address, bank=bank)
        self.line.expect(self.now + _HOP + 2, f"{space.name} of address {address}, bank {bank}", "read_word", word)
        self.now += 1
