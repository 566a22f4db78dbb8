"""What a neuron cell holds and does, in the golden model's scalar functions."""

from dataclasses import dataclass, field
from functools import cached_property

from ceprop.geometry import Edge, Geometry
from ceprop.hdl.messages import Operand
from ceprop.model import activate, advance, nudged, update_bias
from ceprop.specification import Specification


@dataclass(frozen=True)
class StepRequest:
    """A step of one neuron, in the model's terms."""

    layer: int
    address: int
    first: bool
    nudged: bool
    negative: bool
    nudge_shift: int
    swap: bool
    bank: int
    output: bool
    exists: bool
    labelled: bool
    rate_shift: int


@dataclass(frozen=True)
class Stepped:
    """What came of it."""

    old: int
    older: int
    new: int
    drive: int
    saturated: bool


@dataclass
class LaneModel:
    """The neurons of one lane by their address; `drives` of layer 1, `generators` by bank and address."""

    geometry: Geometry
    edge: Edge
    sums: dict[int, int] = field(default_factory=dict)
    drives: dict[int, int] = field(default_factory=dict)
    biases: dict[int, int] = field(default_factory=dict)
    generators: dict[tuple[int, int], int] = field(default_factory=dict)
    states: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Current and previous."""

    @cached_property
    def _by_nudge_shift(self) -> dict[int, Specification]:
        """The host sets the shift of the nudge at run time; the model takes it from a specification."""
        return {shift: self.geometry.specification.override(f"nudge.shift={shift}") for shift in range(1, 16)}

    def pair(self, address: int, swap: bool, first: bool = False) -> tuple[int, int]:
        """Current and previous state as a message sees them."""
        current, previous = (0, 0) if first else self.states[address]
        return (previous, current) if swap else (current, previous)

    def add(self, address: int, addend: int, *, drive: bool, first: bool) -> None:
        """A partial sum came back."""
        sums = self.drives if drive else self.sums
        sums[address] = addend if first else sums[address] + addend

    def operand(self, operand: Operand, address: int, preshift: int, negative: bool, swap: bool) -> int:
        """What a neuron sends into the array."""
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

    def step(self, request: StepRequest) -> Stepped:
        """One neuron's new state; its generator and its bias move if it is nudged."""
        old, older = self.pair(request.address, request.swap, request.first)
        drive = self.drives[request.address] if request.layer == 1 else 0
        new = self._state(request, old, drive)
        saturated = request.nudged and self._learn(request, old, new)
        self.states[request.address] = new, old
        return Stepped(old, older, new, drive, saturated)

    def _state(self, request: StepRequest, old: int, drive: int) -> int:
        specification = self.geometry.specification
        formats = specification.formats
        if not request.exists:
            return 0
        point = specification.sum_fraction(request.layer) - formats.weight_fraction
        heard = self.biases[request.address] << formats.state_bits
        if not request.first and len(specification.layers) > 2:
            heard += self.sums[request.address]
        value = heard << (point - formats.state_bits)
        if request.layer == 1:
            value += drive << (point - formats.input_bits)
        rho = activate(specification, request.layer, value)
        if not (request.output and request.nudged):
            return rho
        target = (1 << formats.state_bits) - 1 if request.labelled else 0
        return nudged(self._by_nudge_shift[request.nudge_shift], old, rho, target, request.negative)

    def _learn(self, request: StepRequest, old: int, new: int) -> bool:
        specification = self.geometry.specification
        generator = advance(self.generators[request.bank, request.address], specification.generator_bits)
        self.generators[1 - request.bank, request.address] = generator
        difference = (old - new if request.negative else new - old) << specification.formats.state_bits
        bias = self.biases[request.address]
        moved, saturated = update_bias(specification, request.layer, bias, difference, generator, request.rate_shift)
        self.biases[request.address] = moved
        return bool(saturated)
