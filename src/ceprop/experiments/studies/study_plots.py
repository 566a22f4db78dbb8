"""The plot of a study: for every panel the error against the changed choice, and the learning curves below."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ceprop.experiments.training_plots import save_figure


def draw_study(result: dict[str, Any], path: Path) -> None:
    """Draw the result of a study. Points are means; bars and bands are the range over seeds."""
    panels = list(dict.fromkeys(point["panel"] for point in result["variants"]))
    figure = Figure(figsize=(4.8 * len(panels), 7.6), layout="constrained")
    axes = figure.subplots(2, len(panels), squeeze=False)
    for column, panel in enumerate(panels):
        points = [point for point in result["variants"] if point["panel"] == panel and point["test_error"] is not None]
        _draw_errors(axes[0, column], panel, points)
        _draw_curves(axes[1, column], points)
    layers = "-".join(map(str, result["base"]["layers"]))
    seeds = ", ".join(map(str, result["seeds"]))
    figure.suptitle(f"{layers}, {result['data']}, {result['epochs']} epochs, seeds {seeds}")
    save_figure(figure, path)


def _draw_errors(axes: Axes, panel: str, points: list[dict[str, Any]]) -> None:
    for line in dict.fromkeys(point["line"] for point in points):
        here = [point for point in points if point["line"] == line]
        if here[0]["reference"]:
            axes.axhline(100 * here[0]["test_error"], color="black", linestyle="--", linewidth=1, label=line)
            continue
        last = [100 * _test_errors(point)[:, -1] for point in here]
        mean = np.array([errors.mean() for errors in last])
        spread = [mean - [errors.min() for errors in last], [errors.max() for errors in last] - mean]
        axes.errorbar([point["x"] for point in here], mean, spread, marker="o", markersize=4, capsize=3, label=line)
    axes.set(xlabel=panel, ylabel="test error, %")
    if any(isinstance(point["x"], str) for point in points):
        axes.tick_params(axis="x", rotation=30)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(axes)


def _draw_curves(axes: Axes, points: list[dict[str, Any]]) -> None:
    """Draw the learning curves of the panel's first line, from dark to light, and those of a reference."""
    shown = [point for point in points if point["reference"] or point["line"] == points[0]["line"]]
    axes.set_prop_cycle(color=colormaps["viridis"](np.linspace(0, 0.9, len(shown))))
    for point in shown:
        errors = 100 * _test_errors(point)
        epochs = np.arange(1, errors.shape[1] + 1)
        label = point["line"] if point["reference"] else f"{point['line']}, {point['x']}"
        (curve,) = axes.plot(epochs, errors.mean(axis=0), "k--" if point["reference"] else "-", label=label)
        axes.fill_between(epochs, errors.min(axis=0), errors.max(axis=0), color=curve.get_color(), alpha=0.15)
    axes.set(xlabel="epochs finished", ylabel="test error, %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(axes)


def _test_errors(point: dict[str, Any]) -> np.ndarray:
    """Return the test errors, shares of shape (seeds, epochs), of the seeds whose learning did not diverge."""
    return np.array([run["test_errors"] for run in point["runs"].values() if run["diverged"] is None])


def _finish(axes: Axes) -> None:
    if np.isfinite(axes.dataLim.minposy):  # a logarithmic axis needs an error that is not 0
        axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.grid(which="both", alpha=0.3)
    if axes.get_legend_handles_labels()[0]:  # where every run diverged, no line has a name
        axes.legend(fontsize="small")
