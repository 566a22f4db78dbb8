"""Place and route with several seeds: which result is kept, what is tried again, and what the report says."""

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.boards.flow.build import REPORT, read_report
from ceprop.boards.flow.routing import CriticalPath
from ceprop.boards.flow.synthesis import Synthesis
from ceprop.boards.parts.devices import Resources
from ceprop.cli import run
from ceprop.common.ending import INTERRUPTED
from ceprop.common.errors import CepropError
from ceprop.common.processes import run_to_end
from ceprop.specification import Specification

BOARD = "ice40_hx8k_b_evn"
MHZ = {1: 70.0, 2: 90.0, 3: 80.0, 4: None}
"""What each seed reaches; the fourth one is not routed."""


class Tools:
    """Stands in for the tools: `routed` has the seeds that were placed and routed."""

    def __init__(self) -> None:
        self.routed: list[int] = []
        self.synthesized = 0
        self.mhz: dict[int, float | None] = dict(MHZ)
        self.before: Callable[[int], object] = lambda seed: None

    def synthesize(self, *_: object) -> Synthesis:
        self.synthesized += 1
        whole = Resources(luts=1, flip_flops=1)
        return Synthesis(1.0, whole, whole)

    def route(self, _: object, arguments: list[str], folder: Path) -> dict[str, Any]:
        seed = int(arguments[arguments.index("--seed") + 1])
        self.before(seed)
        (folder / "packed.bin").write_bytes(b"bits of seed %d" % seed)
        reached = self.mhz[seed]
        if reached is None:
            raise CepropError("nextpnr-ice40: ERROR: no route")
        self.routed.append(seed)
        asked = float(arguments[arguments.index("--freq") + 1])
        return {"fmax": {"clk": {"constraint": asked, "achieved": reached}}}


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    tools = Tools()
    for name, work in {
        "synthesize": tools.synthesize,
        "route": tools.route,
        "pack": lambda _, folder, *__: folder / "packed.bin",
        "used": lambda *_: {},
        "critical_path": lambda _: CriticalPath("a", "b", 1.0, 2.0),
        "system_verilog": lambda _: "module ceprop_system();\nendmodule\n",
    }.items():
        monkeypatch.setattr(f"ceprop.boards.flow.bitstream.{name}", work)
    monkeypatch.setattr("ceprop.boards.flow.bitstream.shutil.which", lambda _: None)
    monkeypatch.setattr("ceprop.boards.flow.build.expected_mhz", lambda *_: (62.0, 62.0))
    return tools


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    fields = {"name": "small", "layers": [5, 3], "array": {"rows": 1, "cols": 1, "memory_words": 64}}
    Specification.from_mapping(fields | {"update": {"shifts": [4]}}).save(tmp_path / "small.toml")
    folder = str(tmp_path / "out")
    return ["build", str(tmp_path / "small.toml"), "--board", BOARD, "-o", folder, "--json", "-"]


def test_the_best_seed_is_kept(
    tools: Tools, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--seeds", "4", "--jobs", "2"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert sorted(tools.routed) == [1, 2, 3]
    assert found["seed"] == 2
    assert (tmp_path / "out" / "small.bin").read_bytes() == b"bits of seed 2"
    needed = found["clocks"]["core"]["constraint"]
    for seed, one in enumerate(found["tried"][:3], 1):
        assert (one["seed"], one["met"], one["problem"]) == (seed, True, None)
        assert one["clocks"]["core"] == {"constraint": needed, "achieved": MHZ[seed]}
        assert one["slack_ns"] == pytest.approx(1000 / needed - 1000 / one["clocks"]["core"]["achieved"], abs=1e-3)
        assert one["seconds"] >= 0
    failed = found["tried"][3]
    assert (failed["seed"], failed["met"], failed["clocks"], failed["slack_ns"]) == (4, False, {}, None)
    assert failed["problem"] == "nextpnr-ice40: ERROR: no route"
    assert "nextpnr-ice40: ERROR: no route" in captured.err
    assert read_report(tmp_path / "out" / REPORT)["tried"] == found["tried"]
    # What was routed is there; the seed that failed is tried again.
    tools.routed.clear()
    tools.mhz[4] = 99.0
    assert run([*command, "--seeds", "4"]) == 0
    assert tools.routed == [4]
    assert json.loads(capsys.readouterr().out)["seed"] == 4


def test_a_seed_that_meets_the_clock_wins(tools: Tools, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    tools.mhz = {1: 20.0, 2: 61.0, 3: 30.0}
    assert run([*command, "--seeds", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["seed"], [one["met"] for one in found["tried"]]) == (2, [False, True, False])
    assert found["tried"][0]["slack_ns"] < 0


def test_no_seed_is_routed(tools: Tools, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    tools.mhz = dict.fromkeys((1, 2))
    assert run([*command, "--seeds", "2"]) == 2
    assert capsys.readouterr().err == "ceprop: nextpnr-ice40: ERROR: no route\n"


def test_a_clock_that_no_seed_meets_is_lowered(
    tools: Tools, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    tools.mhz = {1: 40.0, 2: 50.0}
    assert run([*command, "--seeds", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["seed"] for one in found["tried"]] == [1, 2, 1, 2]
    assert [one["met"] for one in found["tried"]] == [False, False, False, True]
    assert found["tried"][0]["clock_hz"] > found["tried"][2]["clock_hz"] == found["clock_hz"]


def test_an_interrupted_build_keeps_what_is_done(
    tools: Tools, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second seed waits for a program until the user interrupts; the first one is done by then."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    codes: list[int] = []

    def wait(seed: int) -> None:
        if seed == 2:
            threading.Timer(0.3, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)).start()
            codes.append(run_to_end(["sleep", "60"], seconds=10.0))
            raise CepropError("nextpnr-ice40: was ended")

    tools.before = wait
    try:
        assert run([*command, "--seeds", "3", "--jobs", "1"]) == INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err.strip() == "ceprop: interrupted"
    assert codes == [-signal.SIGKILL]
    assert tools.routed == [1]
    assert not (tmp_path / "out" / REPORT).exists()
    tools.before = lambda seed: None
    assert run([*command, "--seeds", "3"]) == 0
    assert sorted(tools.routed) == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--seeds", "0"], "--seeds"),
        (["--seeds", "2", "--placement", "1"], "--seeds 2: tries seeds 1 to 2; leave out --placement"),
        (["--seeds", "2", "--board", "generic", "--clock-mhz", "12"], "--board generic is not placed and routed"),
    ],
)
def test_bad_input(arguments: list[str], part: str, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert part in error
