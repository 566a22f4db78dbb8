"""ceprop: Equilibrium Propagation with Continual Weight Updates as hardware that learns.

A :class:`Specification` makes everything else: the golden model (`ceprop.model`), the hardware (`ceprop.hdl`), the
testbenches that hold the two together (`ceprop.sim`) and, later, the boards (`ceprop.boards`).
"""

from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification

__all__ = ["CepropError", "Geometry", "Specification"]
__version__ = "0.1.0"
