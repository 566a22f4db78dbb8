"""What holds for every test."""

import gc
import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ceprop.specification import Specification

# Before numpy is imported: the matrices here are small, and tests run beside each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Amaranth makes millions of small objects that all live as long as their design. Looking through them for garbage takes
# a fifth of the time in which a design is made. A small core has 700,000 of them. So it is done once for several cores.
gc.set_threshold(3_000_000, 50, 50)

Damages = Callable[[bytes, int], Iterator[bytes]]


@pytest.fixture
def damages() -> Damages:
    """Gives that many damaged copies of a file's content, none of them equal to it: one altered byte in three of four,
    cut short in the others, and a byte more, nothing at all, and one byte less in the first three."""
    return _damages


def _damages(content: bytes, count: int) -> Iterator[bytes]:
    yield from (content + b"\n", b"", content[:-1])
    generator = random.Random(15)
    for number in range(count - 3):
        place = generator.randrange(len(content))
        if number % 4 == 0:
            yield content[:place]
        else:
            yield content[:place] + bytes([content[place] ^ generator.randrange(1, 256)]) + content[place + 1 :]


_TINY = """
name = "tiny"
layers = [9, 4]
[formats]
weight_bits = 12
weight_fraction = 12
[phases]
free_steps = 5
nudged_steps = 3
[update]
shifts = [8]
[array]
rows = 1
cols = 2
"""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A specification whose simulation takes a few seconds, most of them to start."""
    path = tmp_path_factory.mktemp("specification") / "tiny.toml"
    path.write_text(_TINY, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of IDX files for this specification: random images of 3x3 pixels in four classes."""
    folder, generator = tmp_path_factory.mktemp("images"), random.Random(1)
    for stem, count in (("train", 40), ("t10k", 10)):
        images, labels = bytes(generator.choices(range(256), k=9 * count)), bytes(generator.choices(range(4), k=count))
        for kind, sizes, content in (("images-idx3", (count, 3, 3), images), ("labels-idx1", (count,), labels)):
            head = bytes([0, 0, 8, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)
            (folder / f"{stem}-{kind}-ubyte").write_bytes(head + content)
    return folder


@pytest.fixture(scope="session")
def small_board() -> "Specification":
    """A network for a whole board that is placed, routed and simulated. The samples of its comparison look up the bit
    of a look-up table that its seed chooses."""
    from ceprop.specification import Specification

    return Specification.from_mapping(
        {
            "name": "small",
            "layers": [5, 3],
            "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
            "phases": {"free_steps": 4, "nudged_steps": 3},
            "update": {"rounding": "stochastic", "shifts": [4]},
            "array": {"rows": 1, "cols": 1, "memory_words": 64},
        }
    )


@pytest.fixture(scope="session")
def small_board_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for this board. Place and route takes most of a minute. So the tests that need the board are in the
    group `a board below the RTL`, and only the first of them builds it."""
    return tmp_path_factory.mktemp("small board")


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """A folder whose name has a space, quotes, what means something to a shell, to make, to a search path or to the
    tables in the terminal, a letter that is not ASCII, and a byte that is no text."""
    folder = tmp_path / os.fsdecode(b"a b'\"$x#:;%\\\xc3\xbc[/b]\xff")
    folder.mkdir(parents=True)
    return folder


@contextmanager
def _soon_compiled() -> Iterator[None]:
    # Not at the top of this file, because it imports numpy, and the variable above must be set before.
    from ceprop.boards.virtual import executable

    options = ("-MAKEFLAGS", "OPT_FAST=-O0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executable, "_ARGUMENTS", (*executable._ARGUMENTS, *options))
        yield


@pytest.fixture(scope="session")
def soon_compiled() -> Callable[[], AbstractContextManager[None]]:
    """Where virtual boards are compiled without optimisation. This saves half of the time for a board that runs for a
    few seconds at most."""
    return _soon_compiled
