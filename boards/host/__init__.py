"""The host's side of the link to a board (docs/protocol.md): frames, requests, and a driver that loads, trains, reads.

`open_board` gives a :class:`HostDriver` for a port; `train_beside` and `infer_beside` hold a board to the
golden model. The estimator in scikit-learn's form is `ceprop.boards.host.learner.CepClassifier`, which is imported from
there, because scikit-learn takes a second.
"""

from ceprop.boards.host.data_sets import PackedDataSet, check_data_set, data_set_image, excerpt_image
from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.flash import restore_from_flash, save_to_flash
from ceprop.boards.host.flash_log import read_results, results_in_log
from ceprop.boards.host.flash_snapshots import check_snapshot, newest_snapshot, snapshot_image
from ceprop.boards.host.link import Link
from ceprop.boards.host.machine import Machine, ModelMachine
from ceprop.boards.host.proof import Learned, Proof
from ceprop.boards.host.requests import LinkStatistics, RefusedError
from ceprop.boards.host.results import Predictions
from ceprop.boards.host.runs import Speed, epoch_from_flash_beside, infer_beside, train_beside, train_from_flash_beside
from ceprop.boards.host.sequence import Batch, batches
from ceprop.boards.host.session import BAUD, SIMULATION, Place, open_board

__all__ = [
    "BAUD",
    "SIMULATION",
    "Batch",
    "HostDriver",
    "Learned",
    "Link",
    "LinkStatistics",
    "Machine",
    "ModelMachine",
    "PackedDataSet",
    "Place",
    "Predictions",
    "Proof",
    "RefusedError",
    "Speed",
    "batches",
    "check_data_set",
    "check_snapshot",
    "data_set_image",
    "epoch_from_flash_beside",
    "excerpt_image",
    "infer_beside",
    "newest_snapshot",
    "open_board",
    "read_results",
    "restore_from_flash",
    "results_in_log",
    "save_to_flash",
    "snapshot_image",
    "train_beside",
    "train_from_flash_beside",
]
