"""Makes coverage.json and coverage.md: `python docs/results/coverage.py [--build build/coverage]`.

The cores of the list `RUNS` are compared with the golden model in Verilator. Bins, lines, branches and toggles are
counted. An interrupted run goes on. With --only, the comparisons of one core are made, and nothing is published.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mutation import commit, filled

from ceprop.common.files import write_aside
from ceprop.common.report import Report, as_json, percent
from ceprop.verification.coverage import (
    EMPTY,
    POINTS,
    RUNS,
    SEED,
    SILENT,
    CoveredRun,
    Run,
    Summary,
    run_covered,
    sources_digest,
)
from ceprop.verification.coverage.summary import KINDS, Tally, grouped
from ceprop.verification.kept import tool_versions

HERE = Path(__file__).parent
ESCAPED = "\\|"
"""A bar within a cell of a table."""


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', ESCAPED) for cell in row)} |" for row in lines)


def numbers(tally: Tally) -> list[str]:
    """A tally as the cells of a row."""
    counts = (tally.places, tally.reached, tally.constant, tally.explained, tally.left)
    return [*(f"{count:,}" for count in counts), percent(tally.share)]


def totals(summary: Summary) -> str:
    """The table of the kinds."""
    bins = [count for counts in summary.counts.values() for count in counts.values()]
    explained = sum(reason is not None for _, _, reason in summary.empty)
    functional = Tally(len(bins), sum(map(bool, bins)), 0, explained)
    heads = ["kind", "all", "reached", "constant", "with a reason", "left", "share"]
    return table(heads, [["bin", *numbers(functional)], *([kind, *numbers(summary.tally(kind))] for kind in KINDS)])


def files(summary: Summary) -> str:
    """The table of the files: lines, branches and toggles, each as reached of reachable, and the places left."""
    rows = []
    for file in summary.files:
        tallies = [summary.tally(kind, file) for kind in KINDS]
        shown = [f"{one.reached:,} / {one.places - one.constant - one.explained:,}" for one in tallies]
        rows.append([file, *shown, sum(one.left for one in tallies)])
    return table(["file", *(f"{kind}s".replace("chs", "ches") for kind in KINDS), "left"], rows)


def bins(summary: Summary) -> str:
    """The table of the bins."""
    rows = [
        [point.name, name, sentence, f"{summary.counts[point.name][name]:,}"]
        for point in POINTS
        for name, sentence in point.bins.items()
    ]
    return table(["point", "bin", "situation", "samples"], rows)


def empty_bins() -> str:
    """The table of the bins that stay empty."""
    return table(["point", "bin", "reason"], [[*bin_, reason] for bin_, reason in EMPTY.items()])


def reasons(summary: Summary) -> str:
    """The table of the reasons for places that were not reached."""
    rows = []
    for silent in SILENT:
        count = sum(silent.has(place) for place in summary.unreached)
        if count:
            rows.append([silent.kind, f"`{silent.file}`", f"`{silent.name}`", f"{count:,}", silent.reason])
    return table(["kind", "file", "name", "places", "reason"], rows)


def comparisons(runs: dict[str, CoveredRun]) -> str:
    """The table of the comparisons."""
    rows = [[name, *(f"{n:,}" for n in (run.samples, run.states, run.cycles))] for name, run in runs.items()]
    return table(["core, comparison", "samples", "states", "cycles"], rows)


def result(runs: dict[str, CoveredRun], summary: Summary) -> dict[str, Any]:
    """Everything that is published."""
    left = [place for place in summary.unreached if not any(silent.has(place) for silent in SILENT)]
    return {
        "command": "python docs/results/coverage.py",
        "seed": SEED,
        "commit": commit(),
        "tools": tool_versions(),
        "comparisons": {
            name: {"samples": run.samples, "states": run.states, "cycles": run.cycles} for name, run in runs.items()
        },
        "bins": summary.counts,
        "empty": [{"point": point, "bin": name, "reason": reason} for point, name, reason in summary.empty],
        "totals": {kind: tally_fields(summary.tally(kind)) for kind in KINDS},
        "files": {file: {kind: tally_fields(summary.tally(kind, file)) for kind in KINDS} for file in summary.files},
        "left": [
            {"file": file, "kind": kind, "name": name, "bits": bits}
            for (file, kind, name), bits in grouped(left).items()
        ],
    }


def tally_fields(tally: Tally) -> dict[str, Any]:
    """A tally as JSON has it."""
    return {**asdict(tally), "left": tally.left, "share": tally.share}


def publish(runs: dict[str, CoveredRun]) -> None:
    """Write coverage.json, and the tables of coverage.md."""
    summary, page = Summary.of(list(runs.values())), HERE / "coverage.md"
    write_aside(HERE / "coverage.json", as_json(result(runs, summary)).encode())
    text = page.read_text(encoding="utf-8")
    for mark, new in (
        ("totals", totals(summary)),
        ("empty bins", empty_bins()),
        ("reasons", reasons(summary)),
        ("files", files(summary)),
        ("comparisons", comparisons(runs)),
        ("bins", bins(summary)),
    ):
        text = filled(text, mark, new)
    write_aside(page, text.encode())


def main() -> int:
    """Make the comparisons, and publish after the last one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build/coverage")
    parser.add_argument("--only", choices=sorted({run.core.name for run in RUNS}), help="one core")
    options = parser.parse_args()
    report, digest = Report(), sources_digest()
    chosen = [run for run in RUNS if options.only in (None, run.core.name)]
    runs = {run.name: made(run, options.build, digest, report) for run in chosen}
    summary = Summary.of(list(runs.values()))
    report.say(totals(summary))
    for place in summary.unreached:
        report.say(f"{place.file}: {place.kind}: {place.name}")
    for point, name, reason in summary.empty:
        report.say(f"{point}: {name}: {reason or 'empty without a reason'}")
    if options.only is None:
        publish(runs)
    return 0


def made(run: Run, build: Path, digest: str, report: Report) -> CoveredRun:
    """Make a comparison, and say what it has compared."""
    found = run_covered(run, build, digest)
    report.say(f"{run.name}: {found.samples} samples, {found.states} states, {found.cycles} cycles")
    return found


if __name__ == "__main__":
    sys.exit(main())
