"""Testbenches that hold the hardware to the golden model, on Verilator and Icarus through cocotb.

`compare` is the whole proof; `find_simulator` and `lint` know the tools.
"""

from ceprop.sim.compare import Comparison, compare
from ceprop.sim.lint import lint
from ceprop.sim.simulators import Simulator, find_simulator, installed_simulators

__all__ = ["Comparison", "Simulator", "compare", "find_simulator", "installed_simulators", "lint"]
