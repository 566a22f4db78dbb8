"""Writes the tables of throughput.md, and throughput.json: `python docs/results/throughput.py FOLDER`.

FOLDER holds the results that `ceprop bench --core-only` and `ceprop estimate` wrote with --json for every row of
throughput.md, as NAME.json and NAME-estimate.json.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ceprop import Specification
from ceprop.common.files import write_aside
from ceprop.common.report import as_json, percent

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
BOARDS = {"core-up5k": "icebreaker", "core-25f": "ulx3s_25f", "core-85f": "ulx3s_85f"}
STAGES = {"fresh": "fresh", "after": "after an epoch", "inference": "inference"}

Row = Callable[[dict[str, Any]], str]


def read(name: str, folder: Path) -> dict[str, Any]:
    """The two results of one example. A result of another specification, or a result with mismatches, is refused."""
    specification = Specification.load(EXAMPLES / f"{name}.toml")
    bench = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["core_alone"]
    assert bench["build_digest"] == specification.build_digest, name
    assert bench["board"] == BOARDS[name], name
    assert bench["mismatches"] == 0, name
    estimate = json.loads((folder / f"{name}-estimate.json").read_text(encoding="utf-8"))
    array = bench["array"] = specification.fields()["array"]
    bench["title"] = f"{'-'.join(map(str, specification.layers))} as {array['rows']}x{array['cols']}"
    return {"bench": bench, "estimate": estimate}


def with_interval(bench: dict[str, Any], key: str, stage: str) -> str:
    """A mean and half of its 95 % interval."""
    low, high = bench[f"{key}_interval"][stage]
    return f"{bench[key][stage]:,.0f} ± {(high - low) / 2:,.0f}"


def table(found: dict[str, dict[str, Any]], rows: Sequence[tuple[str, Row]]) -> str:
    """A Markdown table with one column per example."""
    heads = [f"{result['bench']['title']}, `{result['bench']['board']}`" for result in found.values()]
    lines = [["", *heads], ["---"] * (len(heads) + 1)]
    lines += [[name, *(row(result) for result in found.values())] for name, row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def speeds(found: dict[str, dict[str, Any]]) -> str:
    """Rates, clock, cycles and errors."""
    rows: list[tuple[str, Row]] = []
    for stage, title in STAGES.items():
        rows.append(
            (f"samples/s, {title}", lambda r, s=stage: f"**{with_interval(r['bench'], 'samples_per_second', s)}**")
        )
    rows.append(("clock, MHz", lambda r: f"{r['bench']['fmax_mhz']:.1f}"))
    for stage, title in STAGES.items():
        rows.append(
            (f"cycles per sample, {title}", lambda r, s=stage: with_interval(r["bench"], "cycles_per_sample", s))
        )
    for stage, title in STAGES.items():
        rows.append((f"multiplier occupancy, {title}", lambda r, s=stage: percent(r["bench"]["occupancy"][s])))
    for stage, title in STAGES.items():
        rows.append((f"share of the physical limit, {title}", lambda r, s=stage: of_limit(r["bench"], s)))
    rows += [
        ("occupancy in the nudged phase, every pixel non-zero", lambda r: of_ports(r["bench"]["dense"])),
        ("samples compared per stage", lambda r: f"{r['bench']['samples']:,}"),
        ("mismatches", lambda r: f"{r['bench']['mismatches']}"),
        ("test error of the golden model", lambda r: errors(r["bench"])),
        ("golden model, samples/s", lambda r: f"{r['bench']['golden_samples_per_second']:,.0f}"),
        ("simulator, cycles/s", lambda r: f"{r['bench']['simulated_cycles_per_second']:,.0f}"),
        ("place and route, minutes", lambda r: f"{r['bench']['implementation']['seconds'] / 60:.1f}"),
    ]
    return table(found, rows)


def of_limit(bench: dict[str, Any], stage: str) -> str:
    """The share of the physical limit, and the name of the limit."""
    return f"{percent(bench['limit_ratio'][stage])} ({bench['limit'][stage]})"


def of_ports(dense: dict[str, Any]) -> str:
    """An occupancy beside the one that the memory ports allow."""
    return f"{percent(dense['nudged_occupancy'])} of {percent(dense['nudged_occupancy_limit'])}"


def errors(bench: dict[str, Any]) -> str:
    """The mean error, and the error of each seed."""
    each = ", ".join(percent(error) for error in bench["golden"]["test_errors"].values())
    return f"{percent(bench['golden_test_error'])} ({each}) after {bench['golden']['epochs']} epochs"


def estimates(found: dict[str, dict[str, Any]]) -> str:
    """The estimates before synthesis beside the measured figures."""

    def beside(expected: float, came: float, digits: int = 0) -> str:
        return f"{expected:,.{digits}f} / {came:,.{digits}f} ({expected / came - 1:+.1%})"

    def resource(name: str) -> Row:
        return lambda r: beside(r["estimate"]["resources"][name], r["bench"]["implementation"]["resources"][name])

    def rate(stage: str) -> Row:
        return lambda r: beside(r["estimate"]["samples_per_second"][stage], r["bench"]["samples_per_second"][stage])

    return table(
        found,
        [
            ("LUTs", resource("luts")),
            ("clock, MHz", lambda r: beside(r["estimate"]["clock_mhz"], r["bench"]["fmax_mhz"], 1)),
            ("samples/s, fresh", rate("fresh")),
            ("samples/s, after an epoch", rate("after")),
        ],
    )


def resources(found: dict[str, dict[str, Any]]) -> str:
    """The resources of the routed core, in total and per cell."""

    def whole(name: str) -> Row:
        def row(result: dict[str, Any]) -> str:
            built = result["bench"]["implementation"]
            return f"{built['resources'][name]:,} of {built['available'][name]:,}; per cell {built['cell'][name]:,}"

        return row

    titles = {"luts": "LUTs", "flip_flops": "flip-flops", "multipliers": "multipliers", "block_rams": "block RAMs"}
    return table(found, [(title, whole(name)) for name, title in (titles | {"sprams": "SPRAMs"}).items()])


def fill(text: str, section: str, content: str) -> str:
    """The page with `content` between the markers of a section."""
    start, end = f"<!-- {section} -->\n", f"<!-- end of {section} -->"
    before, found, rest = text.partition(start)
    assert found, section
    return f"{before}{start}{content}\n{end}{rest.partition(end)[2]}"


def main(folder: Path) -> None:
    """Read the results, write throughput.json, and fill in the tables."""
    found = {name: read(name, folder) for name in BOARDS}
    write_aside(HERE / "throughput.json", as_json(found).encode())
    page = HERE / "throughput.md"
    text = page.read_text(encoding="utf-8")
    for section, make in (("speeds", speeds), ("resources", resources), ("estimates", estimates)):
        text = fill(text, section, make(found))
    write_aside(page, text.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
