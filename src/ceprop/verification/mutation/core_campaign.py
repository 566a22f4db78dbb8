"""The campaign of one core: every comparison with the golden model is made with the mutants that are still alive."""

from pathlib import Path

from ceprop.boards.flow.toolchain import YOSYS
from ceprop.common.kept_files import key_of
from ceprop.hdl import generate
from ceprop.verification.mutation.campaign import Campaign, Say
from ceprop.verification.mutation.cores import COMPARISONS, MutatedCore
from ceprop.verification.mutation.mutated_design import MutatedDesign
from ceprop.verification.mutation.trial import Trial, try_mutants


class CoreCampaign(Campaign):
    """The campaign of a core with `count` mutants. `seed` is that of their choice and of the samples. `folder` has a
    folder for each core."""

    def __init__(self, core: MutatedCore, count: int, seed: int, folder: Path):
        self.core = core
        self.count = count
        self.seed = seed
        key = key_of(generate(core.specification, checks=True).verilog, count, seed, YOSYS.version)
        super().__init__(core.name, folder / f"{core.name}-{key[:12]}")

    def _make(self) -> MutatedDesign:
        return self.core.mutated(self.count, self.seed)

    def _try(self, say: Say) -> None:
        for comparison in COMPARISONS:
            left = self.left(comparison.name)
            if not left:
                continue
            say(f"{self.name}, {comparison.name}: {len(left)} mutants")
            trial = Trial(comparison.name, [0, *left], str(self.verdict_file))
            plan = self.core.plan(comparison, self.seed, build=self.folder)
            data = self.core.dataset(comparison, self.seed)
            try_mutants(self.design, self.core.specification, self.core.manifest, data, plan, trial)
