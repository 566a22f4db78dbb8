"""Bench of the neuron cell. Each round has sums that return, a step of all neurons, operands, and a read of all
memories."""

from ceprop.hdl.cell.synapse import DITHER_STAGE, OPERAND_STAGE
from ceprop.hdl.lanes.messages import Listing, Messages, Operand, Operation, Space
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.neuron.accumulator import Accumulator
from ceprop.hdl.neuron.neuron_cell import NeuronCell
from ceprop.hdl.neuron.running_sums import ARRIVAL_STAGE
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.lane_model import LaneModel
from ceprop.sim.units.neuron_step import random_settings, shared_fields, step_message, step_request, step_status
from ceprop.sim.units.timeline import Timeline
from ceprop.specification import Edge

SUM_DELAY = 7
"""Cycles from the `source` message of a slot to its `sum` message. The bench works with any number."""
_ROUNDS = 80
_UNDEFINED = ("after__status", "trace", "read_word", "operands__operand", "operands__dither", "operands__slot")
"""Outputs that show the contents of memories between messages, also before these memories are written."""
_READ_STAGE = 3
"""Cycles from a message in the lane that reads a word to this word."""


async def bench_neuron(cell: Cell) -> None:
    """Learn for many rounds. Every answer is compared with the model, and saturated biases are counted."""
    bench = NeuronBench(cell)
    for number in range(_ROUNDS):
        # States cannot be written. So the first round computes them in a first step, in which all states are zero.
        bench.round(first=number == 0 or cell.random.random() < 0.1)
    outputs = await bench.line.run(cell, undefined=_UNDEFINED)
    found = sum(output["saturated"] for output in outputs)
    assert bench.saturations, "no bias was saturated, so the bench proves too little"
    cell.equal("saturated biases", found, bench.saturations)


