"""Makes every figure of learning.md: `python docs/results/learning.py MNIST_FOLDER` writes learning.json and the PNGs.

A run is what `ceprop train SPEC --data DATA --epochs N --seed S` does; this repeats it over seeds and draws curves.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from ceprop import Specification
from ceprop.model import Network, Trainer, fast, load_dataset, plain

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
# 784-512-10: each output hears four times as many neurons, so its rate is halved.
SLOWER = "update.schedule=[{epoch=6,shifts=[9,11]},{epoch=9,shifts=[10,12]},{epoch=12,shifts=[11,13]}]"
EXAMPLES = HERE.parents[1] / "examples"


def train(name: str, data: str, epochs: int, seeds: range, *overrides: str) -> dict[str, Any]:
    """History and final digests of one specification over seeds."""
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
    """Samples a second of both models on the same samples from the same network (its state after half an epoch)."""
    specification = Specification.load(EXAMPLES / "mnist.toml", overrides)
    dataset = load_dataset(specification, data)
    network = Network.initial(specification)
    shifts = specification.shifts_at(0)
    inputs, labels = dataset.train_inputs, dataset.train_labels
    fast.run_samples(network, inputs[:30_000], labels[:30_000], shifts=shifts)
    slow_network, many = network.copy(), slice(30_000, 60_000)
    begin = time.perf_counter()
    for sample in range(30_000, 30_000 + samples):
        plain.run_sample(slow_network, inputs[sample], int(labels[sample]), shifts=shifts)
    slow = samples / (time.perf_counter() - begin)
    few = network.copy()
    fast.run_samples(few, inputs[30_000 : 30_000 + samples], labels[30_000 : 30_000 + samples], shifts=shifts)
    assert few.weights_sha256() == slow_network.weights_sha256()
    begin = time.perf_counter()
    fast.run_samples(network, inputs[many], labels[many], shifts=shifts)
    learning = 30_000 / (time.perf_counter() - begin)
    begin = time.perf_counter()
    fast.predict(network, dataset.test_inputs)
    return {"plain": slow, "fast": learning, "predict": 10_000 / (time.perf_counter() - begin)}


def draw(name: str, result: dict[str, Any]) -> None:
    """Test and training error by epoch, mean and range over seeds."""
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
    """Weights of other widths over the same range, -1 to 1."""
    return f"formats.weight_bits={bits}", f"formats.weight_fraction={bits - 1}"


def main(mnist: str) -> None:
    """Run everything and write the files."""
    found = {
        "digits": train("digits", "digits", DIGITS_EPOCHS, range(1, 6)),
        "mnist": train("mnist", mnist, 15, range(1, 4)),
    }
    others = [train("digits", "digits", DIGITS_EPOCHS, range(1, 6), *variant) for variant in DIGITS_VARIANTS]
    others += [train("mnist", mnist, 15, range(1, 2), *variant) for variant in MNIST_VARIANTS]
    for name, result in found.items():
        draw(name, result)
    rates = {"784-128-10": speed(mnist, 1000), "784-512-10": speed(mnist, 200, "layers=[784,512,10]")}
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
    ("layers=[784,512,10]", "update.shifts=[8,10]", SLOWER),
]

if __name__ == "__main__":
    main(sys.argv[1])
