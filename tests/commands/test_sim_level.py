"""`ceprop sim --level`: options that do not fit are refused in one line, and a core after synthesis is compared."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SHAPE = ["--set", "array.rows=2", "--set", "array.cols=2"]
HX8K = ["--board", "ice40_hx8k_b_evn"]

Refused = Callable[[list[str]], str]
Result = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--level", "synthesized"], "--family or --board must be given"),
        (["--level", "routed"], "--family or --board must be given"),
        (["--level", "bitstream"], "--family or --board must be given"),
        (["--level", "silicon", "--family", "ice40"], "'silicon' is not one of"),
        (["--level", "synthesized", "--family", "ecp5", *HX8K], "is of family ice40"),
        (["--level", "routed", "--family", "ecp5", *HX8K], "is of family ice40"),
        (["--level", "synthesized", "--board", "nothing"], "board nothing: must be one of"),
        (["--level", "synthesized", "--family", "ice40", "--primitives", "ice40"], "the device has its own"),
        (["--level", "synthesized", "--board", "icebreaker", "--set", "array.rows=9"], "needs"),
        (["--family", "ice40"], "--family ice40: is for the levels below"),
        (HX8K, "is for the levels below"),
        (["--plant-fault", "look-up-table"], "--level rtl has none"),
        (["--level", "routed", *HX8K, "--simulator", "icarus"], "--simulator: is for --level rtl and synthesized"),
        (["--level", "routed", *HX8K, "--waves"], "--waves: is for --level rtl and synthesized"),
        (["--level", "bitstream", *HX8K, "--no-skip"], "--no-skip: is for --level rtl and synthesized"),
        (["--level", "bitstream", *HX8K, "--read-every", "2"], "--read-every: is for --level rtl and synthesized"),
        (["--level", "bitstream", *HX8K, "--plant-fault", "weight"], "--level bitstream can have look-up-table"),
        (["--level", "routed", "--family", "ecp5"], "no models of the cells of a routed ECP5"),
        (["--level", "bitstream", "--board", "icebreaker"], "icebox_vlog does not recover the multipliers"),
        (["--level", "routed", *HX8K, "--set", "array.rows=16", "--set", "array.cols=16"], "needs"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_do_not_go_together(options: list[str], reason: str, refused: Refused) -> None:
    assert re.search(re.escape(reason), refused(["sim", DIGITS, *SHAPE, *options]))


@pytest.mark.slow
def test_a_synthesized_core_ends_with_the_hash_of_train(
    tiny: Path, tiny_data: Path, elsewhere: Path, result: Result
) -> None:
    formats = ("formats.state_bits=4", "formats.weight_bits=8", "formats.weight_fraction=8")
    changes = [word for field in (*formats, "update.shifts=[5]", "array.cols=1") for word in ("--set", field)]
    core = [str(tiny), "--data", str(tiny_data), *changes, "--samples", "2"]
    trained = result(["train", *core])
    found = result(["sim", *core, "--level", "synthesized", "--family", "ecp5"])
    assert found["mismatches"] == 0
    assert found["weights_sha256"] == trained["weights_sha256"]
    assert (found["level"], found["family"], found["primitives"]) == ("synthesized", "ecp5", "ecp5")
    assert (found["device"], found["board"]) == ("LFE5U-25F", None)
    assert (elsewhere / "build" / "sim").is_dir()
