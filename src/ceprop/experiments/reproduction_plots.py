"""Plots of the paper's experiments together with the paper's figures, as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ceprop.common.report import percent
from ceprop.experiments.training_plots import save_figure

_TEST, _TRAIN = "#c1440e", "#2b6ca3"


def plot_rows(rows: dict[str, Any], path: Path) -> None:
    """Plot test and training error of every row over its epochs, for all seeds.

    `rows` is the result of `ceprop reproduce table`. On the paper's data, the paper's test error of the last epoch is a
    band, and its training error is a dotted line.
    """
    figure = Figure(figsize=(5.2 * min(3, len(rows)), 4 * -(-len(rows) // 3)), layout="constrained")
    panels = figure.subplots(-(-len(rows) // 3), min(3, len(rows)), squeeze=False).flat
    for panel, (name, row) in zip(panels, rows.items(), strict=False):
        for k, history in enumerate(row["histories"].values()):
            epochs = [entry["epoch"] + 1 for entry in history]
            for key, colour, label in (("test_error", _TEST, "test"), ("train_error", _TRAIN, "training")):
                errors = [100 * entry[key] for entry in history]
                panel.plot(epochs, errors, color=colour, linewidth=1.2, label=None if k else label)
        title = f"{name}: test {percent(row['test_error'])}"
        if row["paper"] is not None:
            title += _draw_paper(panel, row["paper"])
        panel.legend(frameon=False)
        panel.set_title(title, loc="left")
        panel.set(xlabel="epoch", ylabel="error, %", ylim=(0, max(10, 120 * (row["test_error"] or 0))))
        panel.set_xlim(0, row["paper_epochs"])
        panel.grid(axis="y", color="#dddddd", linewidth=0.8)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in list(panels):
        panel.set_visible(False)
    save_figure(figure, path)


def _draw_paper(panel: Axes, paper: dict[str, float]) -> str:
    """Draw the paper's errors into a row's panel; return the words about them for the title."""
    mean, width = 100 * paper["test_error"], 100 * paper["test_deviation"]
    panel.axhspan(mean - width, mean + width, color=_TEST, alpha=0.18, label="paper, test")
    panel.axhline(100 * paper["train_error"], color=_TRAIN, linestyle=":", linewidth=1.2, label="paper, training")
    return f", paper {mean:.2f} ± {width:.2f} %"


def plot_angles(rows: Mapping[str, Sequence[tuple[float, float | None]]], label: str, path: Path) -> None:
    """Plot the test error, a share, against an angle in degrees: a line of (angle, error) for every name.

    Points where learning diverged have no error and are left out.
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, points in rows.items():
        found = sorted((angle, 100 * error) for angle, error in points if error is not None)
        axes.plot(
            [angle for angle, _ in found],
            [error for _, error in found],
            marker="o",
            markersize=4,
            linewidth=1.4,
            label=name,
        )
    axes.set(xlabel=f"{label}, degrees", ylabel="test error, %", xlim=(0, 180), ylim=(0, None))
    axes.set_xticks(range(0, 181, 45))
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    save_figure(figure, path)
