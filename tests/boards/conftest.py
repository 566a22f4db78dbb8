"""What the tests of all boards share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from ceprop.boards.virtual import executable


@contextmanager
def _soon_compiled() -> Iterator[None]:
    options = ("--output-split", "0", "-MAKEFLAGS", "OPT_FAST=-O0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executable, "_ARGUMENTS", (*executable._ARGUMENTS, *options))
        yield


@pytest.fixture(scope="session")
def soon_compiled() -> Callable[[], AbstractContextManager[None]]:
    """Where virtual boards are compiled from one file of C++ and without optimisation. For a board that runs for a few
    seconds at most, this saves most of the time."""
    return _soon_compiled
