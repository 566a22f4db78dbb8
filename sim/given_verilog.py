"""The comparison of a Verilog file that somebody gives with the golden model."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.common.reading import read_up_to
from ceprop.hdl import generate
from ceprop.model import Dataset
from ceprop.sim.cells import simulation_sources
from ceprop.sim.compare import Comparison, compare_core
from ceprop.sim.plan import ComparisonPlan
from ceprop.specification import Specification

_LARGEST_BYTES = 1 << 28


def compare_verilog(
    specification: Specification,
    dataset: Dataset,
    plan: ComparisonPlan,
    file: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Simulate the core in a Verilog file while it learns, and compare it as :func:`ceprop.sim.compare` does.

    The file has the module that `ceprop generate` writes for the specification, with the same ports, and may be edited
    otherwise. It has no checks. With `array.trace` in the specification, it has the trace, and the states are compared
    after every step. Without it, they are compared after each sample.

    Raises :class:`CepropError` where the file cannot be read, has no such module, cannot be compiled or has other
    ports, and where the simulator is missing or fails.
    """
    verilog = _read(file)
    core = generate(specification, plan.primitives)
    if not re.search(rf"^\s*module\s+(\\{core.top}\s|{core.top}\s*[(;#])", verilog, re.MULTILINE):
        raise CepropError(f"{file}: has no module {core.top}")
    try:
        return compare_core(
            specification,
            dataset,
            plan,
            replace(core, verilog=verilog),
            simulation_sources(plan.primitives),
            progress=progress,
        )
    except CepropError as error:
        raise CepropError(f"{file}: {error}") from None


def _read(file: Path) -> str:
    """Return the text of a file. Raises :class:`CepropError` where it cannot be read."""
    try:
        content = read_up_to(file, _LARGEST_BYTES)
        text = content.decode()
    except OSError as error:
        raise CepropError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise CepropError(f"{file}: must be text in UTF-8") from None
    if len(content) > _LARGEST_BYTES:
        raise CepropError(f"{file}: must have at most {_LARGEST_BYTES:,} bytes")
    return text
