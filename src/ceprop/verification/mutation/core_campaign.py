"""The campaign of one core: every comparison with the golden model is made with the mutants that are still alive."""

from pathlib import Path

from ceprop.verification.mutation.campaign import Campaign, Say, own_folder
from ceprop.verification.mutation.cores import COMPARISONS, MutatedCore
from ceprop.verification.mutation.mutated_design import MutatedDesign
from ceprop.verification.mutation.trial import Trial, try_mutants


class CoreCampaign(Campaign):
    """The campaign of a core with `count` mutants. `seed` is that of their choice and of the samples. `folder` has a
    folder for each core."""

    def __init__(self, core: MutatedCore, count: int, seed: int, folder: Path):
        self.core = core
        self.seed = seed
        self.choice = core.choice(count, seed)
        super().__init__(core.name, own_folder(folder, core.name, core.generated.verilog, self.choice))

    def _make(self) -> MutatedDesign:
        return self.core.mutated(self.choice)

    def _try(self, say: Say) -> None:
        for comparison in COMPARISONS:
            left = self.left(comparison.name)
            if not left:
                continue
            say(f"{self.name}, {comparison.name}: {len(left)} mutants")
            trial = Trial(comparison.name, [0, *left], str(self.verdict_file))
            plan = self.core.plan(comparison, self.seed, build=self.folder)
            data = self.core.dataset(comparison, self.seed)
            manifest = self.core.generated.manifest
            try_mutants(self.design, self.core.specification, manifest, data, plan, trial)
