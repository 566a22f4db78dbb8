"""Makes orders.json and the table of both orders in throughput.md: `python docs/results/orders.py MNIST_FOLDER RUNS
[EXAMPLE ...]`.

RUNS keeps the checkpoints of the trainings, so that an interrupted run goes on. Cycles are those of the cycle model,
over samples that the golden model learns. Where examples are named, only these are measured, and the results of the
others stay.
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
from ceprop.model import Dataset, FreeEnd, Network, SampleRecord, Span, load_dataset
from ceprop.performance.cycle_replay import learn, records
from ceprop.sim.events import sample_events
from ceprop.specification import Geometry

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
EPOCHS = {"mnist-25f": 15, "mnist-85f": 15, "mnist-128-128": 14}
ORDERS = ("synchronous", "alternating")
OTHERWISE = {("mnist-128-128", "synchronous"): ["phases.free_steps=100"]}
"""What else than the order differs from the example."""
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
    and the share of free phases that settled."""
    geometry = Geometry(specification)
    model, network = CycleModel(geometry), Network.initial(specification)
    learn(network, data, Span(0, 0, len(data.train_labels)))
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
    }


def measure(name: str, order: str, mnist: str, runs: Path) -> dict[str, Any]:
    """One example in one order: cycles of the samples after an epoch by seed, and test errors after the last epoch."""
    overrides = [f"phases.order='{order}'", *OTHERWISE.get((name, order), [])]
    specification = Specification.load(EXAMPLES / f"{name}.toml", overrides).with_array()
    seeds = [specification.override(f"seed={seed}") for seed in SEEDS]
    after = [after_an_epoch(run, load_dataset(run, mnist)) for run in seeds]
    golden = golden_errors(specification, mnist, EPOCHS[name], SEEDS, runs, lambda _done, _total: None)
    sys.stdout.write(f"{name}, {order}: {golden.mean:.2%}\n")
    return {
        "layers": list(specification.layers),
        "array": specification.fields()["array"],
        "phases": specification.fields()["phases"],
        "build_digest": specification.build_digest,
        "after_an_epoch": {str(seed): found for seed, found in zip(SEEDS, after, strict=True)},
        "epochs": golden.epochs,
        "test_errors": {str(seed): error for seed, error in golden.errors.items()},
        "test_error": golden.mean,
        "test_deviation": statistics.stdev(golden.errors.values()),
    }


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


def main(mnist: str, runs: Path, names: list[str]) -> None:
    """Measure the examples in both orders, write orders.json, and fill in the table."""
    runs.mkdir(parents=True, exist_ok=True)
    kept = HERE / "orders.json"
    earlier = json.loads(kept.read_text(encoding="utf-8")) if names and kept.exists() else {}
    measured = {name: {order: measure(name, order, mnist, runs) for order in ORDERS} for name in names or EPOCHS}
    found = {name: (earlier | measured)[name] for name in EPOCHS if name in earlier | measured}
    write_aside(kept, as_json(found).encode())
    page = HERE / "throughput.md"
    before, _, rest = page.read_text(encoding="utf-8").partition("<!-- orders -->\n")
    after = rest.partition("<!-- end of orders -->")[2]
    assert after, "no place for the table"
    write_aside(page, f"{before}<!-- orders -->\n{table(found)}\n<!-- end of orders -->{after}".encode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
