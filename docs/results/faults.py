"""Makes everything of faults.md: `python docs/results/faults.py [RUNS_FOLDER]` writes faults.json, faults.png and the
tables of the page. Finished runs are kept in the folder, and an interrupted call goes on from there."""

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

from ceprop.common.files import write_aside
from ceprop.common.report import as_json
from ceprop.experiments.faults.fault_runs import Row, burst, state_flips, weight_flips
from ceprop.model import Dataset, load_dataset
from ceprop.specification import Specification

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
DIGITS = HERE.parents[1] / "examples" / "digits.toml"
SEEDS = (1, 2)
EPOCHS, REPAIR = 12, 3
"""Epochs with flips, and epochs without them afterwards."""

RATES = (0.0, 0.1, 1.0, 10.0, 100.0)
"""Flips per million bits of the weights and per sample."""
STATE_RATES = (0.0, 10.0, 100.0, 1000.0)
"""Flips per million bits of the states and per step."""
SHARES = (0.1, 1.0, 10.0)
"""Shares of the bits of the weights that flip at once, in per cent."""

Runs = list[Row]
"""The runs of one rate, one per seed."""

Work = Callable[[Specification, Dataset, int, int, float], Row]


def measured(name: str, work: Work, values: tuple[float, ...], unit: float, folder: Path) -> list[Runs]:
    """The runs of every value, which is multiplied by `unit`, over the seeds."""
    found: list[Runs] = []
    for value in values:
        found.append([])
        for seed in SEEDS:
            kept = folder / f"{name}-{value:g}-seed{seed}.json"
            if not kept.exists():
                specification = Specification.load(DIGITS, [f"seed={seed}"])
                row = work(specification, load_dataset(specification, "digits"), EPOCHS, REPAIR, value * unit)
                write_aside(kept, as_json({"value": value, "seed": seed, **row}).encode())
            found[-1].append(json.loads(kept.read_text(encoding="utf-8")))
        sys.stdout.write(f"{name} {value:g}: {error(found[-1], EPOCHS)}, then {error(found[-1], EPOCHS + REPAIR)}\n")
    return found


def error(runs: Runs, epochs: int) -> str:
    """The test error after so many epochs, as mean and deviation over the seeds, or how many seeds diverged."""
    lost = sum(len(run["history"]) < epochs for run in runs)
    return (
        f"{lost} of {len(runs)} diverged" if lost else spread(run["history"][epochs - 1]["test_error"] for run in runs)
    )


def spread(values: Any) -> str:
    """Mean and standard deviation of shares, in per cent."""
    found = list(values)
    return f"{100 * statistics.fmean(found):.2f} ({100 * statistics.stdev(found):.2f})"


def counted(runs: Runs, name: str) -> str:
    """A counter in the last epoch with flips, per sample, as mean over the seeds whose learning did not diverge."""
    ended = [run["history"][EPOCHS - 1] for run in runs if len(run["history"]) >= EPOCHS]
    samples = [row["settled"] + row["period_2"] + row["open"] for row in ended]
    shares = [row[name] / count for row, count in zip(ended, samples, strict=True)]
    return f"{statistics.fmean(shares):.3g}" if shares else "-"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])


def rates_table(found: list[Runs], *more: tuple[str, Callable[[Runs], str]]) -> str:
    """One row per rate: flips, errors, and what the counters show."""
    heads = ["flips per million bits", "flips per epoch", f"test error after {EPOCHS} epochs"]
    heads += [*(head for head, _ in more), f"after {REPAIR} epochs more without flips"]
    heads += ["saturations per sample", "free phases that do not settle, share"]
    rows = []
    for runs in found:
        flips = statistics.fmean(run["flips"] for run in runs) / EPOCHS
        unsettled = f"{float(counted(runs, 'open')) + float(counted(runs, 'period_2')):.3g}"
        rows.append(
            [
                f"{runs[0]['value']:g}",
                f"{flips:,.0f}",
                error(runs, EPOCHS),
                *(cell(runs) for _, cell in more),
                error(runs, EPOCHS + REPAIR),
                counted(runs, "saturations"),
                unsettled,
            ]
        )
    return table(heads, rows)


