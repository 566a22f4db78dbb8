"""Coverage of the comparisons of whole cores: which situations they meet, and which lines, branches and bits of the
hardware are active in them.

The bins of functional coverage are declared in `points.py`, and counted by cocotb-coverage. Lines, branches and toggles
are counted by Verilator, and belong to the files of `hdl/`. `run_covered` makes one comparison of the list `RUNS`, and
`Summary` adds them.
"""

from ceprop.verification.coverage.hardware import HardwareCoverage, Place
from ceprop.verification.coverage.points import POINTS, Point
from ceprop.verification.coverage.reasons import EMPTY, SILENT, Silent
from ceprop.verification.coverage.run import CoveredRun, run_covered, sources_digest
from ceprop.verification.coverage.runs import RUNS, SEED, Run
from ceprop.verification.coverage.summary import Summary

__all__ = [
    "EMPTY",
    "POINTS",
    "RUNS",
    "SEED",
    "SILENT",
    "CoveredRun",
    "HardwareCoverage",
    "Place",
    "Point",
    "Run",
    "Silent",
    "Summary",
    "run_covered",
    "sources_digest",
]
