"""Makes src/ceprop/data/board_builds.json, the whole boards from which `ceprop estimate` knows what is around a core:

`python docs/results/board_builds.py MNIST_FOLDER [--build build/board_builds]`

Every design is built for its board. Those with flash learn 500 samples of their second epoch on the simulated board.
A design that the file has is built again with --again only. All take about two hours. An interrupted run continues. At
the end each board is predicted from the others, and each of UNSEEN, which the estimate does not know, from all of
DESIGNS.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop import Specification
from ceprop.boards import board
from ceprop.boards.flow.bitstream import CORE_CLOCK, LINK_CLOCK
from ceprop.boards.flow.build import build as build_board
from ceprop.boards.flow.build_record import Build
from ceprop.boards.resources.board_builds import (
    BOARDS_FILE,
    Around,
    BoardBuild,
    read_board_entries,
)
from ceprop.boards.resources.board_fit import BoardFit
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.expected import expected_luts, expected_mhz, is_compact
from ceprop.boards.resources.regression import Fit
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.report import Report, as_json, percent
from ceprop.model import epoch_order, load_dataset
from ceprop.performance.board_bench import BoardPlan, bench_board
from ceprop.performance.board_estimate import SampleWay
from ceprop.performance.estimate import expected_samples
from ceprop.specification import Geometry

ROOT = Path(__file__).parents[2]
DATA = ROOT / "src/ceprop" / BOARDS_FILE
SAMPLES = 500


@dataclass(frozen=True)
class Design:
    """An example on a board, with some fields set, and what is around its core."""

    example: str
    board: str
    around: Around
    fields: tuple[str, ...] = ()

    @property
    def specification(self) -> Specification:
        """The specification of the example with these fields."""
        return Specification.load(ROOT / "examples" / f"{self.example}.toml", self.fields)

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells its entry from the others."""
        return as_json(self.specification.fields()), self.board, self.around

    def data(self, mnist: str) -> str:
        """The data that the design learns."""
        return "digits" if self.example == "digits" else mnist


def shape(rows: int, cols: int, *others: str) -> tuple[str, ...]:
    """The overrides for an array of this shape, with other overrides."""
    return (f"array.rows={rows}", f"array.cols={cols}", *others)


ONE_PORT = ("array.memory_ports=1", "array.input_lists=1")
SHORT = ("formats.state_bits=6", "formats.input_bits=4")
SMALL = ("layers=[64, 32, 10]",)
ALTERNATING = ("phases.order='alternating'", "phases.free_steps=20", "phases.nudged_steps=10")

DESIGNS = (
    Design("mnist-icebreaker", "icebreaker", "alone"),
    Design("digits", "icebreaker", "alone", shape(1, 1, *ONE_PORT, *SMALL)),
    Design("digits", "icebreaker", "link", shape(1, 1, *ONE_PORT, *SMALL)),
    Design("digits", "ice40_hx8k_b_evn", "link with flash", shape(1, 1, *ONE_PORT, "layers=[64, 16, 10]", *SHORT)),
    Design("digits", "ulx3s_25f", "link", shape(2, 3)),
    Design("digits", "ulx3s_25f", "alone", shape(2, 2, *SHORT)),
    Design("digits", "ulx3s_25f", "link with flash", shape(2, 3)),
    Design("mnist-25f", "ulx3s_25f", "link with flash"),
    Design("mnist-85f", "ulx3s_85f", "link with flash"),
)
UNSEEN = (
    Design("mnist-icebreaker", "icebreaker", "alone", shape(1, 1, "layers=[784, 32, 10]", "array.memory_words=32768")),
    Design("digits", "ice40_hx8k_b_evn", "link", shape(1, 1, *ONE_PORT, *SMALL, *SHORT)),
    Design("digits", "orangecrab_r0_2_25f", "link with flash", shape(4, 4, *SHORT)),
    Design("mnist-64", "ulx3s_25f", "link with flash", shape(2, 7, "array.memory_words=4096", *ALTERNATING)),
    Design(
        *("mnist-64", "ulx3s_25f", "link with flash"),
        shape(3, 5, "layers=[784, 32, 10]", "array.memory_words=4096", *SHORT),
    ),
    Design("digits", "icebreaker", "alone", shape(1, 1, *ONE_PORT, "layers=[64, 48, 10]", *SHORT)),
)


def build(design: Design, mnist: str, folder: Path, report: Report) -> dict[str, Any]:
    """The entry of a design in the file. What the folder holds already is not built again."""
    specification, target = design.specification, board(design.board)
    if design.around == "link":
        rate, built = None, build_board(specification, target, folder / "link", flash=False, progress=report.say)
    else:
        plan = BoardPlan(specification, target, design.data(mnist), SAMPLES, 1, folder, design.around == "alone")
        benched = bench_board(plan, report)
        if benched.mismatches:
            raise CepropError(f"the board and the golden model differ: {benched.first_mismatch}")
        rate, built = benched.samples_per_second, benched.built
    return entry(design, built, rate)


