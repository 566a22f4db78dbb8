"""`ceprop gdu`: Theorem 1, the updates of the nudged phase against the gradients of BPTT."""

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
    from ceprop.model.reference.theory import Sample

_SETTINGS, _RULES = ("prototypical", "energy-based", "consistent"), ("c-ep", "c-vf")
_HIDDEN, _CLASSES = 512, 10


@click.command(short_help="Measure the theorem of the paper (GDU).")
@data_option
@click.option("--samples", type=SAMPLES, default=20, show_default=True, help="Median over N samples.")
@click.option("--setting", type=click.Choice(["all", *_SETTINGS]), help="One setting, or all, which is the default.")
@click.option("--rule", type=click.Choice(["all", *_RULES]), help="One rule, or both, which is the default.")
@click.option("--angle", type=FiniteRange(0, 180), metavar="DEGREES", help="Angle between the weight sets of c-vf; 0.")
@click.option(
    "--beta", type=FiniteRange(0, 1, min_open=True), help="Instead of the paper's; a power of two with --integer."
)
@click.option("--integer", is_flag=True, help="Compare the updates of the integer model.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Draws weights and samples.")
@click.option(
    "--out",
    type=OUTPUT_FOLDER,
    default=Path("build/gdu"),
    show_default=True,
    metavar="FOLDER",
    help="Where the plots go.",
)
@json_option
def gdu(
    data: str,
    samples: int,
    setting: str | None,
    rule: str | None,
    angle: float | None,
    beta: float | None,
    integer: bool,
    seed: int,
    out: Path,
    json_file: Path | None,
) -> None:
    """Theorem 1 of the paper: the updates of the nudged phase against the gradients of BPTT.

    Draws the curves of the paper's theory figures and reports how far updates and gradients are apart, layer by layer,
    as beta goes to 0 and as the rates grow. With --integer the updates are those of the integer model, against the
    bits of states and weights.
    """
    if integer and (setting or rule or angle is not None):
        raise click.UsageError("--integer has one setting and one rule; leave --setting, --rule and --angle out")
    report = Report(json_file)
    if integer:
        values = _integer(report, data, samples, seed, _power_of_two(beta), out)
    else:
        values = _theory(report, data, samples, seed, _pairs(setting or "all", rule or "all", angle), angle, beta, out)
    report.result(values)
    report.say(f"plots in {out}")


def _pairs(setting: str, rule: str, angle: float | None) -> list[tuple[str, str]]:
    """Settings and rules to run; the consistent form of VF is its energy-based one, which has no `rho'` either."""
    pairs = [
        (one, other)
        for other in _RULES
        for one in _SETTINGS
        if setting in ("all", one) and rule in ("all", other) and (one, other) != ("consistent", "c-vf")
    ]
    if not pairs:
        raise CepropError("--setting consistent --rule c-vf: VF knows one real-time form, --setting energy-based")
    if angle is not None and all(rule == "c-ep" for _, rule in pairs):
        raise CepropError(f"--angle {angle:g}: c-ep has one weight set; an angle needs --rule c-vf")
    return pairs


def _power_of_two(beta: float | None) -> float:
    """The integer model's beta; 2^-6 is the smallest that 16-bit states do not drown."""
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
    pairs: Sequence[tuple[str, str]],
    angle: float | None,
    beta: float | None,
    out: Path,
) -> dict[str, Any]:
    """Measure in floating point, show and draw it; the JSON."""
    from ceprop.experiments.theorem import run_theory, theory_networks
    from ceprop.experiments.theorem_plots import plot_theory

    samples, values = _samples(data, count, seed)
    networks = theory_networks(values["layers"], pairs, angle or 0, seed, beta)
    with report.progress("measuring") as advance:
        run = run_theory(networks, samples, advance)
    _table(report, values, "", ("setting", "rule", "eta"), run.relative_error)
    _table(report, values, "as beta goes to 0", ("setting", "rule", "beta"), run.floor)
    _table(report, values, "as the rate grows", ("setting", "rule", "eta"), run.growth)
    values |= {"relative_error": run.relative_error, "floor": run.floor, "growth": run.growth}
    settings = [network.settings.model_dump(mode="json", exclude={"rates"}) for network in networks]
    return values | {"settings": settings, "plots": [str(path) for path in plot_theory(run, samples[0], out)]}


def _integer(report: Report, data: str, count: int, seed: int, beta: float, out: Path) -> dict[str, Any]:
    """Measure the integer model, show and draw it; the JSON."""
    from ceprop.experiments.integer_theorem import integer_networks, run_integer
    from ceprop.experiments.theorem_plots import plot_integer

    samples, values = _samples(data, count, seed)
    networks = integer_networks(values["layers"], seed, beta)
    with report.progress("measuring") as advance:
        found = run_integer(networks, samples, advance)
    columns = ("network", "beta", "state_bits", "weight_bits")
    for sweep, title in (("relative_error", "state bits"), ("weight_bits", "weight bits"), ("beta", "beta")):
        _table(report, values, f"against {title}", columns, found[sweep])
    settings = {name: network.settings.model_dump(mode="json") for name, network in networks.items()}
    return values | found | {"settings": settings, "plots": [str(path) for path in plot_integer(found, out)]}


def _samples(data: str, count: int, seed: int) -> "tuple[list[Sample], dict[str, Any]]":
    """Samples to measure, and what the JSON says about them."""
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
    fields = [field for field in ("states", "weights", "backward_weights") if any(field in entry for entry in entries)]
    rows = []
    for entry in entries:
        cells = [f"{value:.3g}" if isinstance(value := entry.get(key, "float"), float) else value for key in keys]
        rows.append(cells + [", ".join(f"{100 * error:.3g}" for error in entry.get(field, [])) for field in fields])
    network = "-".join(map(str, values["layers"]))
    head = f"relative error in per cent, {network}, median of {values['samples']} {title}"
    report.table(head.strip(), rows, [name.replace("_", " ") for name in (*keys, *fields)])
