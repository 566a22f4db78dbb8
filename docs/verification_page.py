"""Writes verification.md from the results of `ceprop verify`: `python docs/verification_page.py`."""

import json
from pathlib import Path
from typing import Any

from ceprop.common.files import write_aside
from ceprop.verification.report import count_text

HERE = Path(__file__).parent
PAGE = HERE / "verification.md"
RUNS = {"verification.json": "The quick run", "verification-full.json": "The full run"}
"""The files of the results, and the title of the section of each."""

_START = """# Verification

This page is the evidence for what the project claims. It is made from the JSON of `ceprop verify`, and nobody writes
it by hand. Each row is a claim. The evidence says what one case draws and compares. The last column says what
the cases leave open.

`ceprop verify` repeats the quick run, and `ceprop verify --full` the full run. One claim is repeated by
`ceprop verify --claim NAME`. [Tests](testing.md) has the evidence of other kinds: proofs, mutants, levels below the
Verilog, and faults that were planted.
"""


def page(results: dict[str, dict[str, Any]]) -> str:
    """Return the page for the results, by the title of their section."""
    return "\n".join([_START, *(_section(title, result) for title, result in results.items())])


def results() -> dict[str, dict[str, Any]]:
    """Return the results that are there, by the title of their section."""
    return {
        title: json.loads((HERE / file).read_text(encoding="utf-8"))
        for file, title in RUNS.items()
        if (HERE / file).is_file()
    }


def _section(title: str, result: dict[str, Any]) -> str:
    claims = result["claims"]
    option = " --full" if result["full"] else ""
    machine, seconds = result["machine"], sum(claim["seconds"] for claim in claims)
    tools = ", ".join(f"{name} {version}" for name, version in result["tools"].items())
    rows = [_row(claim) for claim in claims]
    return f"""## {title}

- Command: `ceprop verify{option} --seed {result["seed"]} --json FILE`
- Commit: {result["commit"]}
- Cases: {sum(claim["cases"] for claim in claims):,}, of which {sum(claim["mismatches"] for claim in claims):,} differ
- Time: {result["seconds"] / 60:,.0f} minutes in all, and {seconds / 60:,.0f} minutes as the sum over all cases, on
  {machine["cores"]} cores, {machine["system"]} and {machine["machine"]}; other work on the machine is not recorded
- Tools: {tools}

| claim | evidence | count | mismatches | not covered | seconds |
|---|---|---|---|---|---|
{chr(10).join(rows)}
"""


def _row(claim: dict[str, Any]) -> str:
    cells = (
        f"`{claim['name']}`: {claim['claim']}",
        claim["evidence"],
        count_text(claim["cases"], claim["counts"]),
        f"{claim['mismatches']:,}",
        claim["not_covered"],
        f"{claim['seconds']:,.0f}",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    write_aside(PAGE, page(results()).encode())
