"""Plots of Theorem 1 as PNG: updates and gradients, and relative errors against several parameters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ceprop.experiments.theorem import ETA, Entry, TheoryRun, with_rate
from ceprop.experiments.training_plots import save_figure
from ceprop.model.reference.gdu import FreePhase, compare
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.theory import Sample

Pair = tuple[np.ndarray, np.ndarray]

_COLOURS = ("#2b6ca3", "#c1440e", "#3a7d44", "#7b4ea3", "#8a6d1d")
_NAMES = {"prototypical": "discrete", "energy-based": "real time", "consistent": "real time, consistent"}
_FIELDS = (("states", "states", 1), ("weights", "weights", 1), ("backward_weights", "backward weights", 2))
_SHOWN = 4


def plot_theory(run: TheoryRun, sample: Sample, out: Path) -> list[Path]:
    """Plot the curves of `sample`, one file per rule and order, and the sweeps of `beta` and of the rate; return the
    files written."""
    plots = []
    kinds = [(network.settings.rule, network.settings.order) for network in run.networks]
    for rule, order in dict.fromkeys(kinds):
        plots.append(out / f"gdu-curves-{rule}{_suffix('-', order)}.png")
        chosen = [network for network, kind in zip(run.networks, kinds, strict=True) if kind == (rule, order)]
        plot_curves(chosen, sample, plots[-1])
    for name, key, entries in (("floor", "beta", run.floor), ("growth", "eta", run.growth)):
        plots.append(out / f"gdu-{name}.png")
        groups = _grouped(entries, lambda entry: f"{_NAMES[entry['setting']]}, {entry['rule']}")
        plot_errors(groups, key, key, plots[-1], log=True)
    return plots


def plot_integer(found: Mapping[str, Sequence[Entry]], out: Path) -> list[Path]:
    """Plot the sweeps of state bits, weight bits and `beta`; return the files written."""
    plots = []
    for sweep, key in (("relative_error", "state_bits"), ("weight_bits", "weight_bits")):
        plots.append(out / f"gdu-integer-{key.replace('_', '-')}.png")
        groups = _grouped(found[sweep], lambda entry: f"{entry['network']} network")
        plot_errors(groups, key, key.replace("_", " "), plots[-1], log=False)
    plots.append(out / "gdu-integer-beta.png")
    groups = _grouped(
        found["beta"], lambda entry: f"{entry['state_bits']}-bit states" if "state_bits" in entry else "float"
    )
    plot_errors(groups, "beta", "beta", plots[-1], log=True)
    return plots


def plot_curves(networks: Sequence[ReferenceNetwork], sample: Sample, path: Path) -> None:
    """Plot the updates and minus the gradients of a few units and synapses of every layer over the nudged phase, one
    column per setting and rate."""
    columns = [(network, network.under(with_rate(network.settings, eta))) for network in networks for eta in (0, ETA)]
    found = [_curves(still, moving, sample) for still, moving in columns]
    rows = list(found[0])
    figure = Figure(figsize=(2.5 * len(columns), 1.7 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for column, ((_, moving), curves) in enumerate(zip(columns, found, strict=True)):
        settings = moving.settings
        grid[0, column].set_title(f"{_NAMES[settings.setting]}, eta {settings.rates[0]:g}", fontsize="small")
        grid[-1, column].set_xlabel("t")
        for row, name in enumerate(rows):
            _draw_pair(grid[row, column], *curves[name])
            if column == 0:
                grid[row, column].set_ylabel(name)
    what = networks[0].settings.rule.upper() + _suffix(", ", networks[0].settings.order)
    figure.suptitle(f"{what}: normalised updates (coloured) and minus the gradients of BPTT (dashed)")
    save_figure(figure, path)


def plot_errors(groups: Mapping[str, Sequence[Entry]], key: str, label: str, path: Path, log: bool) -> None:
    """Plot relative errors against `key`: one panel per group, one line per layer or connection. Crosses are the errors
    in alternating order.

    An entry without `key` is a result in floating point and is drawn as a level.
    """
    figure = Figure(figsize=(1 + 3.2 * len(groups), 3.8), layout="constrained")
    grid = figure.subplots(1, len(groups), squeeze=False, sharey=True)
    labels: dict[str, Line2D] = {}
    for axes, (title, entries) in zip(grid[0], groups.items(), strict=True):
        axes.set_title(title, fontsize="medium")
        axes.set(xlabel=label, yscale="log", xscale="log" if log else "linear")
        for order in dict.fromkeys(entry["order"] for entry in entries):
            _draw_errors(axes, [entry for entry in entries if entry["order"] == order], key, labels)
        axes.grid(color="#dddddd", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    if any(entry["order"] == "alternating" for entries in groups.values() for entry in entries):
        labels["alternating order"] = Line2D([], [], linestyle="", marker="x", color="black", markersize=5)
    grid[0, 0].set_ylabel("relative error")
    figure.legend(labels.values(), labels, loc="outside lower center", ncols=len(labels), frameon=False)
    save_figure(figure, path)


def _draw_errors(axes: Axes, entries: Sequence[Entry], key: str, labels: dict[str, Line2D]) -> None:
    """Draw the errors of one order, and add lines to `labels` that are not in it yet."""
    alternating = entries[0]["order"] == "alternating"
    for (name, field, l), colour in zip(_lines(entries), _COLOURS, strict=False):
        points = [(entry[key], entry[field][l]) for entry in entries if key in entry]
        style = "-" if field == "states" else "--"
        (line,) = axes.plot(
            *zip(*points, strict=True),
            linestyle="" if alternating else style,
            color=colour,
            marker="x" if alternating else "o",
            markersize=5 if alternating else 3,
        )
        labels.setdefault(name, line)
        for entry in entries:
            if key not in entry:
                axes.axhline(entry[field][l], color=colour, linestyle=":", linewidth=1)


def _grouped(entries: Sequence[Entry], title: Callable[[Entry], str]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(title(entry), []).append(entry)
    return groups


def _lines(entries: Sequence[Entry]) -> Iterator[tuple[str, str, int]]:
    """Return name, field and place in its list of everything that has a relative error."""
    for field, name, first in _FIELDS:
        for l in range(len(entries[0].get(field, []))):
            yield f"{name} {l + first}", field, l


def _curves(network: ReferenceNetwork, moving: ReferenceNetwork, sample: Sample) -> dict[str, Pair]:
    """Return, by name, the updates and minus the gradients of a few units or synapses, each of shape (K, few)."""
    free = FreePhase.of(network, sample.inputs, sample.targets)
    steps = list(compare(moving, free))
    found: dict[str, Pair] = {}
    for l, _ in enumerate(steps[0][0].states):
        found[f"states {l + 1}"] = _few([(one.states[l], other.states[l]) for one, other in steps])
    # Synapses of connection 1 are those from the brightest input.
    scale = [free.states[0].max(), *[1.0] * len(steps[0][0].weights[1:])]
    for l, factor in enumerate(scale):
        found[f"weights {l + 1}"] = _few([(factor * one.weights[l], factor * other.weights[l]) for one, other in steps])
    for l, _ in enumerate(steps[0][0].backward):
        found[f"backward weights {l + 2}"] = _few([(one.backward[l], other.backward[l]) for one, other in steps])
    return found


def _suffix(separator: str, order: str) -> str:
    """Return what a name has at its end if the order is not the default."""
    return "" if order == "synchronous" else f"{separator}{order}"


def _few(steps: Sequence[Pair]) -> Pair:
    """Return a few of all curves that differ from 0, spread over the half with the larger gradients."""
    updates, gradients = (np.array([side.ravel() for side in sides]) for sides in zip(*steps, strict=True))
    order = np.argsort(-np.linalg.norm(gradients, axis=0))
    chosen = order[np.linspace(0, len(order) // 2, _SHOWN, dtype=int)]
    return updates[:, chosen], gradients[:, chosen]


def _draw_pair(axes: Axes, updates: np.ndarray, gradients: np.ndarray) -> None:
    for update, gradient, colour in zip(updates.T, gradients.T, _COLOURS, strict=False):
        axes.plot(update, color=colour, linewidth=2.4, alpha=0.6)
        axes.plot(gradient, "--", color="black", linewidth=0.9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.ticklabel_format(axis="y", scilimits=(-2, 2))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
