"""The flash controller, at the model of a part: which samples it sends, whatever the pauses, and in how many cycles."""

# Amaranth makes ports at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from ceprop.boards.host import data_set_image
from ceprop.boards.host.packing import pack_samples
from ceprop.boards.protocol import Command, Flash
from ceprop.boards.rtl.flash import flash_facts
from ceprop.boards.rtl.flash.flash_controller import PREFETCHED_BYTES, FlashController
from ceprop.model import Dataset
from ceprop.model.order import epoch_order
from ceprop.specification import Geometry, Specification


class Bench:
    """A controller at a part, while it carries out RUN. `sent` has the bytes for the unpacker, `times` their cycles,
    and `rests` the cycles for which the part was not selected between two commands."""

    def __init__(self, controller: FlashController, chip: Any, samples: list[bytes]):
        self.sent, self.times, self.rests = bytearray(), list[int](), list[int]()
        self._controller, self._chip = controller, chip
        self._ends = iter(np.cumsum([len(sample) for sample in samples]).tolist())

    def run(self, epochs: int, most: int, ready: Iterator[bool], hold: Iterator[bool]) -> None:
        """Let it learn so many epochs, in `most` cycles at most."""
        simulator = Simulator(self._controller)
        simulator.add_clock(1e-6)

        async def testbench(context: Any) -> None:
            await self._work(context, epochs, most, ready, hold)

        simulator.add_testbench(testbench)
        simulator.run()
        assert self._chip.broken() is None

    async def _work(self, context: Any, epochs: int, most: int, ready: Iterator[bool], hold: Iterator[bool]) -> None:
        tasks, core = self._controller.tasks, self._controller.core
        for signal, value in ((tasks.command, Command.RUN), (tasks.epochs, epochs), (core.command.ready, 1)):
            context.set(signal, value)
        end, released = next(self._ends), 0
        for cycle in range(most):
            context.set(tasks.start, cycle == 0)
            context.set(tasks.hold, next(hold))
            context.set(core.samples.ready, next(ready))
            selected = self._pins(context)
            if selected and released:
                self.rests.append(released)
            released = 0 if selected else released + 1
            if context.get(core.samples.valid) and context.get(core.samples.ready):
                self.sent.append(context.get(core.samples.payload))
                self.times.append(cycle)
            # The core has learned each sample as soon as it has its last byte.
            finished = len(self.sent) == end
            context.set(self._controller.finished, finished)
            if finished:
                end = next(self._ends, None)
            await context.tick()
            if not context.get(tasks.busy):
                return
        raise AssertionError(f"RUN takes more than {most} cycles, after {len(self.sent)} bytes")

    def _pins(self, context: Any) -> int:
        """A cycle of the part; whether it is selected."""
        pins, get = self._controller.pins, context.get
        out, enable = get(pins.dq_out), get(pins.dq_enable)
        if len(pins.dq_out) == 2:  # WP and HOLD are high, by the pins of the top level
            out, enable = out | 0b1100, enable | 0b1100
        levels = self._chip.tick(get(pins.select), get(pins.clock), out, enable)
        context.set(pins.dq_in, levels & (1 << len(pins.dq_in)) - 1)
        return get(pins.select)


def _specification(inputs: int) -> Specification:
    return Specification.from_mapping(
        {
            "layers": [inputs, 3, 4],
            "formats": {"state_bits": 6, "input_bits": 4, "weight_bits": 9, "weight_fraction": 8},
            "phases": {"free_steps": 4, "nudged_steps": 2},
            "update": {"shifts": [3, 6]},
            "quantiser": {"high": 8},
            "array": {"rows": 1, "cols": 1, "memory_words": 4096},
        }
    )


def _dataset(inputs: int, marked: Callable[[], int], counts: tuple[int, int]) -> Dataset:
    """Samples with so many inputs that are not zero, for training and held out."""
    generator = np.random.default_rng(1)

    def samples(count: int) -> np.ndarray:
        found = np.zeros((count, inputs), np.int64)
        for sample in found:
            places = generator.permutation(inputs)[: marked()]
            sample[places] = generator.integers(1, 8, len(places))
        return found

    labels = [generator.integers(0, 4, count) for count in counts]
    return Dataset("random", samples(counts[0]), labels[0], samples(counts[1]), labels[1])


def _expected(specification: Specification, dataset: Dataset) -> list[bytes]:
    """The packed samples of the first epoch, and those of its evaluation."""
    learned = list(pack_samples(specification, dataset.train_inputs, dataset.train_labels))
    held_out = pack_samples(specification, dataset.test_inputs, dataset.test_labels)
    return [*(learned[k] for k in epoch_order(specification, 0, len(learned))), *held_out]


def _write(image: Path, content: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(Flash.DATA_SET)
        file.write(content)


def _controller(specification: Specification, clock_hz: int, lines: int) -> FlashController:
    return FlashController(Geometry(specification), clock_hz, lines, prefetched_bytes=PREFETCHED_BYTES[lines])


@pytest.mark.slow
@pytest.mark.parametrize(("lines", "part"), [(1, "winbond"), (2, "issi"), (4, "macronix")])
def test_every_sample_comes_once_whatever_the_pauses(lines: int, part: str, power_on: Any, image: Path) -> None:
    """Some samples pass before the program asks for the next one, some long after it, for the unpacker pauses. The host
    looks at the status now and then."""
    specification, draw = _specification(20), Random(f"{lines} {part}")
    dataset = _dataset(20, lambda: draw.randrange(21), (5, 2))
    _write(image, data_set_image(specification, dataset, 1))
    samples = _expected(specification, dataset)
    controller = _controller(specification, 1_000_000, lines)
    bench = Bench(controller, power_on(part, 1e6), samples)

    def ready() -> Iterator[bool]:
        while True:
            pause = draw.choice((1, 100))
            for _ in range(8):
                yield from [False] * draw.randrange(pause)
                yield True

    bench.run(1, 40_000, ready(), iter(lambda: draw.random() < 0.1, None))
    assert bytes(bench.sent) == b"".join(samples)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clock_hz", "lines", "byte_cycles", "others"),
    [(30_000_000, 1, 16, 256), (80_000_000, 2, 8, 245), (90_000_000, 4, 4, 148)],
)
def test_cycles_from_a_sample_to_the_next(
    clock_hz: int,
    lines: int,
    byte_cycles: int,
    others: int,
    power_on: Any,
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So many for each byte, and so many others, where the flash does not wait: `docs/protocol.md` has what follows for
    MNIST. All times of the part but its waking are as long as they are at this clock."""
    monkeypatch.setattr(flash_facts, "_WAKING_SECONDS", 2e-6)
    specification = _specification(256)
    dataset = _dataset(256, lambda: 64, (3, 0))
    _write(image, data_set_image(specification, dataset, 1))
    samples = _expected(specification, dataset)
    bench = Bench(_controller(specification, clock_hz, lines), power_on("macronix", clock_hz), samples)
    bench.run(1, 20_000, iter(lambda: True, None), iter(lambda: False, None))
    assert bytes(bench.sent) == b"".join(samples)
    size = len(samples[0])
    starts = bench.times[::size]
    assert starts[1] - starts[0] == starts[2] - starts[1] <= size * byte_cycles + others
    # What the slowest part asks for after a read, and not much more.
    assert 50e-9 <= min(bench.rests) / clock_hz < 150e-9
