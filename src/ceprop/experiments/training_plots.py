"""Plots of a training run as PNG: the learning curve and the confusion matrix."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ceprop.common.files import write_aside
from ceprop.model import EpochRow

_TEST, _TRAIN, _GRAY = "#c1440e", "#2b6ca3", "#666666"


def plot_learning_curve(history: Sequence[EpochRow], title: str, path: Path) -> None:
    """Plot test and training error after every epoch, with the last values at the ends of the lines."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    epochs = [row.epoch + 1 for row in history]
    lines = {"test": [row.test_error for row in history], "train": [row.train_error for row in history]}
    above = "test" if history[-1].test_error >= history[-1].train_error else "train"
    for (name, errors), colour in zip(lines.items(), (_TEST, _TRAIN), strict=True):
        percents = [100 * error for error in errors]
        axes.plot(epochs, percents, color=colour, marker="o", markersize=3, linewidth=1.6)
        axes.annotate(
            f"{name} {percents[-1]:.2f} %",
            (epochs[-1], percents[-1]),
            xytext=(8, 1 if above == name else -1),
            textcoords="offset points",
            color=colour,
            va="bottom" if above == name else "top",  # so that labels of equal errors do not overlap
            annotation_clip=False,
        )
    axes.set(xlabel="epoch", ylabel="error, %", ylim=(0, None))
    axes.set_title(title, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)


def plot_confusion(confusion: np.ndarray, title: str, path: Path) -> None:
    """Plot counts of labels (rows) against predictions (columns). Only the errors are coloured, because the eye should
    find them."""
    classes = len(confusion)
    figure = Figure(figsize=(2 + 0.45 * classes, 1.6 + 0.45 * classes), layout="constrained")
    axes = figure.subplots()
    wrong = confusion * (1 - np.eye(classes, dtype=confusion.dtype))
    axes.imshow(np.ma.masked_equal(wrong, 0), cmap="Reds", vmin=0, vmax=max(1, int(wrong.max())) * 1.6)
    for label, row in enumerate(confusion):
        for prediction, count in enumerate(row):
            if count:
                right = label == prediction
                weight, colour = ("normal", _GRAY) if right else ("bold", "black")
                axes.text(prediction, label, str(count), ha="center", va="center", color=colour, weight=weight)
    axes.set(xlabel="prediction", ylabel="label", xticks=range(classes), yticks=range(classes))
    axes.set_title(title, loc="left", fontsize="medium")
    axes.set_xticks(np.arange(-0.5, classes), minor=True)
    axes.set_yticks(np.arange(-0.5, classes), minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, first under another name that is then renamed."""
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150)
    write_aside(path, content.getvalue())
