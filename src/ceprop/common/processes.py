"""Programs that ceprop starts. None of them outlives ceprop: they end when ceprop ends, even by SIGKILL."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ceprop.common.caches import cache_environment
from ceprop.common.errors import CepropError
from ceprop.common.scratch import private_folder

_GUARD = Path(__file__).with_name("guard.py")

Output = int | IO[bytes]
"""The destination of a program's output: an open file, or a constant of :mod:`subprocess`."""


@contextmanager
def started(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    output: Output = subprocess.DEVNULL,
    descriptors: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command while the context lasts, then kill it with all that it has started.

    The command runs in `folder`, reads nothing, writes both its streams to `output`, and inherits `descriptors`. It has
    a session of its own, because keys typed at our terminal are not meant for it. Its temporary files are removed. Its
    exit code is 127 where it cannot be started, and 128 plus the number of the signal that ended it.
    """
    with private_folder() as temporary:
        added = {"TMPDIR": str(temporary)} | cache_environment()
        watched, ours = os.pipe()
        try:
            process = subprocess.Popen(
                # -I and -S start it in a few milliseconds, and nothing in `folder` is imported.
                [sys.executable, "-I", "-S", str(_GUARD), str(watched), *command],
                cwd=folder,
                env=dict(os.environ if environment is None else environment) | added,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL if output is subprocess.DEVNULL else subprocess.STDOUT,
                pass_fds=(watched, *descriptors),
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(watched)
        try:
            yield process
        finally:
            os.close(ours)
            process.wait()


def run_to_end(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    output: Output = subprocess.DEVNULL,
    seconds: float | None = None,
) -> int:
    """Run a command as :func:`started` does until it ends, and return its exit code.

    Raises :class:`CepropError` where it takes longer than `seconds`.
    """
    with started(command, folder=folder, environment=environment, output=output) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CepropError(f"{Path(command[0]).name}: took longer than {seconds:g} s and was ended") from None


def output_of(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> tuple[int, str]:
    """Run a command as :func:`run_to_end` does; return its exit code and all that it wrote."""
    with tempfile.TemporaryFile() as file:
        code = run_to_end(command, folder=folder, environment=environment, output=file, seconds=seconds)
        file.seek(0)
        return code, file.read().decode(errors="replace")
