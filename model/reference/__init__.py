"""The float reference: every rule and every setting of the paper in numpy, with the exact gradients for comparison.

`settings` defines a run, `network` holds the weights, `dynamics` computes the states, and `learning` updates the
weights. `training` runs over epochs, and `paper` lists the runs of the paper's table.
"""

from ceprop.model.reference.checkpoint import resume_run, save_run
from ceprop.model.reference.gradient_angle import GradientAngles, gradient_angles, mean_gradient_angles
from ceprop.model.reference.learning import learn_batch, predict
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.paper import PAPER_ROWS, PaperRow
from ceprop.model.reference.settings import Settings
from ceprop.model.reference.training import ReferenceRow, ReferenceRun
from ceprop.model.reference.twin import float_network, float_settings

__all__ = [
    "PAPER_ROWS",
    "GradientAngles",
    "PaperRow",
    "ReferenceNetwork",
    "ReferenceRow",
    "ReferenceRun",
    "Settings",
    "float_network",
    "float_settings",
    "gradient_angles",
    "learn_batch",
    "mean_gradient_angles",
    "predict",
    "resume_run",
    "save_run",
]
