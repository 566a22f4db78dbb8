"""The golden model: the integer arithmetic of docs/numerics.md, in a readable form (`plain`) and a compiled form
(`fast`).

Both forms give the same bits, and the testbenches of `ceprop.sim` compare the hardware with them. The package also
loads data sets, trains over epochs, and saves and loads checkpoints. In come a specification and data. Out go networks,
predictions and records of samples. What runs the compiled form is loaded when it is first used, because Numba takes a
second, and a short simulation needs only the readable form.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ceprop.model import plain
from ceprop.model.datasets import Dataset, Images, load_dataset, load_images
from ceprop.model.network import Network
from ceprop.model.numbers import activate, advance, input_pattern, nudged, update, update_bias
from ceprop.model.order import epoch_order, epoch_signs
from ceprop.model.quantiser import quantise
from ceprop.model.record import FreeEnd, SampleRecord
from ceprop.model.span import Span
from ceprop.model.streams import Purpose, Stream

if TYPE_CHECKING:
    from ceprop.model import fast
    from ceprop.model.checkpoint import load_checkpoint, save_checkpoint
    from ceprop.model.divergence import DivergenceError
    from ceprop.model.evaluation import Evaluation, evaluate
    from ceprop.model.fast import Records, predict, run_sample, run_samples
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

_HOMES = {
    "Counters": "training",
    "DivergenceError": "divergence",
    "EpochRow": "training",
    "Evaluation": "evaluation",
    "Records": "fast",
    "Trainer": "training",
    "evaluate": "evaluation",
    "load_checkpoint": "checkpoint",
    "predict": "fast",
    "run_sample": "fast",
    "run_samples": "fast",
    "save_checkpoint": "checkpoint",
}


def __getattr__(name: str) -> Any:
    if name == "fast":
        return import_module("ceprop.model.fast")
    if name not in _HOMES:
        raise AttributeError(f"module 'ceprop.model' has no attribute {name!r}")
    return getattr(import_module(f"ceprop.model.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
