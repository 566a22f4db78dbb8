"""`ceprop gdu`: Theorem 1 of the paper, the gradient-descending updates (GDU)."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ceprop.commands.options import data_option, json_option
from ceprop.commands.types import OUTPUT_FOLDER, SAMPLES, FiniteRange
from ceprop.common.errors import CepropError
from ceprop.common.report import Report

if TYPE_CHECKING:
    from ceprop.experiments.theorem import Case
    from ceprop.model.reference.theory import Sample

_SETTINGS, _RULES = ("prototypical", "energy-based", "consistent"), ("c-ep", "c-vf")
_ORDERS = ("synchronous", "alternating")
_HIDDEN, _CLASSES = 512, 10
_ERRORS = {
    "states": "states: hidden, output",
    "weights": "weights: to hidden, to output",
    "backward_weights": "backward weights",
}
"""Fields of an entry that hold relative errors, one per layer or connection, with their headings."""
_CASE = ("setting", "rule", "order")
"""Fields of an entry that tell what was measured."""


@click.command(short_help="Measure the theorem of the paper (GDU).")
@data_option
@click.option("--samples", type=SAMPLES, default=20, show_default=True, metavar="N", help="Samples behind each median.")
@click.option("--setting", type=click.Choice(["all", *_SETTINGS]), help="Setting to measure. The default is all.")
@click.option("--rule", type=click.Choice(["all", *_RULES]), help="Rule to measure. The default is all.")
@click.option(
    "--order", type=click.Choice(["all", *_ORDERS]), default="all", help="Order of the layers. The default is all."
)
@click.option(
    "--angle",
    type=FiniteRange(0, 180),
    metavar="DEGREES",
    help="Angle between the weight sets of c-vf. The default is 0.",
)
@click.option(
    "--beta",
    type=FiniteRange(0, 1, min_open=True),
    metavar="BETA",
    help="Replaces the paper's beta. It must be a power of two with --integer.",
)
@click.option("--integer", is_flag=True, help="Measure the updates of the integer model.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="S",
    help="Seed that draws weights and samples.",
)
@click.option(
    "--out",
    type=OUTPUT_FOLDER,
    default=Path("build/gdu"),
    show_default=True,
    metavar="FOLDER",
    help="Folder for the plots.",
)
@json_option
def gdu(
    data: str,
    samples: int,
    setting: str | None,
    rule: str | None,
    order: str,
    angle: float | None,
    beta: float | None,
    integer: bool,
    seed: int,
    out: Path,
    json_file: Path | None,
) -> None:
    """Measure Theorem 1 of the paper, the gradient-descending updates (GDU).

    The theorem says that the updates of the nudged phase equal the gradients of BPTT as beta and the rates go to 0.
    The verb plots both, and reports the relative error between them for every layer, against beta and against the
    rates, in synchronous and in alternating order of the layers. With --integer the updates are those of the integer
    model, against the bits of states and weights.
    """
    if integer and (setting or rule or angle is not None):
        raise click.UsageError("--integer has one setting and one rule; leave --setting, --rule and --angle out")
    report = Report(json_file)
    orders = _ORDERS if order == "all" else (order,)
    if integer:
        values = _integer(report, data, samples, seed, orders, _power_of_two(beta), out)
    else:
        cases = _cases(setting or "all", rule or "all", orders, angle)
        values = _theory(report, data, samples, seed, cases, angle, beta, out)
    report.result(values)
    report.say(f"plots in {out}")


def _cases(setting: str, rule: str, orders: Sequence[str], angle: float | None) -> "list[Case]":
    """Return the settings, rules and orders to run. VF has no consistent setting: its energy-based one has no
    `rho'`."""
    cases = [
        (one, other, order)
        for other in _RULES
        for one in _SETTINGS
        for order in orders
        if setting in ("all", one) and rule in ("all", other) and (one, other) != ("consistent", "c-vf")
    ]
    if not cases:
        raise CepropError("--setting consistent --rule c-vf: VF has one real-time form, --setting energy-based")
    if angle is not None and all(rule == "c-ep" for _, rule, _ in cases):
        raise CepropError(f"--angle {angle:g}: c-ep has one weight set; an angle needs --rule c-vf")
    return cases


def _power_of_two(beta: float | None) -> float:
    """Return the beta of the integer model. Below 2^-6 the rounding of 16-bit states hides the nudge."""
    if beta is None:
        return 2.0**-6
    if math.frexp(beta)[0] != 0.5 or not 2.0**-15 <= beta <= 0.25:
        raise CepropError(f"--beta {beta:g}: the integer model needs a power of two from 2^-15 to 1/4")
    return beta


def _theory(
    report: Report,
    data: str,
    count: int,
    seed: int,
    cases: "Sequence[Case]",
    angle: float | None,
    beta: float | None,
    out: Path,
) -> dict[str, Any]:
    """Measure in floating point, show and plot the result, and return its JSON."""
    from ceprop.experiments.theorem import run_theory, theory_networks
    from ceprop.experiments.theorem_plots import plot_theory

    samples, values = _samples(data, count, seed)
    networks = theory_networks(values["layers"], cases, angle or 0, seed, beta)
    with report.progress("measuring") as advance:
        run = run_theory(networks, samples, advance)
    _table(report, values, "", (*_CASE, "eta"), run.relative_error)
    _table(report, values, "as beta goes to 0", (*_CASE, "beta"), run.floor)
    _table(report, values, "as the rate grows", (*_CASE, "eta"), run.growth)
    for line in _verdicts(run.floor):
        report.say(line)
    values |= {"relative_error": run.relative_error, "floor": run.floor, "growth": run.growth}
    settings = [network.settings.model_dump(mode="json", exclude={"rates"}) for network in networks]
    return values | {"settings": settings, "plots": [str(path) for path in plot_theory(run, samples[0], out)]}


def _verdicts(floor: Sequence[dict[str, Any]]) -> list[str]:
    """Return one sentence per setting, rule and order: the largest median error of any layer at the smallest beta."""
    least = min(entry["beta"] for entry in floor)
    return [
        f"{', '.join(entry[key] for key in _CASE)}: at beta = {least:.3g} the largest relative error of a layer is "
        f"{100 * max(error for field in _ERRORS for error in entry.get(field, [])):.3g} %"
        for entry in floor
        if entry["beta"] == least
    ]


def _integer(
    report: Report, data: str, count: int, seed: int, orders: Sequence[str], beta: float, out: Path
) -> dict[str, Any]:
    """Measure the integer model, show and plot the result, and return its JSON."""
    from ceprop.experiments.integer_theorem import integer_networks, run_integer
    from ceprop.experiments.theorem_plots import plot_integer

    samples, values = _samples(data, count, seed)
    networks = [network for order in orders for network in integer_networks(values["layers"], seed, beta, order)]
    with report.progress("measuring") as advance:
        found = run_integer(networks, samples, advance)
    columns = ("network", "order", "beta", "state_bits", "weight_bits")
    for sweep, title in (("relative_error", "state bits"), ("weight_bits", "weight bits"), ("beta", "beta")):
        _table(report, values, f"against {title}", columns, found[sweep])
    settings = {one.name: one.network.settings.model_dump(mode="json", exclude={"order"}) for one in networks}
    return values | found | {"settings": settings, "plots": [str(path) for path in plot_integer(found, out)]}


def _samples(data: str, count: int, seed: int) -> "tuple[list[Sample], dict[str, Any]]":
    """Return the samples to measure, and the keys of the JSON about them."""
    from ceprop.experiments.theorem import DEFINITION
    from ceprop.model import load_images
    from ceprop.model.datasets import check_fit
    from ceprop.model.reference.theory import draw_samples

    images = load_images(data, seed)
    layers = (images.train[0].shape[1], _HIDDEN, _CLASSES)
    check_fit(images, layers)
    drawn = draw_samples(images, _CLASSES, count, seed)
    values = {"data": images.name, "layers": list(layers), "samples": count, "seed": seed, "definition": DEFINITION}
    return drawn, values


def _table(
    report: Report, values: dict[str, Any], title: str, keys: Sequence[str], entries: Sequence[dict[str, Any]]
) -> None:
    fields = [field for field in _ERRORS if any(field in entry for entry in entries)]
    rows = []
    for entry in entries:
        cells = [f"{value:.3g}" if isinstance(value := entry.get(key, "float"), float) else value for key in keys]
        rows.append(cells + [", ".join(f"{100 * error:.3g}" for error in entry.get(field, [])) for field in fields])
    network = "-".join(map(str, values["layers"]))
    head = f"relative error in per cent, {network}, median of {values['samples']} {title}"
    report.table(head.strip(), rows, [*(key.replace("_", " ") for key in keys), *(_ERRORS[name] for name in fields)])
