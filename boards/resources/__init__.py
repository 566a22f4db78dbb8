"""What fits a board and how fast it is expected to be, before synthesis, by a regression over kept builds.

In come a specification and a board. Out goes the array that the board gets, or the resource of which it has too little.
Every verb asks `choose`, so that all of them give one answer.
"""

from ceprop.boards.resources.choose import fitted, specification_for
from ceprop.boards.resources.core_fit import check_fit, fitting_shapes

__all__ = ["check_fit", "fitted", "fitting_shapes", "specification_for"]
