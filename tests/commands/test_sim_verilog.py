"""`ceprop sim --verilog`: a file that the user gives is compared, and a fault in it is found."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.cli import run

# On one worker, which then compiles the core once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sim of given Verilog")]

Refused = Callable[[list[str]], str]
Result = Callable[..., dict[str, Any]]
SAMPLES = ["--samples", "2", "--build", "build"]


@pytest.fixture(scope="module")
def generated(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What `ceprop generate` writes."""
    made = tmp_path_factory.mktemp("made")
    assert run(["generate", str(tiny), "-o", str(made)]) == 0
    return (made / "tiny.v").read_bytes()


@pytest.fixture
def network(tiny: Path, tiny_data: Path) -> list[str]:
    """The arguments for this network and its samples."""
    return [str(tiny), "--data", str(tiny_data)]


@pytest.fixture
def verilog(generated: bytes, elsewhere: Path) -> Path:
    """The generated file, below the folder of the test."""
    path = Path("made/tiny.v")
    path.parent.mkdir()
    path.write_bytes(generated)
    return path


def broken(verilog: Path, pattern: str, replacement: str) -> list[str]:
    """The options for a copy of the file in which something was replaced once."""
    text, count = re.subn(pattern, replacement, verilog.read_text(), count=1, flags=re.MULTILINE)
    assert count
    verilog.with_name("edited.v").write_text(text)
    return ["--verilog", str(verilog.with_name("edited.v")), *SAMPLES]


def test_the_generated_file_passes_and_a_fault_in_it_is_found(
    verilog: Path, network: list[str], result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = result(["train", *network, "--samples", "2"])
    values = result(["sim", *network, "--verilog", str(verilog), *SAMPLES])
    assert values["mismatches"] == 0
    assert values["verilog"] == str(verilog)
    assert values["weights_sha256"] == trained["weights_sha256"]
    # The sum of a multiplier becomes a difference.
    faulty = broken(verilog, r"^(module \\?tiny_core\.array\.cell_0_0\b[\s\S]*?) \+ ", r"\1 - ")
    assert run(["sim", *network, *faulty]) == 1
    assert "ceprop: sample 0" in capsys.readouterr().err


def test_a_file_that_does_not_fit_is_refused(verilog: Path, network: list[str], refused: Refused) -> None:
    assert "missing.v: No such file" in refused(["sim", *network, "--verilog", "missing.v"])
    for pattern, replacement, complaint in (
        (r"^module tiny_core\(", "module other(", "edited.v: has no module tiny_core"),
        (r"^endmodule", "endmodul", "edited.v: verilator could not build tiny_core: %Error: tiny_core.v:"),
        (r"\bresult__valid\b", "result__given", "edited.v: "),
    ):
        assert complaint in refused(["sim", *network, *broken(verilog, pattern, replacement)])
    wider = ["sim", *network, "--set", "formats.state_bits=9", "--verilog", str(verilog), *SAMPLES]
    assert re.search(r"tiny.v: module tiny_core: port \w+: has \d+ bits, must have \d+", refused(wider))


def test_only_the_rtl_is_given(verilog: Path, network: list[str], refused: Refused) -> None:
    below = ["sim", *network, "--verilog", str(verilog), "--level", "synthesized", "--family", "ice40"]
    assert "is for --level rtl" in refused(below)
