"""From a design to a netlist of a device's own cells, with places for its multipliers and memories."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.boards.flow.toolchain import YOSYS, read_left, run_tool
from ceprop.boards.parts.devices import Device, Resources
from ceprop.boards.rtl.system import LINK_MEMORIES
from ceprop.common.cached import cached
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.records import write_record

NETLIST = "netlist.json"
ACTIVATION_TABLES = "*.activation/m:*"
"""The tables of the sigmoid, as yosys selects them."""

_CELL = "cell.json"
_WHOLE = "whole.json"
_RESULT = "synthesis.json"
_KIND = "synthesis"

_COPIES = ("*_[0123456789]", "*_[0123456789][0123456789]", "*_[0123456789][0123456789][0123456789]")
"""Modules of which there are many: cells and lanes, whose names end in a number."""


@dataclass(frozen=True)
class Synthesis:
    """How long it took, and what a synapse cell by itself and the whole design take."""

    seconds: float
    cell: Resources
    whole: Resources


def synthesis_script(
    device: Device,
    top: str,
    sources: Sequence[str],
    bels: Mapping[str, str],
    styles: Mapping[str, str] | None = None,
    compact: bool = False,
) -> str:
    """The script for yosys, which reads the files `sources`, Verilog or RTLIL, and writes the netlist of module `top`.

    `bels` gives a place to each instance named, a suffix of its path; `styles` says of memories, as yosys selects them,
    what they are made of where that is not the usual: "logic", "distributed" or "block". `compact` asks for few look-up
    tables rather than for a fast clock."""
    verilog = [name for name in sources if name.endswith(".v")]
    lines = [
        f"read_verilog {' '.join(verilog)}",
        *(f"read_rtlil {name}" for name in sources if name not in verilog),
        *(f"setattr -mod -set keep_hierarchy 1 {pattern}" for pattern in _apart(device)),
        *_small_memories(device),
        *(f'setattr -set ram_style "{style}" {pattern}' for pattern, style in (styles or {}).items()),
        # A synapse cell by itself, for its size alone.
        "design -save sources",
        "select -set cell *.cell_0_0 *.cell_0_0.*",
        "select -set others * @cell %d",
        "delete @others",
        _synthesize(device),
        "flatten",
        f"tee -q -o {_CELL} stat -json",
        "design -load sources",
        f"{_synthesize(device, compact)} -top {top}",
        "setattr -mod -unset keep_hierarchy *",
        "flatten",
        "clean -purge",
        *(f'select -assert-count 1 c:*.{name}; setattr -set BEL "{bel}" c:*.{name}' for name, bel in bels.items()),
        f"tee -q -o {_WHOLE} stat -json",
        f"write_json {NETLIST}",
    ]
    return "\n".join(lines) + "\n"


def synthesize(script: str, top: str, folder: Path) -> Synthesis:
    """Run the script for module `top` in `folder`; where that has been done, what it found, if that and the netlist are
    whole.

    Raises :class:`CepropError` naming the log where yosys fails."""

    def understand(fields: dict[str, Any]) -> Synthesis:
        if _netlist_sha256(folder) != fields["netlist_sha256"]:
            raise CepropError(f"netlist {folder / NETLIST}: missing or damaged")
        return Synthesis(fields["seconds"], Resources(**fields["cell"]), Resources(**fields["whole"]))

    found = cached(folder / _RESULT, _KIND, understand)
    if found is None:
        start = time.monotonic()
        write_aside(folder / "synthesis.ys", script.encode())
        run_tool(YOSYS, ["-q", "-l", "synthesis.log", "synthesis.ys"], folder, "yosys.log")
        (cell,) = _counts(folder / _CELL).values()
        whole = _counts(folder / _WHOLE)[top]
        found = Synthesis(round(time.monotonic() - start, 1), _resources(cell), _resources(whole))
        write_record(folder / _RESULT, _KIND, asdict(found) | {"netlist_sha256": _netlist_sha256(folder)})
    return found


def _netlist_sha256(folder: Path) -> str | None:
    path = folder / NETLIST
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _counts(path: Path) -> dict[str, dict[str, int]]:
    """Cells by kind, for every module that yosys counted."""
    modules = read_left(path)["modules"]
    return {name.lstrip("\\"): module["num_cells_by_type"] for name, module in modules.items()}


def _apart(device: Device) -> tuple[str, ...]:
    """Modules that stay apart until they are finished. Otherwise equal registers are merged across the whole array, for
    the same control passes all cells of a diagonal at once, and no hop is local any more. Where there is room for no
    more than a few cells, what merging saves counts for more."""
    return _COPIES if device.family == "ecp5" else ()


def _small_memories(device: Device) -> tuple[str, ...]:
    """Where memories go that yosys infers. Lists and states of units take block RAM, however short, where the look-up
    tables hold no words, and so do the answers that wait, where the weights leave it to them. Elsewhere a core's
    memories take distributed RAM, which is faster to read and leaves block RAM to the weights, and only the link's go
    there. The table of the sigmoid takes block RAM everywhere: distributed RAM has no contents before it is written."""
    if device.family == "ice40":
        waiting = "block" if device.room.sprams else "logic"
        return (
            'setattr -set ram_style "block" *.event_lists/m:* *.neuron_*.state_memory/m:*',
            f'setattr -set ram_style "block" {ACTIVATION_TABLES}',
            f'setattr -set ram_style "{waiting}" *.response_fifo/m:* *.trace_fifo/m:*',
        )
    link = " ".join(memory.pattern for memory in LINK_MEMORIES)
    # Tables that yosys has made of selections are memories too, without a name of their own.
    return (
        "select -set named */m:* */m:_* %d",
        'setattr -set ram_style "distributed" @named',
        f'setattr -set ram_style "block" {link} {ACTIVATION_TABLES}',
    )


def _synthesize(device: Device, compact: bool = False) -> str:
    # Multipliers are instances already. Both flows would infer more, and that of iCE40 rewrite the instances.
    if device.family == "ecp5":
        # Wider functions of two look-up tables and a multiplexer save a level of logic and cost a tenth more tables.
        return "synth_ecp5 -nodsp" + " -nowidelut" * compact
    kind = "u" if device.room.multipliers else "hx" if "HX" in device.name else "lp"
    # An enable of a few flip-flops costs a level of logic before it and a wire as long as theirs together.
    return f"synth_ice40 -device {kind} -dffe_min_ce_use 12"


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
