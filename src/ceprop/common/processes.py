"""Programs that ceprop starts. None of them outlives ceprop: they end when ceprop ends, even by SIGKILL."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Lock
from typing import IO, TypeVar

from ceprop.common.caches import cache_environment
from ceprop.common.errors import CepropError
from ceprop.common.scratch import private_folder

_GUARD = Path(__file__).with_name("guard.py")

Result = TypeVar("Result")

Output = int | IO[bytes]
"""The destination of a program's output: an open file, or a constant of :mod:`subprocess`."""


class _Leash:
    """The end of the pipe that a guard watches. The guard's command lives until it is released."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        self._lock = Lock()

    def release(self) -> None:
        """Let the guard kill its command. A second call does nothing."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = None


class _Together:
    """The commands of calls that run at once and end together."""

    def __init__(self) -> None:
        self._leashes: set[_Leash] = set()
        self._over = False
        self._lock = Lock()
        self.failure: BaseException | None = None
        """What the first call to fail has raised."""

    def make(self, call: Callable[[], Result]) -> Result:
        """Make a call. If it raises, everything ends; where that has happened already, it is not made."""
        with self._lock:
            if self._over:
                raise CancelledError
        try:
            return call()
        except BaseException as error:
            with self._lock:
                self.failure = self.failure or error
            self.end()
            raise

    def hold(self, leash: _Leash) -> None:
        """Add a command. It ends at once where all have been ended."""
        with self._lock:
            self._leashes.add(leash)
            if self._over:
                leash.release()

    def forget(self, leash: _Leash) -> None:
        """Take a command out that has ended."""
        with self._lock:
            self._leashes.discard(leash)

    def end(self) -> None:
        """End all commands, and every one that is still added."""
        with self._lock:
            self._over = True
            for leash in self._leashes:
                leash.release()


_TOGETHER: ContextVar[_Together | None] = ContextVar("together", default=None)
"""What the commands of this thread end with; see :func:`in_parallel`."""


def processor_cores() -> int:
    """How many processor cores this program may use."""
    return len(os.sched_getaffinity(0))


def in_parallel(calls: Sequence[Callable[[], Result]], jobs: int) -> list[Result]:
    """Make these calls, at most `jobs` of them at once, each in a thread, and return their results in order.

    Where a call raises, or this thread is interrupted, all commands that the calls have started are ended, no further
    call begins, and the exception is raised. The calls do nothing for long but wait for such commands.
    """
    together = _Together()
    with ThreadPoolExecutor(jobs, initializer=lambda: _TOGETHER.set(together)) as threads:
        try:
            futures = [threads.submit(together.make, call) for call in calls]
            wait(futures, return_when=FIRST_EXCEPTION)
            if together.failure is not None:
                raise together.failure
            return [future.result() for future in futures]
        except BaseException:
            together.end()
            raise


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
        leash, together = _Leash(ours), _TOGETHER.get()
        try:
            if together is not None:
                together.hold(leash)
            yield process
        finally:
            leash.release()
            process.wait()
            if together is not None:
                together.forget(leash)


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
