"""Proofs that a mutant is equivalent to the design: no input can ever tell one from the other."""

import json

from ceprop.boards.flow.toolchain import YOSYS, run_tool
from ceprop.common.scratch import private_folder
from ceprop.verification.mutation.miter import DIFFERENT, Miters

_SCRIPT = (
    "read_json miter.json; hierarchy -check -top miter; opt_expr; opt_merge; opt_clean; simplemap t:$dff; techmap; "
    "opt_expr; opt_merge; opt_clean; dffunmap; dfflegalize -cell $_DFF_P_ 01; opt_expr; opt_merge; opt_clean; "
    # ABC finds signals that are always the same, by induction over cycles, and merges them.
    "abc -dff -clk clk -g AND -script +strash;scorr;strash; opt_expr; opt_clean; write_json merged.json"
)


def is_equivalent(miters: Miters, number: int) -> bool:
    """Try to prove that a mutant is equivalent. Return False where nothing is decided, too.

    ABC looks for signals of the whole design that are the same in every cycle, from the initial state on, and merges
    them. The mutant is equivalent if the output of the miter is then always 0. What memories hold may be anything, so a
    mutant that differs only with contents that never occur is not decided.

    Raises :class:`CepropError` where yosys is missing or fails.
    """
    with private_folder() as folder:
        miter = {"creator": "", "modules": {"miter": miters.of(number)}}
        (folder / "miter.json").write_text(json.dumps(miter), encoding="utf-8")
        run_tool(YOSYS, ["-q", "-p", _SCRIPT], folder, "yosys.log")
        merged = json.loads((folder / "merged.json").read_text(encoding="utf-8"))
        return merged["modules"]["miter"]["ports"][DIFFERENT]["bits"] == ["0"]
