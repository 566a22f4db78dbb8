"""The command `ceprop`. Each verb is a file in `commands/`. Every error is one line, and its exit code tells
its kind."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import click

from ceprop import __version__
from ceprop.commands.bench import bench
from ceprop.commands.bench_scaling import scaling
from ceprop.commands.boards import boards
from ceprop.commands.build import build
from ceprop.commands.demo import demo
from ceprop.commands.doctor import doctor
from ceprop.commands.estimate import estimate
from ceprop.commands.flash import flash
from ceprop.commands.gdu import gdu
from ceprop.commands.generate import generate
from ceprop.commands.pack import pack
from ceprop.commands.reproduce import reproduce
from ceprop.commands.reproduce_angles import angle, gradient_angle
from ceprop.commands.run import run_board
from ceprop.commands.sim import sim
from ceprop.commands.study import study
from ceprop.commands.train import train
from ceprop.commands.verify import verify
from ceprop.common.caches import cache_environment, matplotlib_environment
from ceprop.common.ending import REFUSED, be_silent_about_unused_parts, ended, say
from ceprop.common.errors import CepropWarning, one_line
from ceprop.common.signals import ending_by_exception


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ceprop")
@click.option("--debug", is_flag=True, help="Show the traceback of an error. It stands before the verb.")
def cli(debug: bool) -> None:
    """Equilibrium Propagation with Continual Weight Updates as hardware that learns, proven bit for bit.

    Exit codes: 0 done; 1 a comparison failed, or a tool is missing (doctor only); 2 bad input, or something outside
    ceprop failed; 70 a fault of ceprop itself; 130 interrupted; 141 the reader of the output has gone; 143 ended by
    SIGTERM.
    """


_BOARD_VERBS = (boards, build, flash, pack, run_board)
_VERBS = (doctor, demo, train, generate, sim, reproduce, verify, bench, estimate, study, gdu, *_BOARD_VERBS)
for verb in _VERBS:
    cli.add_command(verb)
for experiment in (angle, gradient_angle):
    reproduce.add_command(experiment)
bench.add_command(scaling)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its code."""
    closed = sys.stdout is None  # pyright: ignore[reportUnnecessaryComparison]
    _open_closed_streams()
    if closed:
        sys.exit(say("the standard output is closed; send it to a file or to /dev/null", REFUSED))
    for stream in (sys.stdout, sys.stderr):
        # The name of a file may hold bytes that are no text. They are shown as escapes.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
    sys.exit(run(arguments))


def _open_closed_streams() -> None:
    """Open /dev/null for each standard stream that is closed.

    Otherwise the next file that is opened would take the place of the stream, and tools would write into that file.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            # open() takes the lowest free descriptor, which is that of the closed stream.
            opened = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(opened, "w" if opened else "r", closefd=False))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit code."""
    debug = "--debug" in (sys.argv[1:2] if arguments is None else arguments[:1])
    try:
        code = _run(arguments)
        be_silent_about_unused_parts()
        sys.stdout.flush()
        return code
    except BaseException as error:
        if debug and not isinstance(error, click.exceptions.Exit):
            traceback.print_exc()
        return ended(error)


def _run(arguments: Sequence[str] | None) -> int:
    # Numba and Matplotlib run in this process and read these variables.
    os.environ.update(cache_environment() | matplotlib_environment())
    with ending_by_exception(), warnings.catch_warnings():
        # Not "once": Python forgets what it has shown whenever a filter changes, which Numba does while it compiles.
        warnings.simplefilter("always", CepropWarning)
        warnings.showwarning = _show_warning(warnings.showwarning)
        code = cli.main(arguments, prog_name="ceprop", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _show_warning(show: Callable[..., None]) -> Callable[..., None]:
    """Show a warning of this program once and in one line, and every other warning as `show` does."""
    shown: set[str] = set()

    def show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        line = f"ceprop: warning: {one_line(str(message))}"
        if not issubclass(category, CepropWarning):
            show(message, category, *where, **more)
        elif line not in shown:
            shown.add(line)
            click.echo(line, err=True)

    return show_warning
