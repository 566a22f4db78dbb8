"""`ceprop estimate`: the fit to builds, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError, Geometry, Specification
from ceprop.boards import Resources, board
from ceprop.boards.resources.builds import Build, load_builds
from ceprop.boards.resources.regression import LEAST_BUILDS, Fit, area_terms, error_sizes, least_squares, leave_one_out
from ceprop.cli import run
from ceprop.model import Network, Span, load_dataset
from ceprop.performance.cycle_replay import replay
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
PLACES = [
    *(("ulx3s_25f", shape) for shape in ((1, 2), (2, 3), (3, 3), (4, 4), (4, 7), (2, 8))),
    *(("orangecrab_r0_2_85f", shape) for shape in ((2, 2), (5, 7), (8, 8), (8, 12))),
]


def synthetic(noise: float = 0.0) -> list[Build]:
    """Builds that follow a law of the fit's own form, LUTs and clock off by `noise` by turns."""
    found = []
    for number, (name, (rows, cols)) in enumerate(PLACES):
        fields = (f"array.rows={rows}", f"array.cols={cols}", f"array.drives={1 + number % 2}")
        fields = (*fields, f"formats.state_bits={6 + 2 * (number % 3 == 0)}")
        geometry, target = Geometry(Specification.load(Path(DIGITS), fields)), board(name)
        off = 1 + noise * (-1) ** number
        luts = float(area_terms(geometry, target.device) @ [900, 3, 5, 4, 0, 0])
        clock = (180 if target.speed == "6" else 220) * (rows * cols) ** -0.1
        resources = Resources(luts=round(luts * off), flip_flops=round(luts * 1.1), multipliers=rows * cols)
        found.append(Build(geometry.specification.fields(), name, resources, clock * off, 4000.0, 4000.0))
    return found


def test_fit_finds_a_law_of_its_form() -> None:
    builds = synthetic()
    fit = Fit.to(builds)
    for build in builds:
        luts, flip_flops = fit.area(build.geometry, build.board.device)
        assert luts == pytest.approx(build.resources.luts, rel=0.01)
        assert flip_flops == pytest.approx(build.resources.flip_flops, rel=0.01)
        assert fit.clock_mhz(build.geometry, build.board) == pytest.approx(build.clock_mhz, rel=0.01)
    left_out = leave_one_out(builds)
    assert [one.build for one in left_out] == builds
    for name in ("luts", "clock", "rate"):
        assert error_sizes(left_out, name)["largest"] < 0.01


def test_leave_one_out_shows_what_does_not_fit() -> None:
    left_out = leave_one_out(synthetic(noise=0.1))
    for name in ("luts", "clock", "rate"):
        found = error_sizes(left_out, name)
        assert 0.05 < found["mean"] < found["largest"] < 0.6
    # A rate is off where the clock is: cycles are exact.
    assert [one.rate for one in left_out] == pytest.approx([one.clock for one in left_out])


@pytest.mark.parametrize("family", ["ecp5", "ice40"])
def test_kept_builds_are_predicted_from_each_other(family: str) -> None:
    builds = load_builds(family)
    assert len(builds) >= LEAST_BUILDS
    left_out = leave_one_out(builds)
    for name in ("luts", "clock", "rate"):
        assert error_sizes(left_out, name)["mean"] <= 0.15


def test_a_speed_without_builds_is_refused() -> None:
    builds = [build for build in synthetic() if build.board.speed == "6"]
    fit = Fit.to(builds)
    with pytest.raises(CepropError, match=r"orangecrab_r0_2_25f: no builds of LFE5U grade 8 .* only LFE5U grade 6"):
        fit.clock_mhz(builds[0].geometry, board("orangecrab_r0_2_25f"))


def test_least_squares_has_no_negative_coefficients() -> None:
    x = np.arange(1.0, 9.0)
    terms = np.stack([np.ones(8), x, np.zeros(8)], axis=1)
    assert least_squares(terms, 5 + 2 * x).tolist() == pytest.approx([5, 2, 0])
    falling = least_squares(terms, 100 - 2 * x)
    assert falling[1:].tolist() == [0, 0]
    assert 84 < falling[0] < 98


def test_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ceprop.performance.estimate.load_builds", lambda family: synthetic())
    command = ["estimate", DIGITS, "--board", "ulx3s_25f", "--set", "array.rows=3", "--set", "array.cols=5"]
    assert run([*command, "--samples", "10", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"luts", "flip_flops", "multipliers", "block_rams"} <= found["resources"].keys()
    assert found["resources"]["multipliers"] == 15
    assert found["clock_mhz"] == pytest.approx(180 * 15**-0.1, rel=0.01)
    for stage in ("fresh", "after"):
        rate = 1e6 * found["clock_mhz"] / found["cycles_per_sample"][stage]
        assert found["samples_per_second"][stage] == pytest.approx(rate)
    assert found["fit"]["builds"] == len(PLACES)
    assert found["fit"]["leave_one_out"].keys() == {"luts", "clock", "samples_per_second"}
    assert found["board_refusal"] is None
    assert found["board"]["samples_per_second"] > 1_000
    assert found["board"]["core_clock_mhz"] > found["board"]["clock_mhz"]
    specification = Specification.load(Path(DIGITS), ("array.rows=3", "array.cols=5"))
    geometry, dataset = Geometry(specification), load_dataset(specification, "digits")
    costs = replay(geometry, dataset, Network.initial(specification), Span(0, 0, 10), learn=True).whole
    assert found["cycles_per_sample"]["fresh"] == pytest.approx(costs.cycles.mean())


@pytest.mark.parametrize(
    ("builds", "arguments", "part"),
    [
        (8, ["--set", "array.rows=8", "--set", "array.cols=8"], "array 8x8: needs 64 multipliers"),
        (7, [], "7 builds of ecp5: an estimate needs 8"),
        (8, ["--board", "none"], "board none"),
        (8, ["--samples", "5000"], "5000 samples: digits has 1437"),
    ],
)
def test_bad_input(
    builds: int, arguments: list[str], part: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ceprop.performance.estimate.load_builds", lambda family: synthetic()[:builds])
    assert run(["estimate", DIGITS, "--board", "ulx3s_25f", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert part in captured.err


_WINE = ["--set", "layers=[64, 16, 10]", "--set", "array.rows=2", "--set", "array.cols=3"]


@pytest.mark.parametrize("array", [_WINE, ["--set", "array.rows=1", "--set", "array.cols=2"]])
def test_all_verbs_give_one_answer(array: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of an array that the board cannot hold with its link: the same line, whoever is asked."""
    place = ["--board", "icebreaker", *array]
    assert run(["build", DIGITS, *place, "-o", str(tmp_path)]) == 2
    line = capsys.readouterr().err.removeprefix("ceprop: ").strip()
    assert "logic cells, icebreaker (iCE40UP5K) has 5,280; 1x1 fits with array.memory_ports = 1" in line
    assert run(["boards", DIGITS, *array, "--json", "-"]) == 0
    facts = {one["board"]: one for one in json.loads(capsys.readouterr().out)["boards"]}
    assert facts["icebreaker"]["reason"] == line
    simulated = ["run", "--port", "sim", "--board", "icebreaker", "--spec", DIGITS, *array, "selftest"]
    assert run(simulated) == 2
    assert capsys.readouterr().err == f"ceprop: {line}; --board generic simulates what no board holds\n"
    code = run(["estimate", DIGITS, *place, "--samples", "1"])
    captured = capsys.readouterr()
    # Of a core that fits alone the estimate is given, with the same line beside it.
    assert line in (captured.err if code else captured.out)
