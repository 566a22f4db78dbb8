"""The mutation score: small faults in the hardware, and how many of them the comparisons find.

In come a core or a link, a number of mutants and a seed. Out goes the fate of each mutant: what killed it, a proof that
it is equivalent to the design, or neither. yosys chooses the mutants and puts all of them into one Verilog file, in
which an input chooses one.
"""

from ceprop.verification.mutation.campaign import Campaign
from ceprop.verification.mutation.core_campaign import CoreCampaign
from ceprop.verification.mutation.cores import COMPARISONS, CoreComparison, MutatedCore
from ceprop.verification.mutation.fate import Fate, Score, score_of, scores_by_file
from ceprop.verification.mutation.link import LinkCampaign

__all__ = [
    "COMPARISONS",
    "Campaign",
    "CoreCampaign",
    "CoreComparison",
    "Fate",
    "LinkCampaign",
    "MutatedCore",
    "Score",
    "score_of",
    "scores_by_file",
]
