"""The report of a board that was compared with the golden model, as a table and as JSON."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from ceprop.boards.host import Proof, Speed
from ceprop.common.report import Report


def show_proof(
    report: Report,
    proof: Proof,
    values: dict[str, Any],
    rows: Sequence[tuple[str, str]] = (),
) -> int:
    """Show a comparison as a table that begins with `rows`, and write it as JSON with `values`; return the
    exit code."""
    driver = proof.driver
    statistics, geometry = driver.link.statistics, driver.geometry
    speed = Speed.of_proof(proof) if proof.learned.samples else None
    digest = proof.found.weights_sha256()
    first = proof.first_mismatch
    if first is not None:
        first = f"{first} (seed {geometry.specification.seed}; {shlex.join(['ceprop', *sys.argv[1:]])})"
    table = [
        *rows,
        *(speed.rows() if speed else []),
        ("frames, sent again", f"{statistics.frames_sent:,}, {statistics.frames_resent:,}"),
        ("bytes to and from the board", f"{statistics.bytes_sent:,}, {statistics.bytes_received:,}"),
        ("weights_sha256", digest),
        ("mismatches", f"{proof.mismatches:,}"),
    ]
    place = {"board": driver.board, "port": driver.link.port, "array": [geometry.rows, geometry.cols]}
    compared = {"weights_sha256": digest, "mismatches": proof.mismatches, "first_mismatch": first}
    speeds = asdict(speed) if speed else {}
    report.table(f"{geometry.specification.name} on {driver.board}, port {driver.link.port}", table)
    report.result(place | values | speeds | {"link": asdict(statistics)} | compared)
    if first is not None:
        click.echo(f"ceprop: {first}", err=True)
        return 1
    return 0
