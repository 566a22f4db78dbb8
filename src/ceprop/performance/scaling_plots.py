"""The plot of :mod:`ceprop.performance.scaling`: four panels as PNG."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from ceprop.experiments.training_plots import save_figure
from ceprop.performance.scaling import Point, Scaling

_COLOURS = {"fresh": "#c1440e", "after": "#2b6ca3"}
_TITLES = {"fresh": "fresh network", "after": "after an epoch"}
_PARTS = (("products", "#2b6ca3"), ("idle lanes", "#e0a458"), ("waiting", "#999999"))


def draw_scaling(found: Scaling, title: str, path: Path) -> None:
    """Draw the cycles per sample against the cells, their parts, and the cycles against layers and sparsity."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    panels = figure.subplots(2, 2)
    _draw_shapes(panels[0][0], found.shapes)
    _draw_parts(panels[0][1], [point for point in found.shapes if point.stage == "after"])
    _draw_lines(panels[1][0], found.layers, "hidden", "units of a hidden layer, 8x8 cells")
    _draw_lines(panels[1][1], found.sparsity, "density", "share of non-zero inputs, 8x8 cells")
    for axes in panels.flat:
        axes.grid(which="major", color="#dddddd", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left")
    save_figure(figure, path)


def fastest(points: Sequence[Point]) -> list[Point]:
    """Return the shape of fewest cycles for each number of cells, by rising cells."""
    best: dict[int, Point] = {}
    for point in points:
        cells = point.rows * point.cols
        if cells not in best or point.cycles < best[cells].cycles:
            best[cells] = point
    return [best[cells] for cells in sorted(best)]


def _draw_shapes(axes: Axes, points: Sequence[Point]) -> None:
    for stage, colour in _COLOURS.items():
        here = [point for point in points if point.stage == stage]
        line = fastest(here)
        cells = [point.rows * point.cols for point in line]
        axes.scatter([p.rows * p.cols for p in here], [p.cycles for p in here], s=9, color=colour, alpha=0.35)
        axes.plot(cells, [p.cycles for p in line], color=colour, label=f"{_TITLES[stage]}, best shape")
        axes.plot(cells, [p.least for p in line], color=colour, linestyle=":", label="products alone")
    axes.set(xscale="log", yscale="log", xlabel="cells (one dot per shape)", ylabel="cycles per sample")
    axes.legend(fontsize="small")


def _draw_parts(axes: Axes, points: Sequence[Point]) -> None:
    line = fastest(points)
    shares = [
        [point.least / point.cycles for point in line],
        [(point.slots - point.least) / point.cycles for point in line],
        [1 - point.slots / point.cycles for point in line],
    ]
    axes.stackplot(
        [point.rows * point.cols for point in line],
        *shares,
        labels=[name for name, _ in _PARTS],
        colors=[colour for _, colour in _PARTS],
    )
    axes.set(xscale="log", xlabel="cells, best shape, after an epoch", ylabel="share of the cycles", ylim=(0, 1))
    axes.legend(fontsize="small", loc="lower left")


def _draw_lines(axes: Axes, points: Sequence[Point], field: str, label: str) -> None:
    for stage, colour in _COLOURS.items():
        line = [point for point in points if point.stage == stage]
        if line:
            where = [getattr(point, field) for point in line]
            axes.plot(where, [p.cycles for p in line], color=colour, marker="o", markersize=3, label=_TITLES[stage])
            axes.plot(where, [p.least for p in line], color=colour, linestyle=":", label="products alone")
    axes.set(xscale="log", yscale="log", xlabel=label, ylabel="cycles per sample")
    ticks = sorted({getattr(point, field) for point in points})
    axes.set_xticks(ticks, [f"{tick:.1g}" if tick < 1 else f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(fontsize="small")
