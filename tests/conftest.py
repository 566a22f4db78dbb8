"""What holds for every test."""

import gc
import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

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
layers = [64, 10]
[formats]
weight_bits = 12
weight_fraction = 12
[phases]
free_steps = 5
nudged_steps = 3
[update]
shifts = [8]
[quantiser]
high = 16
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
