"""Packed samples become the groups of inputs that the core takes."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from ceprop.boards.rtl.sample_unpacker import SampleUnpacker
from ceprop.specification import Geometry, Specification

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [70, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 4, "weight_bits": 6, "weight_fraction": 5},
        "update": {"shifts": [1, 1]},
        "array": {"rows": 2, "cols": 3},
    }
)


def unpack(packed: bytes, geometry: Geometry, pause: Callable[[], int]) -> list[tuple[int, int, list[int], int]]:
    """Groups that the unpacker gives: slot, label, values, last."""
    unpacker = SampleUnpacker(geometry)
    simulator = Simulator(unpacker)
    simulator.add_clock(1e-6)
    found = []

    async def everything(context: Any) -> None:
        source, target = unpacker.bytes, unpacker.sample
        left, rest, wait = list(packed), 0, 0
        while left or rest < 3000:
            context.set(source.valid, bool(left))
            context.set(source.payload, left[0] if left else 0)
            context.set(target.ready, wait == 0)
            if left and context.get(source.ready):
                left.pop(0)
            rest, wait = rest + 1, max(0, wait - 1)
            if context.get(target.valid) and context.get(target.ready):
                payload = context.get(target.payload)
                found.append((payload.slot, payload.label, list(payload["values"]), payload.last))
                rest, wait = 0, pause()
            await context.tick()

    simulator.add_testbench(everything)
    simulator.run()
    return found


@pytest.mark.parametrize(("inputs", "cols", "bits"), [(7, 3, 4), (5, 1, 8), (700, 4, 12), (9, 9, 1), (300, 7, 8)])
def test_packed_samples_become_groups(inputs: int, cols: int, bits: int) -> None:
    from ceprop.boards.host.packing import pack_sample

    specification = SPECIFICATION.override(
        f"layers=[{inputs}, 4, 3]", f"formats.input_bits={bits}", f"array.cols={cols}", "update.shifts=[8, 8]"
    )
    geometry = Geometry(specification)
    generator = np.random.default_rng(inputs)
    samples = []
    for share in (0.0, 0.1, 0.6, 1.0, 0.02):
        values = generator.integers(0, 1 << bits, inputs) * (generator.random(inputs) < share)
        samples.append((values, int(generator.integers(3))))
    samples.append((np.eye(1, inputs, inputs - 1, dtype=np.int64)[0], 2))
    packed = b"".join(pack_sample(values, label, 1 if bits <= 8 else 2) for values, label in samples)
    found = unpack(packed, geometry, lambda: int(generator.integers(0, 3)))
    for values, label in samples:
        got = np.zeros(geometry.slots(0) * cols, np.int64)
        last, before = 0, -1
        while not last:
            slot, its_label, group_values, last = found.pop(0)
            assert (its_label, slot > before) == (label, True)
            assert any(group_values) or last
            got[slot * cols : slot * cols + cols] = group_values
            before = slot
        assert got[:inputs].tolist() == values.tolist()
        assert not got[inputs:].any()
    assert not found


def test_an_entry_beyond_the_inputs_is_left_out() -> None:
    packed = bytes([2, 0, 1, 0, 2, 5, 200, 9, 1, 0, 2, 0, 1, 6])
    geometry = Geometry(SPECIFICATION.override("layers=[7, 4, 3]"))
    assert unpack(packed, geometry, lambda: 0) == [(0, 1, [0, 5, 0], 0), (2, 1, [0, 0, 0], 1), (0, 2, [6, 0, 0], 1)]
