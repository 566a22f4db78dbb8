"""`ceprop boards`: the known boards, and the array that fits each."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ceprop.commands.options import json_option, override_options
from ceprop.commands.types import INPUT_FILE
from ceprop.common.errors import CepropError
from ceprop.common.report import Report
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.boards import Board

_ROOM = ("luts", "multipliers", "block_rams")


@click.command(short_help="List the boards, and the array that fits each.")
@click.argument("spec", required=False, type=INPUT_FILE)
@override_options
@json_option
def boards(spec: Path | None, overrides: list[str], json_file: Path | None) -> None:
    """List the boards that ceprop builds for. With SPEC, also show the array that each one gets, if any."""
    from ceprop.boards import board as find_board
    from ceprop.boards import board_names

    report = Report(json_file)
    specification = None if spec is None else Specification.load(spec, overrides)
    found = [_facts(find_board(name), specification) for name in board_names()]
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "board": lambda facts: facts["board"],
        "part": lambda facts: facts["part"],
        "LUTs, multipliers, RAMs": lambda facts: ", ".join(f"{facts['room'][kind]:,}" for kind in _ROOM),
        "oscillator": lambda facts: f"{facts['oscillator_hz'] / 1e6:g} MHz{', its own' * facts['own_oscillator']}",
        "UART": lambda facts: facts["uart"],
        "SPI: select, in, out, clock": lambda facts: facts["spi"] or "none",
        "flashed by": lambda facts: ", ".join(facts["flashed_by"]),
    }
    if specification is not None:
        columns = {name: columns[name] for name in ("board", "part")} | {"fits": _fitting}
    rows = [[cell(facts) for cell in columns.values()] for facts in found]
    report.table("boards" if specification is None else f"{specification.name} on boards", rows, list(columns))
    report.result({"boards": found})


def _facts(board: "Board", specification: Specification | None) -> dict[str, Any]:
    from ceprop.boards.flow.flashing import PROGRAMMERS
    from ceprop.boards.parts.spi_pins import SPI_PINS
    from ceprop.boards.parts.uart_pins import UART_PINS

    pins, spi = UART_PINS.get(board.name), SPI_PINS.get(board.name)
    facts: dict[str, Any] = {
        "board": board.name,
        "part": board.device.name,
        "room": board.device.room.named(),
        "oscillator_hz": board.oscillator_hz,
        "own_oscillator": board.own_oscillator,
        "uart": "on board" if pins is None else f"adapter: rx {pins.labels[0]}, tx {pins.labels[1]}",
        "spi": None if spi is None else f"{spi.header}: {', '.join(spi.labels)}",
        "flashed_by": [programmer.program for programmer in PROGRAMMERS[board.name]],
    }
    return facts if specification is None else facts | _fit(board, specification)


def _fit(board: "Board", specification: Specification) -> dict[str, Any]:
    """Return the array, its resources with the link, and the expected clock, or the reason why there is no array."""
    from ceprop.boards.resources.board_builds import linked
    from ceprop.boards.resources.choose import fitted
    from ceprop.boards.resources.expected import expected_mhz
    from ceprop.boards.resources.link_fit import has_flash, luts_with_link

    try:
        geometry = fitted(specification, board)
    except CepropError as error:
        return {"fits": False, "reason": str(error)}
    luts = luts_with_link(board, flash=has_flash(board))(geometry, board.device)
    shape = f"{geometry.rows}x{geometry.cols}"
    _, core_mhz = expected_mhz(geometry, board, linked(flash=has_flash(board)))
    return {"fits": True, "shape": shape, "luts": round(luts), "expected_mhz": round(core_mhz, 1)}


def _fitting(facts: dict[str, Any]) -> str:
    if not facts["fits"]:
        return facts["reason"]
    return f"{facts['shape']}, about {facts['luts']:,} look-up tables, {facts['expected_mhz']:.0f} MHz"
