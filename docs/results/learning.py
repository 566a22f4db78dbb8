"""Makes every figure of learning.md: `python docs/results/learning.py MNIST_FOLDER` writes learning.json and the PNGs.

A run is that of `ceprop train SPEC --data DATA --epochs N --seed S`. The script repeats it over seeds and draws curves.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from ceprop import Specification
from ceprop.model import Network, Trainer, epoch_order, fast, load_dataset, plain

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
# Each output hears four times as many hidden neurons, so it learns at half the rate.
WIDE = (
    "layers=[784,512,10]",
    "update.shifts=[8,10]",
    "update.schedule=[{epoch=6,shifts=[9,11]},{epoch=9,shifts=[10,12]},{epoch=12,shifts=[11,13]}]",
)


def train(name: str, data: str, epochs: int, seeds: range, *overrides: str) -> dict[str, Any]:
    """The history and the final digests of one specification over seeds."""
    runs: dict[str, Any] = {}
    for seed in seeds:
        specification = Specification.load(EXAMPLES / f"{name}.toml", [f"seed={seed}", *overrides])
        trainer = Trainer.start(specification, load_dataset(specification, data))
        begin = time.perf_counter()
        trainer.run_epochs(epochs)
        seconds = time.perf_counter() - begin
        largest = max(int(np.abs(weights).max()) for weights in trainer.network.weights)
        runs[str(seed)] = {
            "learning_digest": specification.learning_digest,
            "weights_sha256": trainer.network.weights_sha256(),
            "largest_weight": largest / 2**specification.formats.weight_fraction,
            "seconds": round(seconds, 2),
            "history": [asdict(row) for row in trainer.history],
        }
        last = trainer.history[-1]
        errors = f"test {last.test_error:.2%} train {last.train_error:.2%}"
        print(name, *overrides, f"seed {seed}: {errors}, {seconds:.1f} s", flush=True)
    return {"overrides": overrides, "epochs": epochs, "runs": runs}


def speed(data: str, samples: int, *overrides: str) -> dict[str, float]:
    """Samples per second of both models over the first `samples` samples of the second half of epoch 0. The fast model
    is also timed over the whole half, over the last of 15 epochs, and in inference at the end."""
    specification = Specification.load(EXAMPLES / "mnist.toml", overrides)
    trainer = Trainer.start(specification, load_dataset(specification, data))
    trainer.run(30_000)
    order = epoch_order(specification, 0, 60_000)[30_000:]
    inputs, labels = trainer.dataset.train_inputs[order], trainer.dataset.train_labels[order]
    shifts, few, many = specification.shifts_at(0), trainer.network.copy(), trainer.network.copy()
    rates = {"plain": samples / timed(lambda: run_plain(few, inputs[:samples], labels[:samples], shifts))}
    fast.run_samples(many, inputs[:samples], labels[:samples], shifts=shifts)
    assert many.weights_sha256() == few.weights_sha256()
    many = trainer.network.copy()
    rates["fast"] = 30_000 / timed(lambda: fast.run_samples(many, inputs, labels, shifts=shifts))
    trainer.run_epochs(14)
    last = specification.shifts_at(14)
    rates["fast_last_epoch"] = 30_000 / timed(lambda: fast.run_samples(trainer.network, inputs, labels, shifts=last))
    rates["inference"] = 10_000 / timed(trainer.evaluate)
    return rates


def run_plain(network: Network, inputs: np.ndarray, labels: np.ndarray, shifts: tuple[int, ...]) -> None:
    """Runs the plain model over a block of samples."""
    for x, label in zip(inputs, labels, strict=True):
        plain.run_sample(network, x, int(label), shifts=shifts)


def timed(work: Callable[[], object]) -> float:
    """The seconds that `work` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def draw(name: str, result: dict[str, Any]) -> None:
    """Draws test and training error by epoch, with mean and range over seeds."""
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for field, label in (("test_error", "test"), ("train_error", "training")):
        errors = 100 * np.array([[row[field] for row in run["history"]] for run in result["runs"].values()])
        epochs = np.arange(1, errors.shape[1] + 1)
        axes.plot(epochs, errors.mean(axis=0), label=label)
        axes.fill_between(epochs, errors.min(axis=0), errors.max(axis=0), alpha=0.25)
    axes.set(xlabel="epochs finished", ylabel="error, %", yscale="log", title=f"{name}, {len(result['runs'])} seeds")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(which="both", alpha=0.3)
    axes.legend()
    figure.savefig(HERE / f"learning-{name}.png", dpi=120)


def widths(bits: int) -> tuple[str, str]:
    """Fields for weights of other widths over the same range, -1 to 1."""
    return f"formats.weight_bits={bits}", f"formats.weight_fraction={bits - 1}"


def main(mnist: str) -> None:
    """Run all of the page and write the files."""
    found = {
        "digits": train("digits", "digits", DIGITS_EPOCHS, range(1, 6)),
        "mnist": train("mnist", mnist, 15, range(1, 4)),
    }
    others = [train("digits", "digits", DIGITS_EPOCHS, range(1, 6), *variant) for variant in DIGITS_VARIANTS]
    others += [train("mnist", mnist, 15, range(1, 2), *variant) for variant in MNIST_VARIANTS]
    for name, result in found.items():
        draw(name, result)
    rates = {"784-128-10": speed(mnist, 1000), "784-512-10": speed(mnist, 200, *WIDE)}
    (HERE / "learning.json").write_text(
        json.dumps({**found, "variants": others, "speed": rates}, indent=1) + "\n", encoding="utf-8"
    )
    for layers, values in rates.items():
        print(layers, ", ".join(f"{key} {value:,.0f}/s" for key, value in values.items()))


DIGITS_EPOCHS = 12
DIGITS_VARIANTS = [
    *(widths(bits) for bits in (6, 8, 10, 14)),
    *((f"update.rounding={rounding}",) for rounding in ("nearest", "floor")),
    *((f"nudge.sign={sign}",) for sign in ("alternating", "random")),
    ("activation.kind=sigmoid",),
    ("layers=[64,32,10]",),
]
MNIST_VARIANTS = [
    ("formats.weight_bits=8", "formats.weight_fraction=8"),
    ("update.rounding=nearest",),
    WIDE,
]

if __name__ == "__main__":
    main(sys.argv[1])
