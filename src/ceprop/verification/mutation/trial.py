"""A trial: one comparison that is made with some mutants of a core."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ceprop.common.scratch import private_folder
from ceprop.model import Dataset
from ceprop.sim import ComparisonPlan, find_simulator
from ceprop.sim.commands import Design
from ceprop.sim.compare import job_of
from ceprop.sim.job import PROGRESS, VARIABLE
from ceprop.sim.run import Bench, simulate
from ceprop.specification import Specification
from ceprop.verification.mutation.mutated_design import MutatedDesign

TRIAL = "trial.json"
"""The file in which the testbench finds the trial."""

_BENCH = "ceprop.verification.mutation.bench"
_SECONDS = 60
"""The processor time of a simulation. One that takes more is killed. The comparison itself ends in a few thousand
cycles where a core hangs."""


@dataclass(frozen=True)
class Trial:
    """What the testbench must know beside the job.

    Fields
    ------
    comparison : str
        The name of the comparison.
    numbers : sequence of int
        The mutants to try, in this order. 0 is the design without a change.
    verdicts : str
        The path of the file to which the verdicts are added.
    seconds : int
        The processor time after which the simulation of a mutant is killed.
    """

    comparison: str
    numbers: Sequence[int]
    verdicts: str
    seconds: int = _SECONDS


def try_mutants(
    design: MutatedDesign,
    specification: Specification,
    manifest: dict[str, Any],
    dataset: Dataset,
    plan: ComparisonPlan,
    trial: Trial,
) -> None:
    """Compare mutants of a core with the golden model, each from the initial state of the core. Their verdicts are
    added to a file.

    Parameters
    ----------
    design : MutatedDesign
        The core with its mutants.
    specification, manifest : Specification, dict
        The specification of the core, with its trace, and its manifest.
    dataset, plan : Dataset, ComparisonPlan
        What is compared.
    trial : Trial
        The mutants, and the file.

    Raises :class:`CepropError` where the simulator is missing or fails.
    """
    tool = find_simulator(plan.simulator)
    with private_folder() as place:
        job_of(specification, manifest, dataset, plan).save(place)
        (place / TRIAL).write_text(json.dumps(asdict(trial)), encoding="utf-8")
        (place / PROGRESS).write_text("0")
        bench = Bench(_BENCH, {VARIABLE: str(place)})
        simulate(tool, Design(design.top, design.verilog), bench, place, plan.build_folder)
