"""Bitstreams for tests: what ecppack makes, and a bitstream with the report of a build beside it."""

import hashlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random

import pytest

from ceprop.boards.flow.build_record import Build
from ceprop.boards.flow.routing import CriticalPath
from ceprop.boards.flow.toolchain import PACK, run_tool
from ceprop.common.records import write_record

PART = "LFE5U-25F-6CABGA381"


@pytest.fixture(scope="module", params=["plain", "packed"])
def ecp5(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What ecppack makes for an ECP5 with some logic and a memory in it."""
    folder, draw = tmp_path_factory.mktemp("ecp5"), Random(1)
    lines = [".device LFE5U-25F", f".comment Part: {PART}", ""]
    for row, column in product(range(3, 9), range(3, 9)):
        tables = (f"word: SLICE{name}.K{k}.INIT {draw.getrandbits(16):016b}" for name in "ABCD" for k in range(2))
        lines += [f".tile R{row}C{column}:PLC2", *tables, ""]
    lines += [".bram_init 3", *(" ".join(f"{draw.getrandbits(9):03x}" for _ in range(8)) for _ in range(256)), ""]
    (folder / "network.config").write_text("\n".join(lines))
    options = ["--compress", "--freq", "38.8"] if request.param == "packed" else []
    run_tool(PACK["ecp5"], [*options, "network.config", "network.bit"], folder, "log")
    return (folder / "network.bit").read_bytes()


def _bitstream(folder: Path, name: str, content: bytes, device: str = "") -> Path:
    """A bitstream with the report of a build for board `name`."""
    path = folder / "network.bit"
    path.write_bytes(content)
    built = Build(
        bitstream=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        specification={"name": "network"},
        learning_digest="",
        build_digest="",
        board=name,
        device=device,
        clock_hz=1,
        core_clock_hz=1,
        baud=None,
        flash=False,
        stand_alone=False,
        seed=1,
        clocks={},
        utilization={},
        critical_path=CriticalPath("a", "b", 1.0, 1.0),
        seconds=1.0,
        routing_seconds=1.0,
        tools={},
        checks_left_out=[],
    )
    write_record(folder / "report.json", "build report", built.fields())
    return path


@pytest.fixture(scope="session")
def built_bitstream() -> Callable[..., Path]:
    """The function, for tests cannot import what is beside them."""
    return _bitstream
