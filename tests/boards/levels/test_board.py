"""A whole board as recovered from its bitstream: it learns what the model learns, and a wrong bit is found. The routed
netlist, which the bitstream is made of, is compared by the claim `below-synthesis`."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ceprop.boards import board
from ceprop.boards.levels import recovered
from ceprop.boards.levels.board_comparison import compare_board
from ceprop.boards.levels.board_design import BuiltBoard, built_board
from ceprop.boards.levels.board_netlist import BoardLevel, board_netlist, check_level
from ceprop.boards.levels.routed import read_routed
from ceprop.common.errors import CepropError
from ceprop.model import Dataset, Trainer
from ceprop.sim import ComparisonPlan
from ceprop.specification import Specification

HX8K = "ice40_hx8k_b_evn"
PLAN = ComparisonPlan(samples=3, command="pytest")
# On one worker, which builds the board once.
same_board = pytest.mark.xdist_group("a board below the RTL")


Compiled = Callable[[], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def built(small_board: Specification, small_board_folder: Path) -> BuiltBoard:
    return built_board(small_board, board(HX8K), small_board_folder / "work", lambda _: None)


@pytest.mark.slow
@same_board
def test_a_board_learns_what_the_model_learns(
    small_board: Specification, built: BuiltBoard, samples: Dataset, made: Path, soon_compiled: Compiled
) -> None:
    with soon_compiled():
        hardware = board_netlist("bitstream", built, made)
    found = compare_board(built.design, hardware, samples, PLAN)
    assert found.mismatches == 0, found.first_mismatch
    assert (found.samples_compared, found.weights_compared) == (3, 5 * 3 + 3)
    assert found.counters["samples"] == 3
    assert found.cycles > 0
    trainer = Trainer.start(small_board, samples)
    trainer.run(3)
    assert found.weights_sha256 == trainer.network.weights_sha256()


@pytest.mark.slow
@same_board
def test_one_wrong_bit_of_a_look_up_table_is_found(
    built: BuiltBoard, samples: Dataset, made: Path, soon_compiled: Compiled
) -> None:
    with soon_compiled():
        hardware = board_netlist("bitstream", built, made, flip_table_bit=True)
    found = compare_board(built.design, hardware, samples, PLAN)
    assert found.mismatches
    assert found.first_mismatch is not None
    assert found.first_mismatch.startswith("sample ")


@pytest.mark.parametrize(
    ("level", "name", "reason"),
    [
        ("routed", "ulx3s_25f", "routed ECP5"),
        ("bitstream", "ulx3s_25f", "no tool recovers a netlist from an ECP5's bitstream"),
        ("bitstream", "icebreaker", "icebox_vlog does not recover the multipliers"),
        ("routed", "icebreaker", "no models of its multipliers and SPRAM after routing"),
    ],
)
def test_what_cannot_be_compared_is_refused(level: BoardLevel, name: str, reason: str) -> None:
    with pytest.raises(CepropError, match=reason):
        check_level(level, board(name))


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CepropError, match=r"^icebox_vlog is missing: apt-get install fpga-icestorm$"):
        check_level("bitstream", board(HX8K))


def _cell(kind: str, parameters: dict[str, str] | None = None, **nets: list[Any]) -> dict[str, Any]:
    """A cell whose pins O, D_IN_0 and GLOBAL_BUFFER_OUTPUT are outputs."""
    outputs = ("O", "D_IN_0", "GLOBAL_BUFFER_OUTPUT")
    directions = {pin: "output" if pin in outputs else "input" for pin in nets}
    return {"type": kind, "parameters": parameters or {}, "connections": nets, "port_directions": directions}


def _routed(tmp_path: Path, **cells: dict[str, Any]) -> dict[str, Any]:
    """What is read of a routed netlist with a clock's pin, a pin for an output, and these cells."""
    pins = {"clk12_0__io": 1, "led_0__io": 2}
    module = {
        "ports": {name: {"direction": "inout", "bits": [net]} for name, net in pins.items()},
        "cells": {
            "clock": _cell("SB_IO", {"PIN_TYPE": "000001"}, PACKAGE_PIN=[1]),
            "led": _cell("SB_IO", {"PIN_TYPE": "101001"}, PACKAGE_PIN=[2], D_OUT_0=[3], OUTPUT_ENABLE=[4]),
            **cells,
        },
    }
    path = tmp_path / "routed.json"
    path.write_text(json.dumps({"modules": {"top": module}}))
    design: Any = SimpleNamespace(board=board(HX8K))
    return read_routed(path, design).module


def test_inputs_without_a_net_get_their_level(tmp_path: Path) -> None:
    cell = _cell("ICESTORM_LC", I0=[], CEN=[], SR=[], CLK=[5], O=[])
    found = _routed(tmp_path, cell=cell)["cells"]["cell"]["connections"]
    assert found == {"I0": ["0"], "CEN": ["1"], "SR": ["0"], "CLK": [5], "O": []}


def test_a_global_buffer_without_an_input_has_the_clock(tmp_path: Path) -> None:
    own, other = _cell("SB_GB", GLOBAL_BUFFER_OUTPUT=[5]), _cell("SB_GB", GLOBAL_BUFFER_OUTPUT=[6])
    other["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] = [7]
    other["port_directions"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] = "input"
    cells = _routed(tmp_path, own=own, other=other)["cells"]
    assert cells["own"]["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] == [1]
    assert cells["other"]["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] == [7]


def test_pins_have_the_direction_of_their_buffers(tmp_path: Path) -> None:
    found = _routed(tmp_path)
    assert {name: port["direction"] for name, port in found["ports"].items()} == {
        "clk12_0__io": "input",
        "led_0__io": "output",
    }
    assert found["cells"]["led"]["type"] == "$tribuf"
    with pytest.raises(CepropError, match="pin odd is of type 010101"):
        _routed(tmp_path, odd=_cell("SB_IO", {"PIN_TYPE": "010101"}, PACKAGE_PIN=[9]))


def test_recovered_ports_are_declared_once() -> None:
    text = "module ceprop_top (input a_io, output b_io);\n\nwire n1, a_io, n2;\nwire b_io;\nreg n3 = 0;\nendmodule\n"
    found = recovered._declared_once(text)
    assert "wire n1, n2;" in found
    assert "b_io;" not in found
    assert "reg n3 = 0;" in found
    with pytest.raises(CepropError, match="has no module"):
        recovered._declared_once("endmodule\n")
