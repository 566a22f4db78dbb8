"""Testbenches that compare the hardware with the golden model, on Verilator and Icarus through cocotb.

In come a specification, samples and a :class:`ComparisonPlan`. Out goes a :class:`Comparison`, which tells how much was
compared and what differed first. `compare_verilog` takes the core from a Verilog file. `find_simulator` and `lint` run
the installed tools.
"""

from ceprop.sim.compare import Comparison, compare
from ceprop.sim.given_verilog import compare_verilog
from ceprop.sim.lint import lint
from ceprop.sim.plan import ComparisonPlan
from ceprop.sim.simulators import Simulator, find_simulator, installed_simulators

__all__ = [
    "Comparison",
    "ComparisonPlan",
    "Simulator",
    "compare",
    "compare_verilog",
    "find_simulator",
    "installed_simulators",
    "lint",
]
