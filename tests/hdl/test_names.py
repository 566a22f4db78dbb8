"""Every name in the Verilog is ours: none of them depends on the version of Python that writes it."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amaranth
import pytest
from amaranth import tracer

from ceprop import Specification
from ceprop.boards import board, board_names
from ceprop.boards.parts.clocks import choose_clock
from ceprop.boards.rtl.harness import harness_verilog
from ceprop.boards.rtl.system import SYSTEM, System
from ceprop.boards.rtl.top import top_level
from ceprop.boards.rtl.transport import StreamTransport, WishboneTransport, make_transport
from ceprop.hdl import export, generate
from ceprop.hdl.devices.primitives import ECP5, ICE40, PORTABLE, Primitives
from ceprop.hdl.export import to_verilog
from ceprop.specification import Geometry

SPECIFICATION = Specification.from_mapping(
    {
        "name": "named",
        "layers": [12, 7, 5, 4],
        "formats": {"weight_bits": 12, "weight_fraction": 12},
        "update": {"shifts": [7, 8, 8]},
        "array": {"rows": 1, "cols": 1},
    }
)
"""One cell, for the second one has the names of the first. One of the cores below has more, and wires beside them."""
CLOCK_HZ = 48_000_000
UNNAMED = "without_a_name"

_AMARANTH = str(Path(amaranth.__file__).parent)
_MEMORIES = str(Path(_AMARANTH, "hdl", "_mem.py"))


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Amaranth cannot read a name from our bytecode; gives the places where it looked for one."""
    places: list[str] = []
    traced = tracer.get_var_name

    def refuse(depth: int = 2, default: Any = None) -> Any:
        frame, asking = sys._getframe(depth), sys._getframe(1)
        if frame.f_code.co_filename.startswith(_AMARANTH):
            return traced(depth + 1, default)
        # The name of a memory's contents is asked for and goes nowhere; the array is named by its submodule.
        if asking.f_code.co_filename == _MEMORIES:
            return default
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        return UNNAMED

    monkeypatch.setattr(tracer, "get_var_name", refuse)
    # The names are in Amaranth's own text already, also those that yosys would take away in the Verilog.
    monkeypatch.setattr(export, "_verilog", lambda text, lines=False: text)
    yield places
    assert places == [], "names are read from bytecode"


def test_a_name_that_we_do_not_give_is_noticed(blind: list[str]) -> None:
    counter, named = amaranth.hdl.Signal(3), amaranth.hdl.Signal(3, name="named")
    assert (counter.name, named.name) == (UNNAMED, "named")
    assert [place.rpartition(":")[0] for place in blind] == [__file__]
    blind.clear()


# A set of primitives changes the memories and the multipliers only, so one network for each kind of memory is enough.
@pytest.mark.parametrize(
    ("fields", "primitives"),
    [
        (["array.rows=2", "array.cols=3"], PORTABLE),
        (["rule='ep'", "update.rounding='nearest'"], PORTABLE),
        (["rule='vf'", "activation.kind='sigmoid'", "array.trace=true"], PORTABLE),
        (["rule='c-vf'", "array.memory_ports=1", "nudge.sign='random'"], PORTABLE),
        (["array.drives=2", "update.rounding='floor'"], PORTABLE),
        (["layers=[12, 4]", "update.shifts=[8]"], PORTABLE),
        (["phases.order='alternating'", "nudge.sign='centred'"], PORTABLE),
        ([], ECP5),
        (["array.memory_ports=1"], ECP5),
        ([], ICE40),
        (["array.memory_ports=1"], ICE40),
    ],
    ids=[
        *("c-ep", "ep", "vf", "c-vf", "two-drives", "no-hidden", "alternating-centred"),
        *("ecp5", "ecp5-one-port", "ice40", "ice40-one-port"),
    ],
)
def test_cores(fields: list[str], primitives: Primitives, blind: list[str]) -> None:
    core = generate(SPECIFICATION.override(*fields), primitives)
    assert core.top in core.verilog
    assert UNNAMED not in core.verilog


@pytest.mark.slow
@pytest.mark.parametrize(
    ("transport", "flash_lines"), [("uart", 0), ("uart", 1), ("spi", 2), ("axi4-stream", 4), ("wishbone", 4)]
)
def test_systems(transport: str, flash_lines: int, blind: list[str]) -> None:
    buses = {"axi4-stream": StreamTransport, "wishbone": WishboneTransport}
    way = buses[transport]() if transport in buses else make_transport(transport, CLOCK_HZ, 1_000_000)
    system = System(
        Geometry(SPECIFICATION), PORTABLE, board="icebreaker", clock_hz=CLOCK_HZ, transport=way, flash_lines=flash_lines
    )
    assert UNNAMED not in to_verilog(system, SYSTEM)


@pytest.mark.parametrize("name", board_names())
def test_tops(name: str, blind: list[str]) -> None:
    target = board(name)
    assert UNNAMED not in top_level(target, choose_clock(target, 60e6, 1_000_000), spi=False, flash=True).rtlil


def test_the_harness(blind: list[str]) -> None:
    assert UNNAMED not in harness_verilog(generate(SPECIFICATION).manifest)


PYTHONS = ("python3.11", "python3.12", "python3.13")

_NEEDED = "import amaranth, ceprop, pydantic"
_SCRIPT = """
import hashlib, pathlib, sys
from ceprop import Specification
from ceprop.hdl import export, generate
core = generate(Specification.load(pathlib.Path(sys.argv[1])))
print(hashlib.sha256(core.verilog.encode()).hexdigest())
"""


@pytest.mark.slow
def test_every_python_that_is_here_writes_the_same_bytes(tiny: Path) -> None:
    """Those that have what ceprop needs, and the present one in any case, in a process of its own."""
    expected = hashlib.sha256(generate(Specification.load(tiny)).verilog.encode()).hexdigest()
    others = [path for path in map(shutil.which, PYTHONS) if path is not None]
    pythons = [sys.executable, *(path for path in others if _run(path, _NEEDED).returncode == 0)]
    assert {_run(python, _SCRIPT, str(tiny)).stdout.strip() for python in pythons} == {expected}


def _run(python: str, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-c", script, *arguments], capture_output=True, text=True)
