"""The mutation score of the Python sources: small changes of the sources, and how many of them the tests find.

In come a folder of the sources, a number of mutants and a seed. Out goes the verdict on each mutant: the test that
failed, or none. cosmic-ray, which comes with the development extra, makes the mutants. pytest tries them.
"""

from ceprop.verification.python_mutation.campaign import PythonCampaign
from ceprop.verification.python_mutation.folders import FOLDERS, MutatedFolder
from ceprop.verification.python_mutation.mutants import SourceMutant, drawn_mutants
from ceprop.verification.python_mutation.score import SourceScore, source_score, source_scores
from ceprop.verification.python_mutation.verdicts import KeptVerdicts, SourceVerdict

__all__ = [
    "FOLDERS",
    "KeptVerdicts",
    "MutatedFolder",
    "PythonCampaign",
    "SourceMutant",
    "SourceScore",
    "SourceVerdict",
    "drawn_mutants",
    "source_score",
    "source_scores",
]
