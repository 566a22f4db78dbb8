"""`ceprop doctor`: the installed tools, and how to get the others."""

from dataclasses import asdict
from pathlib import Path

import click

from ceprop import __version__
from ceprop.commands.options import json_option
from ceprop.common.report import Report


@click.command(short_help="Show the tools and how to get missing ones.")
@json_option
def doctor(json_file: Path | None) -> int:
    """Show the installed tools, and how to get the missing ones. The exit code is 1 if `ceprop demo` cannot run."""
    from ceprop.boards.tools import find_tools

    report = Report(json_file)
    tools = find_tools()
    rows = [(tool.name, tool.version or "missing", tool.where or tool.problem, tool.needed_for) for tool in tools]
    report.table(f"ceprop {__version__}", rows, ("tool", "version", "where, or how to get it", "needed for"))
    missing = [tool.name for tool in tools if tool.required and not tool.found]
    report.say(f"`ceprop demo` cannot run without: {', '.join(missing)}" if missing else "`ceprop demo` can run.")
    report.result({"version": __version__, "ready": not missing, "tools": [asdict(tool) for tool in tools]})
    return 1 if missing else 0
