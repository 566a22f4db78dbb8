"""The expected rate of a whole board: its bounds, by hand, and its figures for a board."""

import numpy as np
import pytest

from ceprop.boards import board
from ceprop.boards.host.packing import pack_samples
from ceprop.common.errors import CepropError
from ceprop.performance.board_estimate import SampleWay, estimate_board
from ceprop.specification import Geometry, Specification

_SPECIFICATION = Specification.from_mapping(
    {
        "layers": [784, 16, 10],
        "formats": {"input_bits": 4},
        "update": {"shifts": [8, 8]},
        "array": {"rows": 2, "cols": 7},
    }
)
_LINK_HZ, _CORE_HZ = 80e6, 100e6


def _inputs(count: int = 60) -> np.ndarray:
    """A fifth of them are not zero, as in MNIST."""
    draw = np.random.default_rng(1)
    return draw.integers(1, 16, (count, 784)) * (draw.random((count, 784)) < 0.2)


def _way(fifo_bytes: int = 64, lists: int = 2, lines: int = 4) -> SampleWay:
    geometry = Geometry(_SPECIFICATION.override(f"array.input_lists={lists}"))
    return SampleWay(geometry, lines, fifo_bytes, _LINK_HZ, _CORE_HZ)


@pytest.mark.parametrize(("lines", "byte_cycles", "between"), [(1, 24, 256), (2, 8, 245), (4, 4, 148)])
def test_flash_bounds_a_core_without_work(lines: int, byte_cycles: int, between: int) -> None:
    inputs = _inputs()
    sizes = [len(sample) for sample in pack_samples(_SPECIFICATION, inputs, np.zeros(len(inputs), int))]
    cycles = byte_cycles * np.mean(sizes[1:]) + between
    assert _way(lines=lines).rate(inputs, [1] * len(inputs)) == pytest.approx(_LINK_HZ / cycles, rel=0.01)


def test_the_core_bounds_what_takes_long() -> None:
    inputs = _inputs()
    assert _way().rate(inputs, [20_000] * len(inputs)) == pytest.approx(_CORE_HZ / 20_000)
    # With one list, the inputs come after the work.
    assert 0.93 < _way(lists=1, fifo_bytes=256).rate(inputs, [20_000] * len(inputs)) / (_CORE_HZ / 20_000) < 0.98


def test_a_long_fifo_evens_out_samples_that_differ() -> None:
    inputs, cycles = _inputs(), [800, 800, 800, 800, 9_000] * 12
    core = _CORE_HZ / np.mean(cycles[:-1])
    short, long = (_way(fifo_bytes, lines=2).rate(inputs, cycles) / core for fifo_bytes in (64, 2_048))
    assert short < 0.92 * long
    assert 0.93 < long <= 1


def test_a_board() -> None:
    inputs = _inputs(20)
    found = estimate_board(_SPECIFICATION, board("ulx3s_25f"), inputs, [2_000] * 20)
    assert not found.stand_alone
    assert found.core_clock_mhz > found.clock_mhz > 70
    assert 5_000 < found.luts < 24_288
    assert found.samples_per_second == pytest.approx(1e6 * found.core_clock_mhz / 2_000, rel=0.01)
    narrow = ("formats.state_bits=4", "formats.weight_bits=12", "formats.weight_fraction=12")
    one_port = ("array.cols=1", "array.memory_ports=1", "array.input_lists=1", "array.memory_words=32768")
    small = _SPECIFICATION.override("phases.order='alternating'", *narrow, *one_port)
    alone = estimate_board(small, board("icebreaker"), inputs, [2_000] * 20)
    assert alone.stand_alone
    assert alone.clock_mhz == alone.core_clock_mhz


def test_what_has_no_rate() -> None:
    with pytest.raises(ValueError, match="a rate needs two samples"):
        _way().rate(_inputs(1), [1])
    with pytest.raises(CepropError, match=r"array 8x8: needs 64 multipliers"):
        estimate_board(_SPECIFICATION.override("array.rows=8", "array.cols=8"), board("ulx3s_25f"), _inputs(2), [1, 1])