def burst_table(found: list[Runs]) -> str:
    """One row per share: the error before, right after the burst, and after each further epoch."""
    heads = [
        "bits that flip",
        f"epochs: {EPOCHS}",
        "right after the flips",
        *(f"{n} more" for n in range(1, REPAIR + 1)),
    ]
    rows = [
        [
            f"{runs[0]['value']:g} %",
            error(runs, EPOCHS),
            spread(run["test_error_after_burst"] for run in runs),
            *(error(runs, EPOCHS + n) for n in range(1, REPAIR + 1)),
        ]
        for runs in found
    ]
    return table(heads, rows)


def draw(weights: list[Runs], states: list[Runs], bursts: list[Runs]) -> None:
    """Test errors against the rates, and by epoch around a burst."""
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    for axis, found, unit in ((axes[0], weights, "sample"), (axes[1], states, "step")):
        for epochs, label in ((EPOCHS, "with flips"), (EPOCHS + REPAIR, f"{REPAIR} epochs later, without")):
            shown = [runs for runs in found if all(len(run["history"]) >= epochs for run in runs)]
            means = [100 * statistics.fmean(run["history"][epochs - 1]["test_error"] for run in runs) for runs in shown]
            axis.plot([runs[0]["value"] for runs in shown], means, marker="o", label=label)
        axis.set_xscale("symlog", linthresh=found[1][0]["value"])
        axis.set(xlabel=f"flips per million bits and {unit}", ylabel="test error, %", yscale="log")
    axes[0].set_title("weights")
    axes[1].set_title("states")
    for runs in bursts:
        before = [100 * statistics.fmean(run["history"][k]["test_error"] for run in runs) for k in range(EPOCHS)]
        after = 100 * statistics.fmean(run["test_error_after_burst"] for run in runs)
        later = [
            100 * statistics.fmean(run["history"][k]["test_error"] for run in runs)
            for k in range(EPOCHS, EPOCHS + REPAIR)
        ]
        times = [*range(1, EPOCHS + 1), EPOCHS, *range(EPOCHS + 1, EPOCHS + REPAIR + 1)]
        axes[2].plot(times, [*before, after, *later], marker=".", label=f"{runs[0]['value']:g} % of the bits")
    axes[2].set(xlabel="epochs finished", ylabel="test error, %", yscale="log", title="weights, all flips at once")
    for axis in axes:
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("{x:g}")
        axis.grid(which="both", alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(HERE / "faults.png", dpi=110)


def fill(text: str, section: str, content: str) -> str:
    """The page with `content` between the markers of a section."""
    start, end = f"<!-- {section} -->\n", f"<!-- end of {section} -->"
    before, found, rest = text.partition(start)
    assert found, section
    return f"{before}{start}{content}\n{end}{rest.partition(end)[2]}"


def main(folder: Path) -> None:
    """Run everything and write the files."""
    weights = measured("weights", weight_flips, RATES, 1e-6, folder)
    states = measured("states", state_flips, STATE_RATES, 1e-6, folder)
    bursts = measured("burst", burst, SHARES, 1e-2, folder)
    write_aside(HERE / "faults.json", as_json({"weights": weights, "states": states, "burst": bursts}).encode())
    draw(weights, states, bursts)
    shown = ("inference while states flip", lambda runs: spread(run["test_error_with_flips"] for run in runs))
    text = (HERE / "faults.md").read_text(encoding="utf-8")
    text = fill(text, "weights", rates_table(weights))
    text = fill(text, "states", rates_table(states, shown))
    write_aside(HERE / "faults.md", fill(text, "burst", burst_table(bursts)).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "build/faults"))
