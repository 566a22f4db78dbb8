"""Makes orders.json and the tables of both orders in throughput.md: `python docs/results/orders.py MNIST_FOLDER RUNS
[NAME ...]`.

RUNS keeps the checkpoints of the trainings, so that an interrupted run goes on. Cycles are those of the cycle model,
over samples that the golden model learns. Where names of EPOCHS or TWO_HIDDEN are given, only these are measured, and
the results of the others stay.
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ceprop import Specification
from ceprop.common.files import write_aside
from ceprop.common.report import as_json, percent
from ceprop.experiments.training_over_seeds import golden_errors
from ceprop.hdl.cycles import Cost, CycleModel, Prefetched
from ceprop.hdl.events import SampleEvents
from ceprop.model import Dataset, FreeEnd, Network, SampleRecord, Span, evaluate, load_dataset
from ceprop.performance.cycle_replay import learn, records
from ceprop.sim.events import sample_events
from ceprop.specification import Geometry

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
EPOCHS = {"core-25f": 15, "core-85f": 15}
ORDERS = ("synchronous", "alternating")
DEEP = "mnist-128-128"
"""An example with two hidden layers. It is measured after one epoch only."""
TWO_HIDDEN = {
    "mnist-128-128 as 8x9": ["array.rows=8", "array.cols=9"],
    "mnist-128-128 as 4x9": ["array.rows=4", "array.cols=9", "array.memory_words=4096"],
}
"""The arrays with which it is measured. 4x9 is the largest that was routed for a ULX3S 85F."""
FREE_STEPS = {"synchronous": (40, 100, 200), "alternating": (30, 50)}
"""Largest numbers of free steps with which it is measured."""
SEEDS = (1, 2, 3)
SAMPLES = 500
PARTS = ("drive", "free", "nudged")


def costs(model: CycleModel, events: SampleEvents) -> dict[str, Cost]:
    """The cost of a sample of which nothing was prefetched, and of its parts."""
    return {
        "sample": model.sample(events),
        "drive": model.drive(events, Prefetched()),
        "free": model.free(events),
        "nudged": model.nudged(events),
    }


def ends(record: SampleRecord) -> list[float]:
    """Steps of both phases, and whether the free phase settled."""
    return [record.free_steps, record.nudged_steps, record.free_end is FreeEnd.SETTLED]


def after_an_epoch(specification: Specification, data: Dataset) -> dict[str, Any]:
    """What the samples after an epoch take: for the sample and each of its parts the mean of its cycles, and of the
    cycles in which the multipliers work; half of the 95 % interval of the cycles of a sample; the means of the steps,
    the share of free phases that settled, and the test error after the epoch."""
    geometry = Geometry(specification)
    model, network = CycleModel(geometry), Network.initial(specification)
    learn(network, data, Span(0, 0, len(data.train_labels)))
    test_error = evaluate(network, data.test_inputs, data.test_labels).error
    cycles, steps = [], []
    for inputs, record in records(data, network, Span(1, 0, SAMPLES), learn=True):
        found = costs(model, sample_events(geometry, inputs, record))
        cycles.append([[cost.cycles, cost.slots] for cost in found.values()])
        steps.append(ends(record))
    samples = np.array(cycles)
    means = [dict(zip(("all", "at_work"), mean, strict=True)) for mean in samples.mean(axis=0).tolist()]
    free, nudged, settled = np.array(steps).mean(axis=0).tolist()
    return {
        "cycles": dict(zip(("sample", *PARTS), means, strict=True)),
        "interval": 1.96 * float(samples[:, 0, 0].std(ddof=1)) / SAMPLES**0.5,
        "free_steps": free,
        "nudged_steps": nudged,
        "settled": settled,
        "test_error": test_error,
    }


def after_the_seeds(specification: Specification, mnist: str) -> dict[str, Any]:
    """The specification, and for each seed what the samples after an epoch take."""
    seeds = [specification.override(f"seed={seed}") for seed in SEEDS]
    return {
        "layers": list(specification.layers),
        "array": specification.fields()["array"],
        "phases": specification.fields()["phases"],
        "build_digest": specification.build_digest,
        "after_an_epoch": {str(run.seed): after_an_epoch(run, load_dataset(run, mnist)) for run in seeds},
    }


def measure(name: str, order: str, mnist: str, runs: Path) -> dict[str, Any]:
    """One example in one order: cycles of the samples after an epoch by seed, and test errors after the last epoch."""
    specification = Specification.load(EXAMPLES / f"{name}.toml", [f"phases.order='{order}'"]).with_array()
    golden = golden_errors(specification, mnist, EPOCHS[name], SEEDS, runs, lambda _done, _total: None)
    sys.stdout.write(f"{name}, {order}: {golden.mean:.2%}\n")
    return {
        **after_the_seeds(specification, mnist),
        "epochs": golden.epochs,
        "test_errors": {str(seed): error for seed, error in golden.errors.items()},
        "test_error": golden.mean,
        "test_deviation": statistics.stdev(golden.errors.values()),
    }


def measure_two_hidden(name: str, mnist: str) -> list[dict[str, Any]]:
    """The example with two hidden layers on an array, in both orders, with each largest number of free steps."""
    found = []
    for order, steps in [(each, steps) for each in ORDERS for steps in FREE_STEPS[each]]:
        overrides = [f"phases.order='{order}'", f"phases.free_steps={steps}", *TWO_HIDDEN[name]]
        result = after_the_seeds(Specification.load(EXAMPLES / f"{DEEP}.toml", overrides).with_array(), mnist)
        sys.stdout.write(f"{name}, {order}, {steps} steps: {whole(result)} cycles\n")
        found.append(result)
    return found


def mean(result: dict[str, Any], *keys: str) -> float:
    """The mean over seeds of a figure after an epoch."""
    values = list(result["after_an_epoch"].values())
    for key in keys:
        values = [value[key] for value in values]
    return statistics.fmean(values)


def shown(part: str, result: dict[str, Any]) -> str:
    """Cycles of a part of a sample in which the multipliers work, and the other ones."""
    everything, at_work = mean(result, "cycles", part, "all"), mean(result, "cycles", part, "at_work")
    return f"{at_work:,.0f} + {everything - at_work:,.0f}"


def whole(result: dict[str, Any]) -> str:
    """Cycles per sample, with the interval of the mean over all samples of all seeds."""
    half = mean(result, "interval") / len(result["after_an_epoch"]) ** 0.5
    return f"{mean(result, 'cycles', 'sample', 'all'):,.0f} ± {half:,.0f}"


def ratio(found: dict[str, Any], order: str) -> str:
    """Cycles per sample relative to the synchronous order."""
    if order == "synchronous":
        return "1"
    one, other = (mean(found[name], "cycles", "sample", "all") for name in ORDERS)
    return f"**{other / one:.2f}**"


def table(found: dict[str, Any]) -> str:
    """A Markdown table with two columns per example."""
    columns = [(orders, order) for orders in found.values() for order in ORDERS]
    results = [orders[order] for orders, order in columns]
    arrays = [f"{result['array']['rows']}x{result['array']['cols']}" for result in results]
    heads = [
        f"{'-'.join(map(str, result['layers']))} as {array}, {order}"
        for result, array, (_, order) in zip(results, arrays, columns, strict=True)
    ]
    titles = {"drive": "drive", "free": "free phase", "nudged": "nudged phase"}
    errors = [", ".join(percent(error) for error in result["test_errors"].values()) for result in results]
    rows = [
        ["", *heads],
        ["---"] * (len(heads) + 1),
        [
            "largest number of steps, T and K",
            *(", ".join(str(r["phases"][f"{p}_steps"]) for p in PARTS[1:]) for r in results),
        ],
        ["cycles per sample", *(f"**{whole(result)}**" for result in results)],
        ["relative to synchronous", *(ratio(*column) for column in columns)],
        *([f"{title}, work + waits", *(shown(part, r) for r in results)] for part, title in titles.items()),
        ["free steps", *(f"{mean(result, 'free_steps'):.1f}" for result in results)],
        ["nudged steps", *(f"{mean(result, 'nudged_steps'):.1f}" for result in results)],
        ["free phases that settle", *(percent(mean(result, "settled")) for result in results)],
        [
            "test error",
            *(
                f"{percent(r['test_error'])} ({each}) after {r['epochs']} epochs"
                for r, each in zip(results, errors, strict=True)
            ),
        ],
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def table_of_two_hidden(found: list[dict[str, Any]]) -> str:
    """A Markdown table with one row per order and largest number of steps. Ratios are those of each alternating row to
    the synchronous rows, in the order of the rows."""
    synchronous = [mean(r, "cycles", "sample", "all") for r in found if r["phases"]["order"] == "synchronous"]
    titles = ["drive, work + waits", "free phase", "nudged phase", "free steps", "free phases that settle"]
    heads = ["order, T and K", "cycles per sample", "relative to the synchronous rows", *titles]
    rows = [[*heads, "test error after the epoch"], ["---"] * (len(heads) + 1)]
    for r in found:
        phases, cycles = r["phases"], mean(r, "cycles", "sample", "all")
        alternating = phases["order"] == "alternating"
        rows.append(
            [
                f"{phases['order']}, {phases['free_steps']} and {phases['nudged_steps']}",
                f"**{whole(r)}**",
                ", ".join(f"**{cycles / other:.2f}**" for other in synchronous) if alternating else "",
                *(shown(part, r) for part in PARTS),
                f"{mean(r, 'free_steps'):.1f}",
                percent(mean(r, "settled")),
                percent(mean(r, "test_error")),
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def filled(page: str, mark: str, new: str) -> str:
    """The page with a new table between the two marks of a table."""
    before, _, rest = page.partition(f"<!-- {mark} -->\n")
    after = rest.partition(f"<!-- end of {mark} -->")[2]
    assert after, f"no place for the table of {mark}"
    return f"{before}<!-- {mark} -->\n{new}\n<!-- end of {mark} -->{after}"


def main(mnist: str, runs: Path, names: list[str]) -> None:
    """Measure the examples in both orders, write orders.json, and fill in the tables."""
    runs.mkdir(parents=True, exist_ok=True)
    kept, page = HERE / "orders.json", HERE / "throughput.md"
    found = json.loads(kept.read_text(encoding="utf-8")) if names and kept.exists() else {}
    for name in names or [*EPOCHS, *TWO_HIDDEN]:
        if name in TWO_HIDDEN:
            found[name] = measure_two_hidden(name, mnist)
        else:
            found[name] = {order: measure(name, order, mnist, runs) for order in ORDERS}
    write_aside(kept, as_json(found).encode())
    text = filled(page.read_text(encoding="utf-8"), "orders", table({name: found[name] for name in EPOCHS}))
    for name in TWO_HIDDEN:
        text = filled(text, name, table_of_two_hidden(found[name]))
    write_aside(page, text.encode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