class NeuronBench:
    """The script of the bench, which grows round by round, and the model of the lane."""

    def __init__(self, cell: Cell):
        component = cell.component
        assert isinstance(component, NeuronCell)
        self.random, self.geometry, self.specification = cell.random, cell.geometry, cell.specification
        self.cell = cell
        self.edge: Edge = component.edge
        self.hop = cell.geometry.hop_registers(component.lane)
        """Cycles from a message on the port to the message in the lane."""
        self.status_stage, self.status_latency = component.status_stage, component.status_latency
        self.model = LaneModel(cell.geometry, self.edge)
        self.line = Timeline()
        self.now = 0
        self.beats = step_beats(cell.geometry)
        self.saturations = 0
        edge: Edge = self.edge
        self.neurons = [
            (layer, slot) for layer in cell.geometry.layers(edge) for slot in range(cell.geometry.slots(layer))
        ]
        self._messages = Messages(cell.geometry)
        self.settings: dict[str, int] = {}
        self.rates: dict[int, int] = {}

    def round(self, first: bool) -> None:
        """Load some neurons, add to sums, step, learn at the end of a phase unless learning is continual, send
        operands, and read back."""
        start = self.now
        self.settings, self.rates = random_settings(self.cell, self.edge)
        load_all = not self.model.biases
        for layer, slot in self.neurons:
            if load_all or self.random.random() < 0.2:
                self._write(layer, slot)
        self._sums(load_all)
        self._steps(first)
        if not self.specification.continual:
            self._learn()
        self._sources()
        self._reads()
        for now in range(start, self.now):
            self.line.set(now, "before__settings", **self.settings)
            self.line.expect(now + self.hop, "hop", "after__settings", self.settings)

    def _address(self, layer: int, slot: int) -> int:
        """Return the address of a neuron."""
        return self.geometry.neuron_address(layer, slot)

    def _unit(self, layer: int, slot: int) -> dict[str, int]:
        """Return the fields of a message that select a neuron."""
        return {"index": slot, "layer": self.geometry.edge_number(layer)}

    def _write(self, layer: int, slot: int) -> None:
        """Write a bias and both banks of a generator."""
        random, formats, address = self.random, self.specification.formats, self._address(layer, slot)
        limit = 1 << (formats.weight_bits - 1)
        # Most biases leave the activation between its ends, where every bit of the sum has an effect.
        near = random.randrange(min(limit, 1 << formats.weight_fraction))
        bias = random.choice((near, near, near, random.randrange(-limit, limit), -limit, limit - 1))
        self._write_word(Space.BIAS, layer, slot, 0, bias & ((1 << self._messages.word_bits) - 1))
        self.model.biases[address] = bias
        for bank in (0, 1):
            generator = random.randrange(1, 1 << self.specification.generator_bits)
            self._write_word(Space.GENERATOR, layer, slot, bank, generator)
            self.model.generators[bank, address] = generator

    def _write_word(self, space: Space, layer: int, slot: int, bank: int, word: int) -> None:
        """Write one word of one neuron."""
        unit = self._unit(layer, slot)
        self.line.set(self.now, "before__step", operation=Operation.WRITE, space=space, bank=bank, **unit)
        self.line.set(self.now + self.hop + 1, "word", word)
        bits, room = self._messages.word_bits, 1 << self.cell.width("operands__load_word")
        signed = word - (word >> (bits - 1) << bits)
        as_sum = (signed + room // 2) % room - room // 2
        self.line.expect(self.now + self.hop + 1, f"word {word}", "operands__load_word", as_sum)
        self.now += self.beats

    def _sums(self, load_all: bool) -> None:
        """Add a few addends to every sum and drive. Those of one neuron follow directly, as the array sends them."""
        runs = []
        for layer, slot in self.neurons:
            kinds = [0] * (len(self.specification.layers) > 2)
            kinds += range(1, 1 + self.geometry.drives) if layer == 1 else []
            runs += [(layer, slot, drive) for drive in kinds]
        self.random.shuffle(runs)
        self._add(runs, load_all)
        self.now += SUM_DELAY

    def _add(self, runs: list[tuple[int, int, int]], load_all: bool) -> None:
        """Add addends to sums. `runs` has layer, slot and number of each sum."""
        for layer, slot, drive in runs:
            # A drive is computed again for the units on a list, and the list of this lane may be empty.
            lists = [Listing.ALL] if load_all or not drive else [Listing.ALL, Listing.CHANGED, Listing.ACTIVE]
            listing = self.random.choice(lists)
            listed = self.model.listed(layer, listing, self.geometry.slots(layer))
            count = self.random.randint(1, 4)
            largest = self._largest_addend(layer, drive) // count
            for number in range(count):
                first = number == 0 and (load_all or self.random.random() < 0.9)
                addend = self.random.randint(-largest, largest)
                index = slot
                if slot < len(listed):
                    address = self._address(layer, listed[slot])
                    if not first and not self._has_room(layer, drive, address, addend):
                        first = True
                    self.model.add(address, addend, drive=drive, first=first)
                self._sum(layer, index, listing, drive, first, addend)
            # Additions to one neuron are consecutive or `latency` cycles apart.
            self.now += Accumulator.latency

    def _has_room(self, layer: int, drive: int, address: int, addend: int) -> bool:
        """Return whether a sum stays within the range for which its width was chosen."""
        return abs(self.model.sums[drive, address] + addend) <= self._largest_addend(layer, drive)

    def _sum(self, layer: int, index: int, listing: Listing, drive: int, first: bool, addend: int) -> None:
        """Send the `source` message of a slot, and its sum after `SUM_DELAY` cycles."""
        layer_number = self.geometry.edge_number(layer)
        self.line.set(self.now, "before__source", sum=1, listing=listing, index=index, layer=layer_number)
        back = self.now + SUM_DELAY
        message = {"valid": 1, "drive": drive, "first": int(first), "read": 0}
        self.line.set(back, "before__sum", **message)
        self.line.expect(back + self.hop, "hop", "after__sum", message)
        self.line.set(back + self.hop + ARRIVAL_STAGE, "returned__partial_sum", addend)
        self.now += 1

    def _largest_addend(self, layer: int, drive: int) -> int:
        """Return the bound for the total of all addends of a sum. It lies within the width of the sum, and mostly where
        the activation is not flat."""
        formats, layers = self.specification.formats, self.specification.layers
        weight = 1 << (formats.weight_bits - 1)
        if drive:
            bits, units = formats.input_bits, layers[0]
        else:
            bits = formats.state_bits
            units = (layers[layer - 1] if layer > 1 else 0) + (layers[layer + 1] if layer + 1 < len(layers) else 0)
        bound = units * weight * ((1 << bits) - 1)
        return min(bound, 1 << (bits + formats.weight_fraction), (1 << (self.geometry.widths.partial_sum_bits - 1)) - 1)

    def _steps(self, first: bool) -> None:
        """Step all neurons of the lane, with their messages as close as possible."""
        shared = shared_fields(self.cell, first)
        if self.specification.centred:
            saved = bool(self.model.saved)
            shared["save"] = int(not saved or self.random.random() < 0.5)
            shared["restore"] = int(saved and self.random.random() < 0.3)
        start = self.now
        for layer, slot in self.neurons:
            self._step(layer, slot, shared)
            self.now += self.beats
        # A new state is stored and listed before it enters the status. A `source` message may read it one cycle later.
        self.now += self.status_stage
        if self.edge == "row" and self.geometry.drives > 1:
            self._add_to_other_drive(start, 3 - shared["drive"])

    def _add_to_other_drive(self, start: int, drive: int) -> None:
        """Send addends for the drive that the step does not use, while the step is under way."""
        end, self.now = self.now, max(0, start - SUM_DELAY)
        slots = [slot for layer, slot in self.neurons if layer == 1]
        self._add([(1, self.random.choice(slots), drive) for _ in range(3)], load_all=True)
        self.now = max(end, self.now + SUM_DELAY)

    def _step(self, layer: int, slot: int, shared: dict[str, int]) -> None:
        """Send the message of a neuron. Expect its hop, the new state on the trace, and the status."""
        message = step_message(self.cell, layer, slot, shared, self.settings["target"])
        stepped = self.model.step(step_request(self.cell, message, layer, self.settings, self.rates[layer]), slot)
        self.saturations += stepped.saturated
        what = f"step of slot {slot} (layer {layer}) {message}, {self.settings}"
        self.line.set(self.now, "before__step", **message)
        passed = self.cell.passed("before__step", message) | {"remaining": max(0, message["remaining"] - 1)}
        self.line.expect(self.now + self.hop, "hop", "after__step", passed)
        shown = self.now + self.hop + self.status_stage
        if self.geometry.trace:
            drive = stepped.drive & ((1 << self.geometry.widths.drive_bits) - 1)
            self.line.expect(shown, what, "trace", {"state": stepped.new, "drive": drive})
        # The status of the previous lanes arrives with the new state, and it leaves `status_latency` cycles later.
        before, after = step_status(self.cell, message, layer, stepped, self.model)
        self.line.set(shown, "before__status", **before)
        self.line.expect(shown + self.status_latency, what, "after__status", after)

    def _learn(self) -> None:
        """Update the biases at the end of a phase. No state changes, and no status is sent."""
        shared = shared_fields(self.cell, first=False)
        for layer, slot in self.neurons:
            message = step_message(self.cell, layer, slot, shared, self.settings["target"])
            message["operation"] = Operation.LEARN
            request = step_request(self.cell, message, layer, self.settings, self.rates[layer])
            self.saturations += self.model.learn(request)
            self.line.set(self.now, "before__step", **message)
            self.line.expect(
                self.now + self.hop + self.status_stage + self.status_latency, "learning", "after__status", {"valid": 0}
            )
            self.now += self.beats
        self.now += self.status_stage + Accumulator.latency

    def _sources(self) -> None:
        """Request operands and dither for the array, with one message per cycle."""
        random, geometry, stages = self.random, self.geometry, lane_stages(self.geometry)
        for _ in range(12):
            layer, slot = random.choice(self.neurons)
            operand, shift = random.choice(list(Operand)), random.choice(self.specification.connections)
            listing = random.choice(list(Listing))
            preshift, negative, swap, bank = (
                random.randint(0, geometry.widths.rate_room),
                *(random.getrandbits(1) for _ in "123"),
            )
            dither_shift = geometry.widths.dither_shift(shift)
            message = self._unit(layer, slot) | {
                "operand": operand,
                "listing": listing,
                "preshift": preshift,
                "dither_shift": dither_shift,
                "negative": negative,
                "swap": swap,
                "bank": bank,
                "sum": random.getrandbits(1),
            }
            at = self.now + self.hop
            listed = self.model.listed(layer, listing, geometry.slots(layer))
            what = f"source {message} of {listed}"
            self.line.set(self.now, "before__source", **message)
            self.line.expect(at, "hop", "after__source", self.cell.passed("before__source", message))
            self.line.expect(at, what, "operands__sums", message["sum"])
            self.line.expect(at + stages.present, what, "operands__present", int(slot < len(listed)))
            value = 0
            if slot < len(listed):
                self.line.expect(at + 1, what, "operands__slot", listed[slot])
                address = self._address(layer, listed[slot])
                value = self.model.operand(operand, address, preshift, bool(negative), bool(swap))
                dither = (self.model.generators[bank, address] << dither_shift) & (
                    (1 << geometry.widths.dither_bits) - 1
                )
                self.line.expect(at + stages.address + DITHER_STAGE, what, "operands__dither", dither)
            self.line.expect(at + stages.address + OPERAND_STAGE, what, "operands__operand", value)
            self.now += 1
        # The generators have one read port, which must first read the dither of the last message.
        self.now += stages.address + DITHER_STAGE

    def _reads(self) -> None:
        """Read biases, generators, states, and a weight that arrives as a returning sum."""
        formats, model = self.specification.formats, self.model
        mask = (1 << self._messages.word_bits) - 1
        for layer, slot in self.neurons:
            address = self._address(layer, slot)
            current, previous = model.states[address]
            self._read(Space.BIAS, layer, slot, 0, model.biases[address] & mask)
            for bank in (0, 1):
                self._read(Space.GENERATOR, layer, slot, bank, model.generators[bank, address])
            self._read(Space.STATE, layer, slot, 0, current | previous << formats.state_bits)
        weight = self.random.randrange(-(1 << formats.weight_bits >> 1), 1 << formats.weight_bits >> 1)
        self.line.set(self.now, "before__sum", read=1)
        self.line.expect(self.now + self.hop, "hop", "after__sum", {"valid": 0, "read": 1})
        self.line.set(self.now + self.hop + ARRIVAL_STAGE, "returned__partial_sum", weight)
        self.line.expect(self.now + self.hop + _READ_STAGE, "weight read back", "read_word", weight & mask)
        self.now += self.hop + _READ_STAGE

    def _read(self, space: Space, layer: int, slot: int, bank: int, word: int) -> None:
        """Read one word of one neuron, and expect `word`."""
        unit = self._unit(layer, slot)
        message = unit | {"operation": Operation.READ.value, "space": space.value, "bank": bank}
        self.line.set(self.now, "before__step", **message)
        self.line.expect(self.now + self.hop, "hop", "after__step", message)
        what = f"{space.name} of slot {slot} (layer {layer}), bank {bank}"
        self.line.expect(self.now + self.hop + _READ_STAGE, what, "read_word", word)
        self.now += self.beats
