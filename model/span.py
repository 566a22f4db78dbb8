"""A range of samples within one epoch of training."""

from dataclasses import dataclass

from ceprop.common.errors import CepropError
from ceprop.model.datasets import Dataset


@dataclass(frozen=True)
class Span:
    """`count` samples of a training run, beginning with sample `first` of `epoch`. All of them lie within this
    epoch."""

    epoch: int
    first: int
    count: int

    def check(self, dataset: Dataset) -> None:
        """Raise :class:`CepropError` if the data set has fewer training samples."""
        have = len(dataset.train_labels)
        if self.first + self.count > have:
            raise CepropError(f"{self.count} samples: {dataset.name} has {have} training samples")
