"""Types of the command line's values. A value that cannot be right is refused before any work begins."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ceprop.common.errors import CepropError
from ceprop.common.files import check_folder, check_target

SAMPLES = click.IntRange(1, 100_000)
"""Samples that are simulated, counted or packed one by one. MNIST has 60,000 in an epoch."""

LEARNED_SAMPLES = click.IntRange(0, 10**9)
"""Samples that the golden model learns from."""

EPOCHS = click.IntRange(1, 1_000_000)
"""The last epoch that a specification's schedule of rates can name."""

_CLAIMS = "ceprop.claims"


def _claim(path: Path, param: click.Parameter | None, ctx: click.Context | None, *, written: bool) -> str | None:
    """Note which option names a file, and whether the option writes the file.

    Return the option that named the same file before, where one of the two would overwrite the other's file. Any number
    of options may name a device, such as /dev/null.
    """
    if param is None or ctx is None or (path.exists() and not path.is_file()):
        return None
    claims: dict[str, tuple[str, bool]] = ctx.meta.setdefault(_CLAIMS, {})
    own = param.get_error_hint(ctx)
    other, other_writes = claims.setdefault(os.path.realpath(path), (own, written))
    return other if other != own and (written or other_writes) else None


class InputFile(click.Path):
    """A file that is read. Its reader reports what is wrong with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as a path. Fails where another option writes the same file."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        _refuse_shared(self, path, param, ctx, written=False)
        return path


def _refuse_shared(
    kind: click.ParamType, path: Path, param: click.Parameter | None, ctx: click.Context | None, *, written: bool
) -> None:
    try:
        other = _claim(path, param, ctx, written=written)
    except (OSError, ValueError):
        return  # the reader or writer of the file reports what is wrong with it
    if other is not None:
        kind.fail(f"{path} is the file of {other} too, and one would overwrite the other", param, ctx)


INPUT_FILE = InputFile()


class _Output(click.Path):
    """A path that is checked when the command line is read, not after the work.

    `check` raises :class:`CepropError` where nothing can be written.
    """

    def __init__(self, check: Callable[[Path], None]) -> None:
        super().__init__()
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as a path that can be written."""
        if value in ("", b""):
            self.fail("the name is empty", param, ctx)
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        try:
            self._check(path)
        except CepropError as error:
            self.fail(str(error), param, ctx)
        return path


class OutputFile(_Output):
    """A file that will be written (:func:`ceprop.common.files.check_target`), and that no other option names."""

    def __init__(self) -> None:
        super().__init__(check_target)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as a path that can be written and that no other option names."""
        path = super().convert(value, param, ctx)
        _refuse_shared(self, path, param, ctx, written=True)
        return path


class OutputFolder(_Output):
    """A folder in which files will be written. It is made if it is missing."""

    def __init__(self) -> None:
        super().__init__(check_folder)


class JsonFile(OutputFile):
    """An :class:`OutputFile`, or "-" for the standard output."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as :class:`OutputFile` does, or the path "-" for standard output."""
        return Path("-") if value == "-" else super().convert(value, param, ctx)


class PngFile(OutputFile):
    """An :class:`OutputFile` for a plot. Plots are PNG files, so the name must end in .png, unless it is a device."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as :class:`OutputFile` does. Fails where the name of a new file has another suffix."""
        path = super().convert(value, param, ctx)
        if path.suffix.lower() != ".png" and (path.is_file() or not path.exists()):
            self.fail(f"{value}: must end in .png, because plots are PNG files", param, ctx)
        return path


OUTPUT_FILE = OutputFile()
PNG_FILE = PngFile()
OUTPUT_FOLDER = OutputFolder()
JSON_FILE = JsonFile()


class FiniteRange(click.FloatRange):
    """A range of numbers. Unlike click's own range, it refuses "nan"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as a number. Fails for "nan" and for infinity."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} must be a finite number", param, ctx)
        return number


CLOCK_MHZ = FiniteRange(1, 500)
"""Clocks of a core in MHz."""


class SamplesOrAll(click.IntRange):
    """A number of samples from 2, or "all", which becomes None."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or None for "all". Fails for anything else."""
        return None if value == "all" else super().convert(value, param, ctx)


SAMPLES_OR_ALL = SamplesOrAll(2, SAMPLES.max)
"""Samples of a bench, which has at least two."""
