"""The golden model: the integer arithmetic of docs/numerics.md, in a readable form (`plain`) and a compiled form
(`fast`).

Both forms give the same bits, and the testbenches of `ceprop.sim` compare the hardware with them. The package also
loads data sets, trains over epochs, and saves and loads checkpoints. In come a specification and data. Out go networks,
predictions and records of samples.
"""

from ceprop.model import fast, plain
from ceprop.model.checkpoint import load_checkpoint, save_checkpoint
from ceprop.model.datasets import Dataset, Images, load_dataset, load_images
from ceprop.model.divergence import DivergenceError
from ceprop.model.evaluation import Evaluation, evaluate
from ceprop.model.fast import Records, predict, run_sample, run_samples
from ceprop.model.network import Network
from ceprop.model.numbers import activate, advance, input_pattern, nudged, update, update_bias
from ceprop.model.order import epoch_order, epoch_signs
from ceprop.model.quantiser import quantise
from ceprop.model.record import FreeEnd, SampleRecord
from ceprop.model.span import Span
from ceprop.model.streams import Purpose, Stream
from ceprop.model.training import Counters, EpochRow, Trainer

__all__ = [
    "Counters",
    "Dataset",
    "DivergenceError",
    "EpochRow",
    "Evaluation",
    "FreeEnd",
    "Images",
    "Network",
    "Purpose",
    "Records",
    "SampleRecord",
    "Span",
    "Stream",
    "Trainer",
    "activate",
    "advance",
    "epoch_order",
    "epoch_signs",
    "evaluate",
    "fast",
    "input_pattern",
    "load_checkpoint",
    "load_dataset",
    "load_images",
    "nudged",
    "plain",
    "predict",
    "quantise",
    "run_sample",
    "run_samples",
    "save_checkpoint",
    "update",
    "update_bias",
]
