"""Testbenches of single cells. Each cell is compared with the scalar functions of the golden model, through its own
ports.

In come a specification and names of cells. `run_units` runs the benches of these cells in a simulator. `units_of` names
the cells that the core of a specification has.
"""

from ceprop.sim.units.registry import units_of
from ceprop.sim.units.runner import run_units

__all__ = ["run_units", "units_of"]
