"""Options that several verbs share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ceprop.commands.types import INPUT_FILE, JSON_FILE, OUTPUT_FOLDER
from ceprop.specification import Specification

Verb = Callable[..., Any]


def override_options(verb: Verb) -> Verb:
    """`--set key=value`, repeatable, and `--seed`; the verb gets one list, `overrides`."""

    @click.option(
        "--set",
        "fields",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override a field of the specification, array.rows=2 say; may be given often.",
    )
    @click.option("--seed", metavar="S", help="Short for --set seed=S.")
    @wraps(verb)
    def with_overrides(*arguments: Any, fields: tuple[str, ...], seed: str | None, **options: Any) -> Any:
        overrides = [*fields, *([] if seed is None else [f"seed={seed}"])]
        return verb(*arguments, overrides=overrides, **options)

    return with_overrides


def specification_options(verb: Verb) -> Verb:
    """The argument SPEC with its overrides; the verb gets a `specification`."""

    @click.argument("spec", type=INPUT_FILE)
    @override_options
    @wraps(verb)
    def with_specification(*arguments: Any, spec: Path, overrides: list[str], **options: Any) -> Any:
        return verb(*arguments, specification=Specification.load(spec, overrides), **options)

    return with_specification


json_option = click.option(
    "--json", "json_file", type=JSON_FILE, metavar="FILE", help="Write the result as JSON; - is standard output."
)


def _data(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value:
        raise click.BadParameter("the name is empty; it must be digits or a folder")
    return value


data_option = click.option(
    "--data",
    callback=_data,
    default="digits",
    show_default=True,
    metavar="digits|FOLDER",
    help="scikit-learn's digits, or a folder with MNIST's four IDX files.",
)

primitives_option = click.option(
    "--primitives",
    type=click.Choice(["portable", "ecp5", "ice40"]),
    default="portable",
    show_default=True,
    help="What multipliers and weight memories are made of.",
)


def parse_seeds(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """The seeds of a list between commas, different from each other; raises :class:`click.BadParameter`."""
    try:
        seeds = tuple(int(seed) for seed in value.split(","))
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise click.BadParameter(f"{value!r}: must be different numbers from 0 between commas, 1,2,3 say")
    return seeds


def seeds_option_from(default: str, help_text: str = "One run a seed, 1,2,3 say.") -> Callable[[Verb], Verb]:
    """`--seeds` with a default of its own."""
    return click.option(
        "--seeds", default=default, show_default=True, metavar="LIST", callback=parse_seeds, help=help_text
    )


seeds_option = seeds_option_from("1")
board_option = click.option("--board", required=True, metavar="NAME", help="Board whose device is meant.")
out_option = click.option(
    "--out",
    type=OUTPUT_FOLDER,
    default=Path("build/reproduce"),
    show_default=True,
    metavar="FOLDER",
    help="Where checkpoints and plots go; a run that was interrupted goes on from there.",
)
