"""The end of a command: one line on standard error, and an exit code that tells what kind of end it was."""

import errno
import os
import sys
import warnings

import click

from ceprop.common.errors import CepropError, one_line
from ceprop.common.signals import Terminated

REFUSED, FAULT, INTERRUPTED, PIPE_CLOSED = 2, 70, 130, 141
"""Exit codes other than 0 and 1: bad input; a fault of the program (EX_SOFTWARE of sysexits.h); for SIGINT and SIGPIPE,
128 plus the number of the signal, as in a shell."""


def ended(error: BaseException) -> int:
    """Report in one line what ended the command, and return the command's exit code."""
    be_silent_about_unused_parts()
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return REFUSED
        case click.ClickException():
            return say(error.format_message(), REFUSED)
        case CepropError():
            return say(str(error), REFUSED)
        case click.Abort() | KeyboardInterrupt():
            return say("interrupted", INTERRUPTED)
        case Terminated():
            return say(str(error), error.exit_code)
        case BrokenPipeError() | SystemExit(code=1):  # click turns the first into the second
            _forget_output()
            return PIPE_CLOSED
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EROFS | errno.EACCES | errno.EPERM):
            _forget_output()
            place = "the output" if error.filename is None else str(error.filename)
            return say(f"cannot write or open {place}: {error.strerror}", REFUSED)
        case MemoryError():
            return say("out of memory; smaller layers, fewer samples or a machine with more memory may do", REFUSED)
        case Exception():
            remedy = "this is a fault of ceprop: please report what `ceprop --debug VERB ...` prints"
            return say(f"{type(error).__name__}: {one_line(str(error), 120)}; {remedy}", FAULT)
    raise error


def be_silent_about_unused_parts() -> None:
    """Silence Amaranth's warning about parts of a design that are never used.

    Amaranth gives it for each part when the part is freed. A command that ends early frees all of them, and a part that
    is asked only for its latency is never used either.
    """
    amaranth = sys.modules.get("amaranth.hdl")
    if amaranth is not None:
        warnings.filterwarnings("ignore", category=amaranth.UnusedElaboratable)


def _forget_output() -> None:
    """Keep the interpreter from writing at its end what could not be written now."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # standard output has no descriptor, as in a test


def say(message: str, code: int) -> int:
    """Report on standard error, in one line, why the command ends, and return the exit code."""
    click.echo(f"ceprop: {one_line(message)}", err=True)
    return code
