"""Options that several verbs share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ceprop.commands.types import INPUT_FILE, JSON_FILE, OUTPUT_FOLDER, SAMPLES
from ceprop.specification import Specification

Verb = Callable[..., Any]


def override_options(verb: Verb) -> Verb:
    """Add `--set key=value`, which may be repeated, and `--seed`. The verb gets one list, `overrides`."""

    @click.option(
        "--set",
        "fields",
        multiple=True,
        metavar="KEY=VALUE",
        help="Set a field of the specification, for example array.rows=2. May be repeated.",
    )
    @click.option("--seed", metavar="S", help="Short for --set seed=S.")
    @wraps(verb)
    def with_overrides(*arguments: Any, fields: tuple[str, ...], seed: str | None, **options: Any) -> Any:
        overrides = [*fields, *([] if seed is None else [f"seed={seed}"])]
        return verb(*arguments, overrides=overrides, **options)

    return with_overrides


def specification_options(verb: Verb) -> Verb:
    """Add the argument SPEC and its overrides. The verb gets a `specification`."""

    @click.argument("spec", type=INPUT_FILE)
    @override_options
    @wraps(verb)
    def with_specification(*arguments: Any, spec: Path, overrides: list[str], **options: Any) -> Any:
        return verb(*arguments, specification=Specification.load(spec, overrides), **options)

    return with_specification


json_option = click.option(
    "--json",
    "json_file",
    type=JSON_FILE,
    metavar="FILE",
    help="Write the result as JSON to this file; - is standard output.",
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
    help="Data: scikit-learn's digits, or a folder with the four IDX files of MNIST.",
)

held_out_option = click.option(
    "--held-out",
    type=click.IntRange(0, SAMPLES.max),
    default=0,
    show_default=True,
    metavar="M",
    help="Samples of the test set in flash, which are evaluated after each epoch.",
)

primitives_option = click.option(
    "--primitives",
    type=click.Choice(["portable", "ecp5", "ice40"]),
    default="portable",
    show_default=True,
    help="Cells of which multipliers and weight memories are made.",
)


def parse_seeds(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Return the seeds of a list between commas. Raises :class:`click.BadParameter` where two are equal."""
    try:
        seeds = tuple(int(seed) for seed in value.split(","))
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise click.BadParameter(f"{value!r}: must be different numbers from 0 between commas, for example 1,2,3")
    return seeds


def seeds_option_from(
    default: str, help_text: str = "Seeds, one run each, for example 1,2,3."
) -> Callable[[Verb], Verb]:
    """Return the option `--seeds` with this default."""
    return click.option(
        "--seeds", default=default, show_default=True, metavar="LIST", callback=parse_seeds, help=help_text
    )


seeds_option = seeds_option_from("1")
board_option = click.option(
    "--board", required=True, metavar="NAME", help="Name of the board, as `ceprop boards` lists it."
)
out_option = click.option(
    "--out",
    type=OUTPUT_FOLDER,
    default=Path("build/reproduce"),
    show_default=True,
    metavar="FOLDER",
    help="Folder for checkpoints and plots. An interrupted run goes on from there.",
)
