"""The runs of the paper's MNIST table (arXiv 2005.04168, tables 1 and 2), as settings."""

from dataclasses import dataclass

from ceprop.model.reference.settings import Settings


@dataclass(frozen=True)
class PaperRow:
    """A row of the table: the settings and the number of epochs of a run, and its published errors in per cent. `test`
    and `deviation` are mean and standard deviation on the test set, and `train` is the mean on the training set."""

    settings: Settings
    epochs: int
    test: float
    deviation: float
    train: float


_ONE, _TWO = (784, 512, 10), (784, 512, 512, 10)

PAPER_ROWS = {
    "ep-1h": PaperRow(
        Settings(layers=_ONE, rule="ep", free_steps=30, nudged_steps=10, beta=0.1, rates=(0.08, 0.04)),
        30, 2.00, 0.10, 0.20,
    ),
    "ep-2h": PaperRow(
        Settings(layers=_TWO, rule="ep", free_steps=100, nudged_steps=20, beta=0.5, rates=(0.2, 0.05, 0.005)),
        50, 1.95, 0.10, 0.14,
    ),
    "c-ep-1h": PaperRow(
        Settings(layers=_ONE, rule="c-ep", free_steps=40, nudged_steps=15, beta=0.2, rates=(0.0056, 0.0028)),
        100, 2.28, 0.16, 0.41,
    ),
    "c-ep-2h": PaperRow(
        Settings(layers=_TWO, rule="c-ep", free_steps=100, nudged_steps=20, beta=0.5, rates=(0.01, 0.0018, 0.00018)),
        150, 2.44, 0.14, 0.31,
    ),
    "c-vf-1h": PaperRow(
        Settings(
            layers=_ONE, rule="c-vf", free_steps=40, nudged_steps=15, beta=0.2, rates=(0.0076, 0.0038),
            random_sign=True, first_bias=False, partial_drive_slopes=True,
        ),
        100, 2.43, 0.08, 0.77,
    ),
    "c-vf-2h": PaperRow(
        Settings(
            layers=_TWO, rule="c-vf", free_steps=100, nudged_steps=20, beta=0.35, rates=(0.009, 0.0016, 0.00016),
            random_sign=True, first_bias=False, partial_drive_slopes=True,
        ),
        150, 2.97, 0.19, 1.58,
    ),
}  # fmt: skip
"""The runs by name. `1h` and `2h` stand for one and two hidden layers. Rates run from input to output here, and from
output to input in the paper."""
