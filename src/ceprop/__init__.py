"""ceprop: Equilibrium Propagation with Continual Weight Updates as hardware that learns.

A :class:`Specification` makes everything else: the golden model (:func:`train`), the hardware (:func:`generate`), the
testbench that compares the two (:func:`compare`), and the boards (:class:`CepClassifier` learns on one). Each name is
loaded when it is first used, because numpy, Amaranth and scikit-learn take a second each.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ceprop.common.errors import CepropError, CepropWarning
from ceprop.specification import Geometry, Specification

if TYPE_CHECKING:
    from ceprop.boards.host.learner import CepClassifier
    from ceprop.experiments.training_run import TrainingResult, train
    from ceprop.hdl import GeneratedCore, generate
    from ceprop.sim import Comparison, ComparisonPlan, compare

__all__ = [
    "CepClassifier",
    "CepropError",
    "CepropWarning",
    "Comparison",
    "ComparisonPlan",
    "GeneratedCore",
    "Geometry",
    "Specification",
    "TrainingResult",
    "compare",
    "generate",
    "train",
]
__version__ = "0.1.0"

_HOMES = {
    "CepClassifier": "ceprop.boards.host.learner",
    "Comparison": "ceprop.sim",
    "ComparisonPlan": "ceprop.sim",
    "GeneratedCore": "ceprop.hdl",
    "TrainingResult": "ceprop.experiments.training_run",
    "compare": "ceprop.sim",
    "generate": "ceprop.hdl",
    "train": "ceprop.experiments.training_run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ceprop' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
