"""The memory and the behaviour of a neuron cell, with the scalar functions of the golden model."""

from dataclasses import dataclass, field

from ceprop.hdl.lanes.messages import Listing, Operand
from ceprop.model import activate, advance, nudged, update_bias
from ceprop.specification import Edge, Geometry, Specification


@dataclass(frozen=True)
class StepRequest:
    """A step of one neuron, in the terms of the model."""

    layer: int
    address: int
    drive: int
    first: bool
    nudged: bool
    negative: bool
    nudge_shift: int
    swap: bool
    bank: int
    keep: bool
    save: bool
    restore: bool
    everything: bool
    output: bool
    exists: bool
    labelled: bool
    rate_shift: int


@dataclass(frozen=True)
class Stepped:
    """The outcome of a step: the old state, the state before it, the new state, the drive, and whether the bias was
    saturated."""

    old: int
    older: int
    new: int
    drive: int
    saturated: bool


def next_state(geometry: Geometry, request: StepRequest, old: int, total: int, drive: int, bias: int) -> int:
    """Return the new state of a neuron from its old state, its sum, its drive and its bias."""
    specification = geometry.specification
    formats = specification.formats
    if not request.exists:
        return 0
    point = specification.sum_fraction(request.layer) - formats.weight_fraction
    heard = bias << formats.state_bits
    # In alternating order the first step of the column edge follows its first sums.
    sums_first = specification.alternating and request.layer % 2 == 0
    if (sums_first or not request.first) and len(specification.layers) > 2:
        heard += total
    value = heard << (point - formats.state_bits)
    if request.layer == 1:
        value += drive << (point - formats.input_bits)
    rho = activate(specification, request.layer, value)
    if not (request.output and request.nudged):
        return rho
    target = (1 << formats.state_bits) - 1 if request.labelled else 0
    # The host sets the shift of the nudge at run time, but the model takes it from a specification.
    return nudged(_with_nudge_shift(specification, request.nudge_shift), old, rho, target, request.negative)


def _with_nudge_shift(specification: Specification, shift: int) -> Specification:
    """Return the specification with another shift of the nudge."""
    return specification.override(f"nudge.shift={shift}")


@dataclass
class LaneModel:
    """The memory of one lane.

    The keys of `sums` are a number, which is 0 for the sum of states and from 1 for a drive of layer 1, and the address
    of the neuron. The keys of `biases` and `states` are the address. The keys of `generators` are bank and address. The
    keys of `lists` are layer and kind, and their values are slots.
    """

    geometry: Geometry
    edge: Edge
    sums: dict[tuple[int, int], int] = field(default_factory=dict)
    biases: dict[int, int] = field(default_factory=dict)
    generators: dict[tuple[int, int], int] = field(default_factory=dict)
    states: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The current and the previous state."""
    saved: dict[int, int] = field(default_factory=dict)
    """With a centred nudge, the saved states."""
    lists: dict[tuple[int, Listing], list[int]] = field(default_factory=dict)

    def pair(self, address: int, swap: bool, first: bool = False) -> tuple[int, int]:
        """Return the current and the previous state as a message uses them."""
        current, previous = (0, 0) if first else self.states[address]
        return (previous, current) if swap else (current, previous)

    def add(self, address: int, addend: int, *, drive: int, first: bool) -> None:
        """Add a partial sum that returns, to the drive with the number `drive`, or to the sum of states if it is 0."""
        self.sums[drive, address] = addend if first else self.sums[drive, address] + addend

    def operand(self, operand: Operand, address: int, preshift: int, negative: bool, swap: bool) -> int:
        """Return the operand that a neuron sends into the array."""
        current, previous = self.pair(address, swap)
        match operand:
            case Operand.ZERO:
                return 0
            case Operand.STATE:
                return current
            case Operand.PREVIOUS:
                return previous
            case Operand.DIFFERENCE:
                return (previous - current if negative else current - previous) << preshift

    def step(self, request: StepRequest, slot: int) -> Stepped:
        """Step one neuron and return the outcome.

        If the step is nudged, the generator of the neuron advances. With continual learning, its bias then learns.
        """
        continual = self.geometry.specification.continual
        old, older = self.pair(request.address, request.swap, request.first)
        drive = self.sums[request.drive, request.address] if request.layer == 1 else 0
        total = self.sums.get((0, request.address), 0)
        new = next_state(self.geometry, request, old, total, drive, self.biases[request.address])
        if request.restore:
            new = self.saved[request.address]
        if request.save:
            self.saved[request.address] = old
        saturated = False
        if request.nudged:
            generator = self._advanced(request)
            saturated = continual and self._learn(request, old, new, generator)
        kept = older if request.keep else old
        self.states[request.address] = new, kept
        self._list(request, slot, new, kept)
        return Stepped(old, older, new, drive, saturated)

    def learn(self, request: StepRequest) -> bool:
        """Update the bias from the current and the previous state. Returns whether the bias was saturated."""
        old, older = self.pair(request.address, request.swap, request.first)
        return self._learn(request, older, old, self.generators[request.bank, request.address])

    def listed(self, layer: int, listing: Listing, slots: int) -> list[int]:
        """Return the slots on a list of a layer with this number of slots."""
        return list(range(slots)) if listing is Listing.ALL else self.lists[layer, listing]

    def _list(self, request: StepRequest, slot: int, new: int, kept: int) -> None:
        """Append the slot of a neuron to the lists on which it belongs after a step."""
        for listing, wanted in ((Listing.CHANGED, new != kept), (Listing.ACTIVE, bool(new or kept))):
            if slot == 0:
                self.lists[request.layer, listing] = []
            if wanted or request.everything:
                self.lists[request.layer, listing].append(slot)

    def _advanced(self, request: StepRequest) -> int:
        """Return the next value of the generator, which is stored in the other bank."""
        bits = self.geometry.specification.generator_bits
        generator = advance(self.generators[request.bank, request.address], bits)
        self.generators[1 - request.bank, request.address] = generator
        return generator

    def _learn(self, request: StepRequest, old: int, new: int, generator: int) -> bool:
        """Update a bias from two states. Returns whether it was saturated."""
        specification = self.geometry.specification
        difference = (old - new if request.negative else new - old) << specification.formats.state_bits
        bias = self.biases[request.address]
        moved, saturated = update_bias(specification, request.layer, bias, difference, generator, request.rate_shift)
        self.biases[request.address] = moved
        return bool(saturated)
