"""The bits of a core that never change, whatever its inputs are. yosys finds them where it optimizes the core."""

import json
from collections.abc import Iterator
from typing import Any

from ceprop.boards.flow.toolchain import YOSYS, run_tool
from ceprop.common.scratch import private_folder

Bit = tuple[str, int]
"""A signal with the path of its instance, and the number of a bit."""


def constant_bits(verilog: str, top: str) -> set[Bit]:
    """Return the bits of a design that are constant after optimization. Paths begin with the name of the module `top`.

    Raises :class:`CepropError` where yosys is missing or fails.
    """
    script = f"read_verilog design.v; hierarchy -top {top}; proc; flatten; opt -full; write_json design.json"
    with private_folder() as folder:
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        run_tool(YOSYS, ["-q", "-p", script], folder, "yosys.log")
        module = json.loads((folder / "design.json").read_text(encoding="utf-8"))["modules"][top]
    return set(_constants(module, top))


def _constants(module: dict[str, Any], top: str) -> Iterator[Bit]:
    for name, net in module["netnames"].items():
        for number, bit in enumerate(net["bits"]):
            if isinstance(bit, str):  # "0", "1" or "x" in place of the number of a wire
                yield f"{top}.{name}", number
