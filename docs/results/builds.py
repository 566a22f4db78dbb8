"""Makes src/ceprop/data/builds.json, the builds of the regression behind `ceprop estimate`:

`python docs/results/builds.py MNIST_FOLDER [--only ecp5|ice40] [--build build/builds]`

Every design is placed and routed and learns its first samples on the simulated core. This takes hours. An
interrupted run continues, and designs whose core did not change are not built again.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceprop import Specification
from ceprop.boards import board
from ceprop.boards.flow.implement import implement
from ceprop.boards.resources.builds import FILE, load_builds, read_entries
from ceprop.boards.resources.regression import error_sizes, leave_one_out
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.report import Report, as_json, percent
from ceprop.model import Dataset, Network, Span, load_dataset
from ceprop.performance.estimate import expected_samples
from ceprop.performance.throughput import measure
from ceprop.specification import Geometry

ROOT = Path(__file__).parents[2]
DATA = ROOT / "src/ceprop" / FILE
SAMPLES = 50


@dataclass(frozen=True)
class Design:
    """An example on a board, with some fields set."""

    example: str
    board: str
    fields: tuple[str, ...]

    @property
    def specification(self) -> Specification:
        """The specification of the example with these fields."""
        return Specification.load(ROOT / "examples" / f"{self.example}.toml", self.fields)


def shape(rows: int, cols: int, *others: str) -> tuple[str, ...]:
    """The overrides for an array of this shape, with other overrides."""
    return (f"array.rows={rows}", f"array.cols={cols}", *others)


ONE_PORT = ("array.memory_ports=1", "array.input_lists=1")
SHORT = ("formats.state_bits=6", "formats.input_bits=4")
"""The formats of the fast examples."""
SMALL = ("layers=[64, 32, 10]",)
SMALLER = ("layers=[64, 16, 10]",)

PLACEMENTS = {"ice40": 1, "ecp5": 1}
"""Placements per build. The median of their clocks counts: on a device that is nearly full, clocks differ by 15 %."""

DESIGNS = (
    # ECP5: from a few cells to most of an 85F, both input widths, other weights, and the speed grades of the boards.
    Design("digits", "ulx3s_25f", shape(2, 3)),
    Design("digits", "ulx3s_25f", shape(4, 4, *SHORT)),
    Design("mnist-64", "ulx3s_25f", shape(2, 7, "array.memory_words=4096")),
    Design("core-25f", "ulx3s_25f", ()),
    Design("digits", "orangecrab_r0_2_25f", shape(4, 5)),
    Design("digits", "orangecrab_r0_2_25f", shape(3, 3, *SMALL, *SHORT)),
    Design("mnist-64", "ulx3s_45f", shape(4, 8, *SHORT)),
    Design("core-85f", "ulx3s_85f", ()),
    # iCE40: UP5K with its multipliers and SPRAM, HX8K and LP8K with multipliers made of LUTs.
    Design("core-up5k", "icebreaker", ()),
    Design("core-up5k", "icebreaker", shape(1, 1, "array.memory_words=65536")),
    Design("digits", "icebreaker", shape(1, 1, *ONE_PORT, *SMALL)),
    Design("digits", "icebreaker", shape(1, 2, *ONE_PORT, *SMALL, *SHORT)),
    Design("digits", "icebreaker", shape(2, 1, *ONE_PORT, *SHORT)),
    Design("digits", "ice40_hx8k_b_evn", shape(1, 1, *ONE_PORT, *SMALL)),
    Design("digits", "ice40_hx8k_b_evn", shape(1, 2, *ONE_PORT, *SMALLER, *SHORT)),
    Design("digits", "ice40_hx8k_b_evn", shape(1, 1, *SMALL, *SHORT)),
    Design("digits", "tinyfpga_bx", shape(1, 1, *ONE_PORT, *SMALL, *SHORT)),
    Design("digits", "tinyfpga_bx", shape(2, 1, *ONE_PORT, *SMALLER, *SHORT)),
    Design("digits", "tinyfpga_bx", shape(1, 1, *SMALLER)),
)


def build(design: Design, mnist: str, folder: Path, report: Report) -> dict[str, Any]:
    """The entry of a design in the file. What the folder holds already is not built again."""
    specification, target = design.specification, board(design.board)
    dataset = load_dataset(specification, "digits" if design.example == "digits" else mnist)
    seeds = range(1, PLACEMENTS[target.device.family] + 1)
    placements = [
        implement(specification, target, folder / "implementations", seed=seed, progress=report.say) for seed in seeds
    ]
    found = sorted(placements, key=lambda placement: placement.clock_mhz)[len(placements) // 2]
    return {
        "specification": specification.fields(),
        "board": design.board,
        "resources": dict(found.resources),
        "clock_mhz": found.clock_mhz,
        "fmax_mhz": found.fmax_mhz,
        "icetime_mhz": found.icetime_mhz,
        "seconds": found.seconds,
        "tools": dict(found.tools),
        **cycles(Geometry(specification), dataset, folder / "rtl", report),
    }


def cycles(geometry: Geometry, dataset: Dataset, folder: Path, report: Report) -> dict[str, float]:
    """The cycles per sample of the simulated core and of the cycle model."""
    network = Network.initial(geometry.specification)
    with report.progress("simulating") as advance:
        run = measure(geometry, dataset, network, Span(0, 0, SAMPLES), learn=True, folder=folder, advance=advance)
        expected = expected_samples(geometry, dataset, SAMPLES, advance, ("fresh",))["fresh"]
    if run.mismatches:
        raise CepropError(f"the core and the golden model differ: {run.first_mismatch}")
    return {
        "measured_cycles": run.mean_cycles,
        "expected_cycles": float(expected.whole.cycles.mean()),
        "samples": SAMPLES,
    }


def judge(family: str, report: Report) -> None:
    """Show how well each build of a family is predicted from the other builds."""
    left_out = leave_one_out(load_builds(family))
    rows = [
        (
            one.build.name,
            f"{one.build.resources.luts:,}",
            percent(one.luts),
            f"{one.build.clock_mhz:.1f}",
            percent(one.clock),
            f"{one.build.rate:,.0f}",
            percent(one.rate),
        )
        for one in left_out
    ]
    report.table(f"{family}: each build from the others", rows, ("", "LUTs", "off", "MHz", "off", "samples/s", "off"))
    for name in ("luts", "clock", "rate"):
        found = error_sizes(left_out, name)
        report.say(f"{family}, {name}: mean {percent(found['mean'])}, largest {percent(found['largest'])}")


def main() -> int:
    """Build the missing designs, write the file after every design, and show the errors of the regression."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", help="folder with MNIST's IDX files")
    parser.add_argument("--only", choices=("ecp5", "ice40"))
    parser.add_argument("--build", type=Path, default=ROOT / "build/builds")
    options = parser.parse_args()
    report, failed = Report(), 0
    kept = [entry for entry in read_entries() if options.only and board(entry["board"]).device.family != options.only]
    entries: list[dict[str, Any]] = []
    for design in DESIGNS:
        if options.only not in (None, board(design.board).device.family):
            continue
        report.say(f"{design.example} on {design.board}: {' '.join(design.fields)}")
        try:
            entries.append(build(design, options.mnist, options.build, report))
        except CepropError as error:
            report.say(f"  left out: {error}")
            failed += 1
        write_aside(DATA, as_json({"builds": entries + kept}).encode())
    for family in ("ecp5", "ice40"):
        if options.only in (None, family):
            judge(family, report)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
