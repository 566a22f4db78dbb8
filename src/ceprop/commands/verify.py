"""`ceprop verify`: what the project claims, and the evidence for it."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.options import json_option
from ceprop.commands.types import OUTPUT_FOLDER
from ceprop.common.errors import CepropError
from ceprop.common.report import Report
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.verification import Claim


@click.command(short_help="Run the evidence for every claim of the project.")
@click.option("--full", is_flag=True, help="Run many more cases of each claim. This takes hours.")
@click.option(
    "--claim", "names", multiple=True, metavar="NAME", help="Run the cases of this claim only. May be repeated."
)
@click.option(
    "--case",
    "number",
    type=click.IntRange(min=0),
    metavar="N",
    help="Run case N only. A difference is reported with this command.",
)
@click.option(
    "--set",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="Give the cases this specification in place of a random one. Every option sets a field; the other fields have "
    "their defaults. May be repeated.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, metavar="S", help="Seed of all cases."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Processes at once. The default is the number of processor cores.",
)
@click.option(
    "--build",
    type=OUTPUT_FOLDER,
    default=Path("build/verify"),
    show_default=True,
    metavar="DIR",
    help="Folder that keeps finished cases. An interrupted run goes on from there.",
)
@json_option
def verify(
    full: bool,
    names: tuple[str, ...],
    number: int | None,
    fields: tuple[str, ...],
    seed: int,
    jobs: int | None,
    build: Path,
    json_file: Path | None,
) -> int:
    """Show what the project claims, the evidence for each claim, and what the evidence does not cover.

    The evidence is a number of cases, which are drawn from the seed. Without --full, all cases take about 14
    minutes of processor time. A finished case is kept and not run again, until the sources of ceprop or its tools
    change. The exit code is 1 if a comparison failed.
    """
    from ceprop.common.processes import processor_cores
    from ceprop.verification import CLAIMS, Campaign, claim_named
    from ceprop.verification.kept import digest_of, package_sources, tool_versions
    from ceprop.verification.report import COLUMNS, as_result, table_rows

    report = Report(json_file)
    claims = [claim_named(name) for name in dict.fromkeys(names)] or CLAIMS
    tools = tool_versions()
    given = _given_specification(fields, claims)
    digest = digest_of(sorted(package_sources()), tools)
    numbers = {claim: range(claim.full if full else claim.quick) if number is None else [number] for claim in claims}
    started = time.monotonic()
    build.mkdir(parents=True, exist_ok=True)
    with report.progress("verifying") as advance:
        results = Campaign(numbers, seed, jobs or processor_cores(), build, digest, given).run(advance)
    report.table(f"claims, seed {seed}", table_rows(results), COLUMNS)
    report.result(as_result(results, tools, seed, full, number, time.monotonic() - started))
    failed = [result for result in results if result.mismatches]
    for result in failed:
        click.echo(f"ceprop: {result.claim.name}, {result.first_mismatch}", err=True)
    return 1 if failed else 0


def _given_specification(fields: tuple[str, ...], claims: Sequence["Claim"]) -> Specification | None:
    """Return the specification that the options `--set` give, or None where there is none. Raises
    :class:`CepropError` where a field is wrong, and where a claim takes none."""
    if not fields:
        return None
    for claim in claims:
        if not claim.takes_specification:
            raise CepropError(f"--set {fields[0]}: the claim {claim.name} takes no specification; choose --claim")
    return Specification.from_overrides(fields)