def entry(design: Design, built: Build, rate: float | None) -> dict[str, Any]:
    """What the file says of a build."""
    geometry = Geometry(Specification.from_mapping(dict(built.specification)))
    core, link = built.clocks[CORE_CLOCK], built.clocks.get(LINK_CLOCK, built.clocks[CORE_CLOCK])
    return {
        "specification": built.specification,
        "board": built.board,
        "around": design.around,
        "compact": is_compact(geometry, board(built.board), design.around),
        "luts": built.utilization["luts"]["used"],
        "clock_mhz": built.clock_hz / 1e6,
        "core_clock_mhz": built.core_clock_hz / 1e6,
        "reached_mhz": link.achieved,
        "core_reached_mhz": core.achieved,
        "samples_per_second": rate,
        "seconds": built.seconds,
        "tools": built.tools,
    }


# --- how well they are predicted


@dataclass(frozen=True)
class Errors:
    """A board that was predicted from others: errors as shares of what was built. `clock` is that of the clock that the
    core reaches. `samples_per_second` is that of the rate at the clocks of the bitstream, or None without flash."""

    name: str
    luts: float
    clock: float
    samples_per_second: float | None


def predict(
    design: Design, entry: dict[str, Any], others: Sequence[dict[str, Any]], data: str, report: Report
) -> Errors:
    """Predict a board from others of its family."""
    found = BoardBuild.from_dict(entry)
    geometry, target = found.geometry, found.board
    fit = BoardFit.to([BoardBuild.from_dict(other) for other in others], Fit.to(load_builds(target.device.family)))
    rate = None
    if found.samples_per_second is not None:
        dataset = load_dataset(geometry.specification, data)
        with report.progress("expected samples") as advance:
            after = expected_samples(geometry, dataset, SAMPLES, advance)["after"]
        order = epoch_order(geometry.specification, 1, len(dataset.train_labels))[:SAMPLES]
        way = SampleWay.of(geometry, target, found.around, 1e6 * found.clock_mhz, 1e6 * found.core_clock_mhz)
        rate = way.rate(dataset.train_inputs[order], after.whole.cycles.tolist()) / found.samples_per_second - 1
    luts = expected_luts(geometry, target, found.around, fit) / found.luts - 1
    _, core_mhz = expected_mhz(geometry, target, found.around, fit)
    return Errors(found.name, luts, core_mhz / found.core_reached_mhz - 1, rate)


def leave_one_out(entries: Sequence[dict[str, Any]], mnist: str, report: Report) -> list[Errors]:
    """Predict each board from the others of its family; those of which no other has the same around its core are not
    predictable and left out."""
    found = []
    for this in entries:
        design = next(design for design in DESIGNS if design.key == _key(this))
        others = [other for other in entries if other is not this and _family(other) == _family(this)]
        if any(other["around"] == this["around"] for other in others):
            found.append(predict(design, this, others, design.data(mnist), report))
    return found


def _family(entry: dict[str, Any]) -> str:
    return board(entry["board"]).device.family


def show(title: str, errors: Sequence[Errors], report: Report) -> None:
    """A table of errors."""
    rows = [(one.name, percent(one.luts), percent(one.clock), percent(one.samples_per_second)) for one in errors]
    report.table(title, rows, ("", "LUTs", "clock of the core", "samples/s"))


def summary(errors: Sequence[Errors]) -> dict[str, dict[str, float]]:
    """Mean and largest size of each error."""
    found = {}
    for name in ("luts", "clock", "samples_per_second"):
        sizes = [abs(getattr(one, name)) for one in errors if getattr(one, name) is not None] or [0.0]
        found[name] = {"mean": sum(sizes) / len(sizes), "largest": max(sizes)}
    return found


def main() -> int:
    """Build the designs, write the file after every design, and show how well each is predicted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", help="folder with MNIST's IDX files")
    parser.add_argument("--build", type=Path, default=ROOT / "build/board_builds")
    parser.add_argument("--again", action="store_true", help="build also what the file has")
    options = parser.parse_args()
    report = Report()
    wanted = {design.key for design in DESIGNS}
    known = {_key(entry): entry for entry in read_board_entries() if _key(entry) in wanted}
    for design in DESIGNS:
        if design.key in known and not options.again:
            continue
        report.say(f"{design.example} on {design.board}, {design.around}: {' '.join(design.fields)}")
        known[design.key] = build(design, options.mnist, options.build, report)
        write(list(known.values()), [], options.mnist, report)
    unseen = []
    for design in UNSEEN:
        this = build(design, options.mnist, options.build, report)
        others = [other for other in known.values() if _family(other) == _family(this)]
        unseen.append(predict(design, this, others, design.data(options.mnist), report))
        show("boards that the estimate does not know", unseen, report)
        write(list(known.values()), unseen, options.mnist, report)
    return 0


def write(entries: Sequence[dict[str, Any]], unseen: Sequence[Errors], mnist: str, report: Report) -> None:
    """Predict each board from the others, and write the file."""
    left_out = leave_one_out(entries, mnist, report)
    show("each whole board from the others of its family", left_out, report)
    content = {
        "builds": entries,
        "leave_one_out": summary(left_out),
        "left_out": [asdict(one) for one in left_out],
        "unseen": [asdict(one) for one in unseen],
    }
    write_aside(DATA, as_json(content).encode())


def _key(entry: dict[str, Any]) -> tuple[str, str, str]:
    return as_json(entry["specification"]), entry["board"], entry["around"]


if __name__ == "__main__":
    sys.exit(main())
