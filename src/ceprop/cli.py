"""The command `ceprop`: one verb a file in `commands/`; every error is one line and exit code 2."""

import sys
from collections.abc import Sequence

import click

from . import __version__
from .commands.bench import bench
from .commands.bench_scaling import scaling
from .commands.boards import boards
from .commands.build import build
from .commands.demo import demo
from .commands.doctor import doctor
from .commands.estimate import estimate
from .commands.flash import flash
from .commands.gdu import gdu
from .commands.generate import generate
from .commands.pack import pack
from .commands.reproduce import reproduce
from .commands.reproduce_angles import angle, gradient_angle
from .commands.run import run_board
from .commands.sim import sim
from .commands.study import study
from .commands.train import train
from .errors import CepropError
from .signals import Terminated, ending_by_exception


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ceprop")
def cli() -> None:
    """Equilibrium Propagation with Continual Weight Updates as hardware that learns, proven bit for bit.

    Exit codes: 0 done, 1 a comparison failed or a tool is missing (doctor), 2 bad input, 130 interrupted, 143 ended by
    SIGTERM.
    """


_BOARD_VERBS = (boards, build, flash, pack, run_board)
_VERBS = (doctor, demo, train, generate, sim, reproduce, bench, estimate, study, gdu, *_BOARD_VERBS)
for verb in _VERBS:
    cli.add_command(verb)
for experiment in (angle, gradient_angle):
    reproduce.add_command(experiment)
bench.add_command(scaling)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    try:
        with ending_by_exception():
            code = cli.main(arguments, prog_name="ceprop", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _refuse(error.format_message())
    except CepropError as error:
        return _refuse(str(error))
    except Terminated as error:
        click.echo(f"ceprop: {error}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("ceprop: interrupted", err=True)
        return 130
    return code if isinstance(code, int) else 0


def _refuse(message: str) -> int:
    click.echo(f"ceprop: {' '.join(message.split())}", err=True)
    return 2
