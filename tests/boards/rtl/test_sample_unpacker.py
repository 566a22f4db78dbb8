"""Packed samples become the groups of inputs that the core takes."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from ceprop.boards.host.packing import pack_samples
from ceprop.boards.rtl.granule_splitter import granule_bits
from ceprop.boards.rtl.sample_unpacker import SampleUnpacker
from ceprop.specification import Geometry, Specification

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [70, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 4, "weight_bits": 6, "weight_fraction": 5},
        "update": {"shifts": [8, 8]},
        "array": {"rows": 2, "cols": 3},
    }
)

Pause = Callable[[], int]
Group = tuple[int, int, list[int], int]


def never() -> int:
    """No pause."""
    return 0


@dataclass
class Found:
    """What the unpacker gave: groups of slot, label, values and `last`, each with the cycle in which it was taken. The
    bytes that it took, and whether it was between samples at the end."""

    groups: list[Group] = field(default_factory=list)
    cycles: list[int] = field(default_factory=list)
    taken: int = 0
    between_after: set[int] = field(default_factory=set)
    between: bool = False


def unpack(packed: bytes, geometry: Geometry, source_pause: Pause = never, target_pause: Pause = never) -> Found:
    """Send `packed`, with pauses in cycles after a byte and after a group, until nothing happens any more. A beat that
    is offered and not taken must stay as it is."""
    unpacker = SampleUnpacker(geometry)
    simulator = Simulator(unpacker)
    simulator.add_clock(1e-6)
    found = Found()

    async def everything(context: Any) -> None:
        source, target = unpacker.bytes, unpacker.sample
        rest = cycle = source_wait = target_wait = 0
        offered = None
        while rest < 200:
            found.between = bool(context.get(unpacker.between))
            if found.between:
                found.between_after.add(found.taken)
            more = found.taken < len(packed) and not source_wait
            context.set(source.valid, more)
            context.set(source.payload, packed[found.taken] if more else 0xFF)
            context.set(target.ready, target_wait == 0)
            rest, source_wait, target_wait = rest + 1, max(0, source_wait - 1), max(0, target_wait - 1)
            if more and context.get(source.ready):
                found.taken, rest, source_wait = found.taken + 1, 0, source_pause()
            payload = context.get(target.payload)
            group = (payload.slot, payload.label, list(payload["values"]), payload.last)
            valid = context.get(target.valid)
            assert offered is None or (valid and group == offered)
            offered = group if valid and not context.get(target.ready) else None
            if valid and context.get(target.ready):
                found.groups.append(group)
                found.cycles.append(cycle)
                rest, target_wait = 0, target_pause()
            await context.tick()
            cycle += 1

    simulator.add_testbench(everything)
    simulator.run()
    return found


def specification(inputs: int, cols: int, bits: int, classes: int = 3) -> Specification:
    return SPECIFICATION.override(
        f"layers=[{inputs}, 4, {classes}]", f"formats.input_bits={bits}", f"array.cols={cols}"
    )


def check_samples(groups: list[Group], geometry: Geometry, inputs: np.ndarray, labels: np.ndarray) -> None:
    """The groups are those of the samples, in order, and those of zeros are left out."""
    groups, cols = list(groups), geometry.cols
    for values, label in zip(inputs, labels, strict=True):
        got = np.zeros(geometry.slots(0) * cols, np.int64)
        last, before = 0, -1
        while not last:
            slot, its_label, group_values, last = groups.pop(0)
            assert its_label == label
            assert slot > before
            assert any(group_values) or last
            got[slot * cols : slot * cols + cols] = group_values
            before = slot
        assert before == geometry.slots(0) - 1
        assert got[: len(values)].tolist() == values.tolist()
        assert not got[len(values) :].any()
    assert not groups


@pytest.mark.parametrize(
    ("inputs", "cols", "bits"),
    [
        (7, 3, 4),
        (5, 1, 8),
        (41, 1, 3),
        (40, 1, 12),
        (64, 2, 1),
        (63, 2, 5),
        (70, 4, 4),
        (94, 3, 4),
        (97, 5, 2),
        (131, 6, 8),
        (300, 7, 8),
        (9, 9, 1),
        (128, 8, 4),
        (77, 8, 16),
        (8, 8, 2),
        (100, 9, 5),
        (145, 9, 12),
        (130, 20, 6),
        (3, 2, 16),
    ],
)
@pytest.mark.parametrize("pauses", [(0, 0), (0, 3), (12, 3)])
def test_packed_samples_become_groups(inputs: int, cols: int, bits: int, pauses: tuple[int, int]) -> None:
    known = specification(inputs, cols, bits)
    generator = np.random.default_rng(inputs)
    shares = np.array([0.0, 0.1, 0.6, 1.0, 0.02, 0.0])[:, None]
    values = generator.integers(1, 1 << bits, (len(shares), inputs)) * (
        generator.random((len(shares), inputs)) < shares
    )
    # The last input alone, and the input before the last block alone.
    alone = np.zeros((2, inputs), np.int64)
    alone[0, -1] = alone[1, max(0, (inputs - 1) // 8 * 8 - 1)] = 1
    values, labels = np.concatenate([values, alone]), generator.integers(3, size=len(shares) + 2)
    packed = b"".join(pack_samples(known, values, labels))
    source, target = ((lambda most=most: int(generator.integers(most + 1))) for most in pauses)
    found = unpack(packed, Geometry(known), source, target)
    assert (found.taken, found.between) == (len(packed), True)
    check_samples(found.groups, Geometry(known), values, labels)


@pytest.mark.parametrize("classes", [256, 257])
def test_labels_of_many_classes(classes: int) -> None:
    known = specification(20, 3, 4, classes)
    labels = np.array([0, 1, 255, classes - 1])
    values = np.random.default_rng(1).integers(16, size=(4, 20))
    packed = b"".join(pack_samples(known, values, labels))
    check_samples(unpack(packed, Geometry(known)).groups, Geometry(known), values, labels)


@pytest.mark.parametrize(("inputs", "cols", "bits"), [(13, 3, 5), (13, 1, 4), (30, 9, 8), (13, 2, 3)])
def test_it_is_between_samples_only_where_none_has_begun(inputs: int, cols: int, bits: int) -> None:
    known = specification(inputs, cols, bits)
    values = np.random.default_rng(1).integers(1 << bits, size=(1, inputs))
    (packed,) = pack_samples(known, values, np.array([1]))
    for length in (*range(4), len(packed) - 1, len(packed), len(packed) + 1, 2 * len(packed)):
        found = unpack((packed * 2)[:length], Geometry(known))
        assert found.taken == length
        assert found.between == (length % len(packed) == 0)
        assert found.between_after <= {0, len(packed), 2 * len(packed)}


@pytest.mark.parametrize(
    ("inputs", "cols", "bits"),
    [(13, 1, 4), (13, 2, 5), (61, 5, 4), (29, 7, 8), (29, 8, 4), (29, 9, 12), (64, 20, 1), (3, 9, 3)],
)
def test_damaged_bytes_neither_stop_it_nor_make_slots(inputs: int, cols: int, bits: int) -> None:
    geometry = Geometry(specification(inputs, cols, bits))
    generator = np.random.default_rng(1)
    for share in (0.5, 0.1, 1.0):
        content = np.packbits(generator.random((150, 8)) < share, axis=1).tobytes()
        found = unpack(content, geometry, target_pause=lambda: int(generator.integers(2)))
        assert found.taken == len(content)
        before = -1
        for slot, _, _, last in found.groups:
            assert before < slot < geometry.slots(0)
            assert last == (slot == geometry.slots(0) - 1)
            before = -1 if last else slot


def image() -> np.ndarray:
    """Inputs of 4 bits, (784,), of which 19 % are not zero: one stroke or two on 22 of 28 lines."""
    lines = np.zeros((28, 28), np.int64)
    for line in range(3, 25):
        for begin in (4 + line // 3, 18 - line // 3) if line % 2 else (6 + line // 3,):
            lines[line, begin : begin + 5] = 1 + (line + begin) % 15
    return lines.reshape(-1)


@pytest.mark.parametrize(("cols", "most"), [(1, 745), (2, 685), (3, 620), (5, 600), (7, 590), (8, 575), (28, 565)])
def test_cycles_of_a_sample(cols: int, most: int) -> None:
    known = specification(784, cols, 4)
    inputs = image()
    assert 0.18 < np.count_nonzero(inputs) / 784 < 0.2
    packed = b"".join(pack_samples(known, np.stack([inputs] * 3), np.array([0, 1, 2])))
    found = unpack(packed, Geometry(known))
    ends = [cycle for (*_, last), cycle in zip(found.groups, found.cycles, strict=True) if last]
    assert ends[1] - ends[0] == ends[2] - ends[1] <= most


def test_granules_divide_bytes_and_values() -> None:
    assert [granule_bits(bits) for bits in range(1, 17)] == [1, 2, 1, 4, 1, 2, 1, 8, 1, 2, 1, 4, 1, 2, 1, 8]
