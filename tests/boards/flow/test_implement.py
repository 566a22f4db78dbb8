"""A small core, all the way: Verilog, netlist, place and route, figures; and what a failing tool says."""

import json
import shutil
from pathlib import Path

import pytest

from ceprop.boards import Implementation, board
from ceprop.boards.flow.implement import implement
from ceprop.boards.flow.routing import route
from ceprop.boards.flow.toolchain import NEXTPNR, YOSYS, WasmTool, run_tool
from ceprop.boards.parts.registry import Board
from ceprop.boards.parts.sites import sites
from ceprop.common.errors import CepropError
from ceprop.specification import Specification

_FIELDS = {
    "name": "small",
    "layers": [5, 3],
    "formats": {"state_bits": 3, "input_bits": 2, "weight_bits": 5, "weight_fraction": 4},
    "update": {"rounding": "floor", "shifts": [3]},
    "array": {"rows": 1, "cols": 1, "memory_words": 64},
}


def _specification(ports: int = 2, cols: int = 2) -> Specification:
    return Specification.from_mapping(_FIELDS).override(f"array.memory_ports={ports}", f"array.cols={cols}")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("builds")


# On one worker, which then synthesizes the core that both tests place once.
placed = pytest.mark.xdist_group("placed")


@pytest.mark.slow
@placed
@pytest.mark.parametrize(("name", "ports", "cols"), [("ulx3s_25f", 2, 2), ("icebreaker", 1, 1)])
def test_a_small_core(name: str, ports: int, cols: int, builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specification, target = _specification(ports, cols), board(name)
    monkeypatch.setattr("ceprop.boards.flow.routing.run_tool", _run_and_write)
    stages: list[str] = []
    found = implement(specification, target, builds, progress=stages.append)
    assert stages == ["generating Verilog", "synthesizing", "placing and routing"]
    _check_figures(found, target, cols)
    stages.clear()
    assert implement(specification, target, builds, progress=stages.append) == found
    assert stages == ["generating Verilog"]
    if sites(target.device):
        _check_places(found, cols)


def _run_and_write(tool: WasmTool, arguments: list[str], folder: Path, log: str) -> None:
    """Runs a tool; nextpnr also writes where it has put every cell."""
    places = ["--write", "placed.json"] if tool in NEXTPNR.values() else []
    run_tool(tool, [*arguments, *places], folder, log)


def _check_figures(found: Implementation, target: Board, cells: int) -> None:
    family, room = target.device.family, target.device.room.named()
    assert (found.board, found.device, found.seed) == (target.name, target.device.name, 1)
    assert 10 < found.fmax_mhz < 500
    assert (found.icetime_mhz is not None) == (family == "ice40")
    assert found.clock_mhz == min(found.fmax_mhz, found.icetime_mhz or found.fmax_mhz)
    # nextpnr gives the period of the same path, wires and all.
    assert found.critical_path.ns == pytest.approx(1000 / found.fmax_mhz, rel=0.01)
    assert found.critical_path.source.startswith(("core.", "chain"))
    assert set(found.resources) == set(found.available) == set(found.cell) == set(room)
    for kind, used in found.resources.items():
        assert found.cell[kind] <= used <= found.available[kind] == room[kind]
    if room["multipliers"]:
        assert found.resources["multipliers"] == cells
        assert found.cell["multipliers"] == 1
    memory = "sprams" if room["sprams"] else "block_rams"
    assert found.resources[memory] >= cells * found.cell[memory] == cells
    assert found.seconds > 0
    assert json.dumps(found.fields())
    assert Path(found.folder).is_dir()


def _check_places(found: Implementation, cells: int) -> None:
    """Multipliers and memories are where the floorplan put them."""
    netlist = Path(found.folder).parent / "netlist.json"
    placed = json.loads((Path(found.folder) / "placed.json").read_text())["modules"]["top"]["cells"]
    wanted = {
        name: cell["attributes"]["BEL"]
        for name, cell in json.loads(netlist.read_text())["modules"]["ceprop_timing"]["cells"].items()
        if "BEL" in cell["attributes"]
    }
    assert len(wanted) == 2 * cells
    got = {cell["attributes"]["NEXTPNR_BEL"]: name for name, cell in placed.items()}
    for name, bel in wanted.items():
        assert got[bel].startswith(name)


@pytest.mark.slow
@placed
def test_another_seed_begins_at_the_netlist(builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specification, target = _specification(1, 1), board("icebreaker")
    first = implement(specification, target, builds)
    seeds: list[str] = []

    def fail(*_: object) -> None:
        raise AssertionError("synthesized again")

    def routed(tool: WasmTool, arguments: list[str], folder: Path, log: str) -> None:
        """In place of another run of nextpnr, which takes most of the time: the netlist is there, and what the first
        run made is given again."""
        if tool is not NEXTPNR["ice40"]:
            run_tool(tool, arguments, folder, log)
            return
        assert (folder / arguments[arguments.index("--json") + 1]).is_file()
        seeds.append(arguments[arguments.index("--seed") + 1])
        for made in ("report.json", "routed.asc"):
            shutil.copy(Path(first.folder) / made, folder)

    monkeypatch.setattr("ceprop.boards.flow.synthesis.run_tool", fail)
    monkeypatch.setattr("ceprop.boards.flow.routing.run_tool", routed)
    second = implement(specification, target, builds, seed=2)
    assert seeds == ["2"]
    assert second.seed == 2
    assert Path(first.folder).parent == Path(second.folder).parent
    assert second.resources["flip_flops"] == first.resources["flip_flops"]


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CepropError, match=r"^icetime is missing: apt-get install fpga-icestorm$"):
        implement(_specification(), board("icebreaker"), tmp_path / "builds")


def test_what_only_packing_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On iCE40 a register takes a logic cell of its own unless its look-up table drives nothing else."""

    def too_large(tool: object, arguments: list[str], folder: Path, log: str) -> None:
        (folder / log).write_text(
            "Info: \t         ICESTORM_LC:    5707/   5280   108%\nERROR: Failed to expand region\n"
        )
        raise CepropError("nextpnr-ice40: ERROR: Failed to expand region")

    monkeypatch.setattr("ceprop.boards.flow.routing.run_tool", too_large)
    message = r"^icebreaker \(iCE40UP5K\): the core takes 5,707 logic cells, 5,280 are there$"
    with pytest.raises(CepropError, match=message):
        route(board("icebreaker"), [], tmp_path)


def test_a_failing_tool_is_quoted_with_its_log(tmp_path: Path) -> None:
    message = rf"^yosys: ERROR: .*nothing.* \(log: {tmp_path}/yosys.log\)$"
    with pytest.raises(CepropError, match=message):
        run_tool(YOSYS, ["-q", "-p", "hierarchy -top nothing"], tmp_path, "yosys.log")
