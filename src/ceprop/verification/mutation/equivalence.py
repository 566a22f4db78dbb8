"""Proofs that a mutant is equivalent to the design: no input can ever tell one from the other."""

import json
import re
from contextlib import suppress
from pathlib import Path

from ceprop.boards.flow.toolchain import YOSYS
from ceprop.common.errors import CepropError
from ceprop.common.processes import run_to_end
from ceprop.common.scratch import private_folder
from ceprop.verification.mutation.local_netlist import DIFFERENT, Reach, Surroundings

REACHES = (Reach(0, 0), Reach(1, 0), Reach(1, 2), Reach(2, 1), Reach(3, 2))
"""The parts around a mutant on which a proof is tried, from the smallest one."""

_SECONDS = 120.0
"""The time for the proofs of one mutant. A proof that takes longer decides nothing."""

_STEPS = 4
"""The longest induction in cycles."""

_PART, _PROVEN = "part_{}", "Induction step proven: SUCCESS!"


def prove_equivalent(surroundings: Surroundings, number: int) -> Reach | None:
    """Try to prove that a mutant is equivalent. Return the part of the design on which it was proven, or None where
    nothing is decided.

    The proof is an induction over cycles with yosys's SAT solver. A few registers behind the mutant may differ.
    Everything that they reach must be the same: the other registers, the memories and the outputs. Registers far from
    the mutant, and what memories hold, may have any value. So a mutant that differs only in states that the design
    never has is not decided.

    Raises :class:`CepropError` where yosys is missing or fails.
    """
    parts = {_PART.format(k): surroundings.around(number, reach) for k, reach in enumerate(REACHES)}
    proofs = [f"log proof of {name}; sat -tempinduct -maxsteps {_STEPS} -prove {DIFFERENT} 0 {name}" for name in parts]
    script = "; ".join(["read_json parts.json", "check -assert", "opt", *proofs, "log the end"])
    with private_folder() as folder:
        (folder / "parts.json").write_text(json.dumps({"creator": "", "modules": parts}), encoding="utf-8")
        log = _log(folder, script)
    for section in re.split(r"^proof of ", log, flags=re.MULTILINE)[1:]:
        name, _, found = section.partition("\n")
        if _PROVEN in found:
            return REACHES[list(parts).index(name.strip())]
    return None


def _log(folder: Path, script: str) -> str:
    """Run a script of yosys in a folder for a limited time, and return what it has written until then."""
    YOSYS.compile()
    path = folder / "log"
    code = 0
    with path.open("wb") as output, suppress(CepropError):
        code = run_to_end([*YOSYS.command, "-p", script], folder=folder, output=output, seconds=_SECONDS)
    log = path.read_text(encoding="utf-8", errors="replace")
    if code:
        raise CepropError(f"yosys: {log.strip().splitlines()[-1] if log.strip() else f'exit code {code}'}")
    return log
