"""`ceprop generate`: the hardware as one Verilog file."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ceprop.commands.options import json_option, primitives_option, specification_options
from ceprop.commands.types import OUTPUT_FOLDER
from ceprop.common.files import write_aside
from ceprop.common.locks import only_in
from ceprop.common.report import Report, as_json
from ceprop.common.scratch import private_folder
from ceprop.specification import Geometry, Specification

if TYPE_CHECKING:
    from ceprop.hdl import GeneratedCore
    from ceprop.hdl.devices.primitives import Primitives


@click.command(short_help="Write the Verilog of SPEC and its manifest.")
@specification_options
@click.option("-o", "--output", required=True, type=OUTPUT_FOLDER, metavar="DIR", help="Folder to write.")
@click.option(
    "--lint",
    is_flag=True,
    help="Check the Verilog with Verilator, Icarus and yosys first. Nothing is written if one of them refuses it.",
)
@primitives_option
@json_option
def generate(specification: Specification, output: Path, lint: bool, primitives: str, json_file: Path | None) -> None:
    """Write the hardware of SPEC to DIR: a file of Verilog-2005, and a manifest of its ports, registers and widths."""
    from ceprop.hdl import generate as generate_core
    from ceprop.hdl.devices.primitives import primitives_named

    report = Report(json_file)
    click.get_current_context().with_resource(only_in(output))
    Geometry(specification)  # refuses a specification that the hardware cannot learn, before anything is made
    parts = primitives_named(primitives)
    with report.stages() as say:
        say("building the cells and writing their Verilog")
        core = generate_core(specification, parts)
        say("checking with Verilator, Icarus and yosys")
        accepted = _lint(core, parts) if lint else []
        values = write_core(specification, core, output)
    values["primitives"] = primitives
    values["lint"] = [{"tool": tool, "version": version} for tool, version in accepted]
    rows = [
        ("Verilog", values["verilog"]),
        ("manifest", values["manifest"]),
        ("size", f"{values['bytes']:,} bytes"),
        ("sha256", values["sha256"]),
        ("accepted by", ", ".join(f"{tool} {version}" for tool, version in accepted) or "not checked (see --lint)"),
    ]
    report.table(f"{core.top}: {values['rows']}x{values['cols']} cells", rows)
    report.result(values)


def write_core(specification: Specification, core: "GeneratedCore", folder: Path) -> dict[str, Any]:
    """Write Verilog and manifest to `folder`; return their paths and digests as JSON has them."""
    content = core.verilog.encode()
    verilog, manifest = folder / f"{specification.name}.v", folder / f"{specification.name}.json"
    write_aside(verilog, content)
    write_aside(manifest, as_json(core.manifest).encode())
    geometry = Geometry(specification)
    return {
        "verilog": str(verilog),
        "manifest": str(manifest),
        "top": core.top,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "rows": geometry.rows,
        "cols": geometry.cols,
        "build_digest": specification.build_digest,
        "learning_digest": specification.learning_digest,
    }


def _lint(core: "GeneratedCore", primitives: "Primitives") -> list[tuple[str, str]]:
    from ceprop.sim.lint import lint

    with private_folder() as folder:
        verilog = folder / f"{core.top}.v"
        verilog.write_text(core.verilog, encoding="utf-8")
        return lint(verilog, core.top, primitives)
