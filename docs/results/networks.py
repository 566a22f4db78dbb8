"""Makes networks.json and networks.png of networks.md: `python docs/results/networks.py FOLDER`.

FOLDER holds the results of every run of networks.md, as `ceprop train examples/NAME.toml ... --seed S --json
FOLDER/NAME-seedS.json` writes them.
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from ceprop import Specification

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
NAMES = ("mnist-64", "mnist", "mnist-512")
SEEDS = (1, 2, 3)


def collect(name: str, folder: Path) -> dict[str, Any]:
    """The runs of one example: mean and sample standard deviation of the last epoch's errors, and every epoch."""
    specification = Specification.load(EXAMPLES / f"{name}.toml")
    runs = {}
    for seed in SEEDS:
        run = json.loads((folder / f"{name}-seed{seed}.json").read_text(encoding="utf-8"))
        assert run["learning_digest"] == specification.override(f"seed={seed}").learning_digest, (name, seed)
        kept = ("epochs", "test_error", "train_error", "weights_sha256", "learning_digest", "seconds", "history")
        runs[str(seed)] = {key: run[key] for key in kept}
    errors = [run["test_error"] for run in runs.values()]
    return {
        "layers": list(specification.layers),
        "epochs": runs["1"]["epochs"],
        "test_error": statistics.fmean(errors),
        "test_deviation": statistics.stdev(errors),
        "train_error": statistics.fmean(run["train_error"] for run in runs.values()),
        "runs": runs,
    }


def draw(found: dict[str, Any]) -> None:
    """Draws test and training error by epoch, with mean and range over seeds and one panel per network."""
    figure, panels = plt.subplots(1, len(found), figsize=(4 * len(found), 3.8), layout="constrained", sharey=True)
    for axes, result in zip(panels, found.values(), strict=True):
        for field, label in (("test_error", "test"), ("train_error", "training")):
            errors = 100 * np.array([[row[field] for row in run["history"]] for run in result["runs"].values()])
            epochs = np.arange(1, errors.shape[1] + 1)
            axes.plot(epochs, errors.mean(axis=0), label=f"{label}, {errors[:, -1].mean():.2f} %")
            axes.fill_between(epochs, errors.min(axis=0), errors.max(axis=0), alpha=0.25)
        axes.set(xlabel="epochs finished", yscale="log", title="-".join(map(str, result["layers"])))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.grid(which="both", alpha=0.3)
        axes.legend()
    panels[0].set_ylabel("error, %")
    figure.savefig(HERE / "networks.png", dpi=100)


def main(folder: Path) -> None:
    """Collect the runs, draw them, and print their means."""
    found = {name: collect(name, folder) for name in NAMES}
    (HERE / "networks.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw(found)
    for name, result in found.items():
        errors = ", ".join(f"{run['test_error']:.2%}" for run in result["runs"].values())
        print(f"{name}: {result['test_error']:.2%}, deviation {result['test_deviation']:.2%} ({errors})")
        last = [run["history"][-1] for run in result["runs"].values()]
        for key in ("mean_free_steps", "mean_nudged_steps"):
            print(f"  {key} {statistics.fmean(row[key] for row in last):.2f}")
        print(f"  training {result['train_error']:.2%}, weights {[row['saturations'] for row in last]} saturations")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
