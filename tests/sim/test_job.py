"""Which samples follow each other closely: those between which nothing is read or written."""

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import Network
from ceprop.sim.job import Job

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [4, 3],
        "update": {"shifts": [8], "schedule": [{"epoch": 1, "shifts": [9]}]},
        "array": {"rows": 1, "cols": 1},
    }
)


def job(epochs: list[int], negatives: list[int], read_every: int, fault: int | None = None) -> Job:
    count = len(epochs)
    return Job(
        specification=SPECIFICATION,
        manifest={},
        network=Network.initial(SPECIFICATION),
        inputs=np.zeros((count, 4), np.int64),
        labels=np.zeros(count, np.int64),
        epochs=np.array(epochs),
        negatives=np.array(negatives, bool),
        learn=True,
        skip=True,
        read_every=read_every,
        fault=fault,
    )


@pytest.mark.parametrize(
    ("found", "lengths"),
    [
        (job([0] * 7, [0] * 7, 1), [1] * 7),
        (job([0] * 7, [0] * 7, 3), [3, 3, 1]),
        (job([0] * 7, [0] * 7, 100), [7]),
        (job([0, 0, 1, 1, 1, 1, 2], [0] * 7, 100), [2, 5]),
        (job([0] * 7, [0, 1, 1, 0, 0, 0, 1], 4), [1, 2, 1, 2, 1]),
        (job([0] * 7, [0] * 7, 100, fault=4), [4, 3]),
        (job([0] * 7, [0] * 7, 100, fault=0), [7]),
        (job([0], [1], 1), [1]),
    ],
    ids=["apart", "read", "closely", "rates", "signs", "fault", "first", "single"],
)
def test_batches(found: Job, lengths: list[int]) -> None:
    batches = list(found.batches())
    assert [len(batch) for batch in batches] == lengths
    assert [number for batch in batches for number in batch] == list(range(len(found.labels)))
    for batch in batches:
        assert len({tuple(found.settings(number).items()) for number in batch}) == 1
        assert not any(found.reads_after(number) for number in batch[:-1])
    assert found.reads_after(len(found.labels) - 1)


def test_registers_of_a_sample() -> None:
    assert job([0, 1], [1, 0], 1).settings(0) == {"rate_shift_1": 8, "nudge_negative": 1}
    assert job([0, 1], [1, 0], 1).settings(1) == {"rate_shift_1": 9, "nudge_negative": 0}
