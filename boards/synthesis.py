"""From a core in its harness to a netlist of a device's own cells, with places for its multipliers and memories."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ceprop.boards.devices import Device, Resources
from ceprop.boards.rtl.harness import TOP
from ceprop.boards.toolchain import YOSYS, run_tool
from ceprop.files import write_aside

NETLIST = "netlist.json"
_PARTS = "parts.json"
_WHOLE = "whole.json"
_RESULT = "synthesis.json"

_COPIES = ("*_[0123456789]", "*_[0123456789][0123456789]", "*_[0123456789][0123456789][0123456789]")
"""Modules of which there are many: cells and lanes, whose names end in a number."""


@dataclass(frozen=True)
class Synthesis:
    """How long it took, and what the largest synapse cell and the whole harness with the core take."""

    seconds: float
    cell: Resources
    whole: Resources


def synthesis_script(device: Device, bels: Mapping[str, str]) -> str:
    """The script for yosys, which reads `core.v` and `harness.v` and writes the netlist.

    `bels` gives a place to each instance named, a suffix of its path."""
    lines = [
        "read_verilog core.v harness.v",
        *(f"setattr -mod -set keep_hierarchy 1 {pattern}" for pattern in _apart(device)),
        *_small_memories(device),
        _synthesize(device),
        f"tee -q -o {_PARTS} stat -json",
        "setattr -mod -unset keep_hierarchy *",
        "flatten",
        "clean -purge",
        *(f'select -assert-count 1 c:*.{name}; setattr -set BEL "{bel}" c:*.{name}' for name, bel in bels.items()),
        f"tee -q -o {_WHOLE} stat -json",
        f"write_json {NETLIST}",
    ]
    return "\n".join(lines) + "\n"


def synthesize(script: str, folder: Path) -> Synthesis:
    """Run the script in `folder`; where that has been done, what it found.

    Raises :class:`CepropError` naming the log where yosys fails."""
    result = folder / _RESULT
    if not result.exists():
        start = time.monotonic()
        write_aside(folder / "synthesis.ys", script.encode())
        run_tool(YOSYS, ["-q", "-l", "synthesis.log", "synthesis.ys"], folder, "yosys.log")
        write_aside(result, json.dumps({"seconds": round(time.monotonic() - start, 1)}).encode())
    modules = _counts(folder / _PARTS)
    cells = [counts for name, counts in modules.items() if re.search(r"\.cell_\d+_\d+$", name)]
    largest = max((_resources(counts) for counts in cells), key=lambda cell: (cell.luts, cell.flip_flops))
    whole = _resources(_counts(folder / _WHOLE)[TOP])
    return Synthesis(json.loads(result.read_text())["seconds"], largest, whole)


def _counts(path: Path) -> dict[str, dict[str, int]]:
    """Cells by kind, for every module that yosys counted."""
    modules = json.loads(path.read_text())["modules"]
    return {name.lstrip("\\"): module["num_cells_by_type"] for name, module in modules.items()}


def _apart(device: Device) -> tuple[str, ...]:
    """Modules that stay apart until they are finished. Otherwise equal registers are merged across the whole array, for
    the same control passes all cells of a diagonal at once, and no hop is local any more. Where there is room for no
    more than a few cells, what merging saves in the lanes counts for more."""
    return _COPIES if device.family == "ecp5" else tuple(f"*.cell_{copy}" for copy in _COPIES)


def _small_memories(device: Device) -> tuple[str, ...]:
    """The lists of units take block RAM, however short, where the look-up tables hold no words."""
    return () if device.family == "ecp5" else ('setattr -set ram_style "block" *.lists/m:*',)


def _synthesize(device: Device) -> str:
    # Multipliers are instances already. Both flows would infer more, and that of iCE40 rewrite the instances.
    if device.family == "ecp5":
        # Nor are small memories to take block RAM: the weights need it, and distributed RAM is faster to read.
        return f"synth_ecp5 -nodsp -nobram -top {TOP}"
    kind = "u" if device.room.multipliers else "hx" if "HX" in device.name else "lp"
    return f"synth_ice40 -device {kind} -top {TOP}"


def _resources(counts: Mapping[str, int]) -> Resources:
    """Counts of a netlist's cells as counts of what a device has."""

    def take(*kinds: str) -> int:
        return sum(count for kind, count in counts.items() if kind.startswith(kinds))

    return Resources(
        # A carry cell of ECP5 is two look-up tables, a distributed RAM of 16x4 is four and takes two more to write it.
        luts=take("LUT4", "SB_LUT4") + 2 * take("CCU2C") + 6 * take("TRELLIS_DPR16X4"),
        flip_flops=take("TRELLIS_FF", "SB_DFF"),
        multipliers=take("MULT18X18D", "SB_MAC16"),
        block_rams=take("DP16KD", "SB_RAM40_4K"),
        sprams=take("SB_SPRAM256KA"),
    )
