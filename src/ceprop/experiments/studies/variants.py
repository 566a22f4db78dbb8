"""What each study changes: lists of variants of a base specification."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from ceprop.common.errors import CepropError
from ceprop.specification import Specification

_ROUNDINGS = {"stochastic": (6, 8, 10, 12, 14, 16), "nearest": (12, 16, 20, 24), "floor": (12, 20)}
_STATE_BITS = (4, 5, 6, 8, 10)
_HALVINGS = {"none": (), "one": (0.6,), "two": (0.6, 0.8), "three": (0.4, 0.6, 0.8), "four": (0.4, 0.6, 0.75, 0.9)}
_PLACES = {"early": (0.2, 0.4, 0.6), "even": (0.4, 0.6, 0.8), "late": (0.7, 0.8, 0.9)}
_SIGNS = ("positive", "alternating", "random", "centred")
_RULES = (("ep", "positive"), ("c-ep", "positive"), ("vf", "random"), ("c-vf", "random"), ("c-vf", "positive"))


@dataclass(frozen=True)
class Variant:
    """One point of a study: the panel, line and abscissa where it is drawn, and the fields that it sets in the base
    specification.

    A `reference` is the same network in floating point.
    """

    panel: str
    line: str
    x: float | str
    overrides: tuple[str, ...] = ()
    reference: bool = False

    @property
    def name(self) -> str:
        """The variant's name in tables and messages."""
        return f"{self.panel}: {self.line}" if self.reference else f"{self.panel}: {self.line}, {self.x}"


def precision(base: Specification, epochs: int) -> Iterator[Variant]:
    """Weight bits under each rounding, state bits, and rates that suit an array."""
    for rounding, widths in _ROUNDINGS.items():
        for bits in widths:
            yield Variant("weight bits", rounding, bits, (*weights(base, bits), f"update.rounding={rounding}"))
    yield Variant("weight bits", "float", 0, reference=True)
    for bits in _STATE_BITS:
        yield Variant("state bits", "8-bit inputs", bits, (f"formats.state_bits={bits}",))
    yield Variant("rates", "each its own", "own")
    # Rounding then sits at one bit of the product in every connection, and the shifts may still differ.
    aligned = (f"update.largest={[max(base.largest_shifts)] * len(base.connections)}",)
    yield Variant("rates", "each its own", "aligned", aligned)
    low, high = min(base.update.shifts), max(base.update.shifts)
    for shift in range(low, high + 1):
        yield Variant("rates", "one for all", f"2^-{shift}", shifted(base, [shift] * len(base.connections)))


def schedule(base: Specification, epochs: int) -> Iterator[Variant]:
    """The number of halvings of the rates, the first rates, and the epochs of the halvings."""
    for faster in (-1, 0, 1, 2):
        first = [shift + faster for shift in base.update.shifts]
        for number, places in _HALVINGS.items():
            line = f"rates x 2^{-faster}"
            yield Variant("halvings", line, number, halved(first, places, epochs))
    for name, places in _PLACES.items():
        yield Variant("three halvings", "rates as given", name, halved(base.update.shifts, places, epochs))


def nudge(base: Specification, epochs: int) -> Iterator[Variant]:
    """Strength and sign of the nudge at the same learning rate, and the lengths of both phases."""
    for sign, strength in product(_SIGNS, (1, 2, 3, 4)):
        # eta = 2^-(shift + strength) stays, so that only the nudge differs.
        rates = shifted(base, [shift + base.nudge.shift - strength for shift in base.update.shifts])
        yield Variant("beta", sign, f"2^-{strength}", (f"nudge.sign={sign}", f"nudge.shift={strength}", *rates))
    for steps in (3, 5, 10, 20, 30):
        yield Variant("free steps T", f"K = {base.phases.nudged_steps}", steps, (f"phases.free_steps={steps}",))
    for steps in (1, 2, 3, 5, 10, 15):
        yield Variant("nudged steps K", f"T = {base.phases.free_steps}", steps, (f"phases.nudged_steps={steps}",))


def rules(base: Specification, epochs: int) -> Iterator[Variant]:
    """Every learning rule over its rates, also with one hidden layer more."""
    if len(base.layers) < 3:
        raise CepropError(f"layers = {list(base.layers)}: a study of the rules needs a hidden layer")
    for hidden, start in (("as given", ()), ("one hidden layer more", deepened(base))):
        network = base.override(*start)
        for rule, sign in _RULES:
            fields = (*start, f"rule={rule}", f"nudge.sign={sign}")
            for slower in (-1, 0, 1, 2):
                first = [shift + slower for shift in network.update.shifts]
                point = (*fields, *shifted(network, first))
                yield Variant(f"rates, {hidden}", f"{rule}, {sign}", f"2^{-slower}", point)


def deepened(base: Specification) -> tuple[str, ...]:
    """Return overrides that repeat the last hidden layer, lengthen the phases, and let the rates fall from input to
    output."""
    layers = [*base.layers[:-1], base.layers[-2], base.layers[-1]]
    free, nudged = 2 * base.phases.free_steps, round(1.5 * base.phases.nudged_steps)
    phases = (f"phases.free_steps={free}", f"phases.nudged_steps={nudged}")

    def spread(shifts: tuple[int, ...]) -> list[int]:
        return [*shifts[:-1], (shifts[-2] + shifts[-1] + 1) // 2, shifts[-1] + 1]

    changes = [(change.epoch, spread(change.shifts)) for change in base.update.schedule]
    return f"layers={layers}", *phases, *rates(spread(base.update.shifts), changes)


def weights(base: Specification, bits: int) -> tuple[str, ...]:
    """Return overrides for weights of `bits` bits over the range of the base."""
    fraction = bits - base.formats.weight_bits + base.formats.weight_fraction
    return f"formats.weight_bits={bits}", f"formats.weight_fraction={fraction}"


def shifted(base: Specification, first: list[int]) -> tuple[str, ...]:
    """Return overrides for other first shifts, which are halved whenever the base halves its own."""
    changes = []
    for change in base.update.schedule:
        later = [f + now - was for f, now, was in zip(first, change.shifts, base.update.shifts, strict=True)]
        changes.append((change.epoch, later))
    return rates(first, changes)


def halved(first: list[int] | tuple[int, ...], places: tuple[float, ...], epochs: int) -> tuple[str, ...]:
    """Return overrides for the first shifts, with all rates halved after each of these shares of the epochs."""
    changes = [(round(share * epochs), [shift + k for shift in first]) for k, share in enumerate(places, 1)]
    return rates(first, changes)


def rates(first: list[int] | tuple[int, ...], changes: list[tuple[int, list[int]]]) -> tuple[str, ...]:
    """Return overrides that set shifts and their schedule."""
    entries = ",".join(f"{{epoch={epoch},shifts={shifts}}}" for epoch, shifts in changes)
    return f"update.shifts={list(first)}", f"update.schedule=[{entries}]"


STUDIES: dict[str, Callable[[Specification, int], Iterator[Variant]]] = {
    "precision": precision,
    "schedule": schedule,
    "nudge": nudge,
    "rules": rules,
}
"""Studies by name. Each makes its variants from the base specification and the number of epochs."""
