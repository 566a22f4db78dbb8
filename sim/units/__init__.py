"""Testbenches of single cells: each against the golden model's scalar functions, through the cell's own ports.

`run_units` tries some cells of a specification in a simulator; `units_of` names those that it has.
"""

from ceprop.sim.units.registry import units_of
from ceprop.sim.units.runner import run_units

__all__ = ["run_units", "units_of"]
