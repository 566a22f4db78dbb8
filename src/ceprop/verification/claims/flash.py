"""Boards that learn by themselves from their flash, and the packed form of samples."""

import numpy as np

from ceprop.boards.host import HostDriver, data_set_image, train_from_flash_beside
from ceprop.boards.host.machine import unwatched
from ceprop.boards.host.packing import pack_samples, unpack_samples
from ceprop.boards.protocol import Flash
from ceprop.boards.virtual import flash_contents
from ceprop.model import Trainer
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.boards import on_board, small_board
from ceprop.verification.networks import random_samples

_SAMPLES, _HELD_OUT, _EPOCHS = 30, 8, 2
_PLACES = (
    ("ulx3s_25f", "winbond"),
    ("icebreaker", "winbond"),
    ("ulx3s_25f", "no quad"),
    ("ulx3s_25f", "macronix"),
    ("icebreaker", "issi"),
    ("ulx3s_25f", "micron"),
    ("ulx3s_25f", "gigadevice"),
)
"""Boards that read their flash over four lines, over one, and over two; and makers of the flash."""


def _learn(case: Case) -> Found:
    name, part = _PLACES[case.number % len(_PLACES)]
    # A plan in flash has one sign for all samples.
    sign = case.draw.choice(["positive", "negative", "centred"])
    specification = small_board(case, **{"nudge.sign": sign})
    data = random_samples(specification, case.numpy_draw, _SAMPLES, _HELD_OUT)
    path = case.folder / "flash"
    contents = bytearray(flash_contents(path))
    image = data_set_image(specification, data, _EPOCHS)
    contents[Flash.DATA_SET : Flash.DATA_SET + len(image)] = image
    path.write_bytes(contents)

    def work(driver: HostDriver) -> Found:
        proof = train_from_flash_beside(driver, Trainer.start(specification, data), _EPOCHS, unwatched)
        shown = _EPOCHS * (_SAMPLES + _HELD_OUT)
        proof.compare_number("samples counted by the core", driver.counters()["samples"], shown)
        weights = sum(weights.size for weights in proof.found.weights)
        return Found({"samples": proof.learned.samples, "weights": weights}, proof.first_mismatch)

    return on_board(case, specification, name, work, flash=path, flash_part=part)


FLASH = Claim(
    name="flash",
    claim="A board that learns epochs from its own flash has the memories, predictions and errors of the model.",
    evidence="random specifications on simulated boards; flash of five makers, read over one, two and four lines",
    unit="samples",
    not_covered="real flash, and a nudge whose sign changes from sample to sample, which no plan in flash has",
    quick=3,
    full=140,
    run=_learn,
)


def _pack(case: Case) -> Found:
    draw, random = case.numpy_draw, case.draw
    classes = random.choice([2, 3, 256, 257, 1000])
    layers = [random.randint(1, 90), classes]
    formats = {"state_bits": 4, "input_bits": random.randint(1, 16), "weight_bits": 8, "weight_fraction": 6}
    specification = Specification.from_mapping({"layers": layers, "formats": formats, "update": {"shifts": [4]}})
    share, count = random.choice([0.0, 0.1, 0.5, 0.9, 1.0]), random.randint(1, 40)
    inputs = draw.integers(0, 1 << formats["input_bits"], (count, layers[0])) * (
        draw.random((count, layers[0])) < share
    )
    labels = draw.integers(0, classes, count)
    content = b"".join(pack_samples(specification, inputs, labels))
    parts = list(unpack_samples(specification, content))
    found = [np.concatenate([part[k] for part in parts]) for k in range(2)]
    differs = not np.array_equal(found[0], inputs) or not np.array_equal(found[1], labels)
    differs = differs or b"".join(pack_samples(specification, *found)) != content
    counts = {"samples": count, "bytes": len(content)}
    return Found(counts, f"the samples change: {layers}, {formats}" if differs else None)


PACKED_SAMPLES = Claim(
    name="packed-samples",
    claim="Samples that are packed and unpacked are the same, and packing them again gives the same bytes.",
    evidence="random samples of 1 to 90 inputs with 1 to 16 bits each, from blank to dense, and up to 1,000 classes",
    unit="samples",
    not_covered="the hardware that unpacks them, which the claim `flash` and the tests of the sample unpacker try",
    quick=300,
    full=10_000,
    together=300,
    run=_pack,
)
