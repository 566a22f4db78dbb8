"""Makes python_mutation.json and the tables of python_mutation.md: `python docs/results/python_mutation.py`.

Small changes are made in the Python sources, and the tests try to find each of them. With --folder, only the mutants of
this folder are tried, and the figures of the others stay as they are. An interrupted run goes on.
"""

import argparse
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mutation import commit, filled

from ceprop.common.errors import CepropError
from ceprop.common.files import check_folder, write_aside
from ceprop.common.locks import only_in
from ceprop.common.report import Report, as_json, percent
from ceprop.verification.kept import tool_versions
from ceprop.verification.python_mutation import (
    FOLDERS,
    KeptVerdicts,
    PythonCampaign,
    SourceMutant,
    SourceScore,
    SourceVerdict,
    source_score,
    source_scores,
)

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULT, PAGE = HERE / "python_mutation.json", HERE / "python_mutation.md"
SEED = 1
PACKAGES = ("cosmic-ray", "hypothesis", "pytest")

Fates = list[tuple[SourceMutant, SourceVerdict]]


def checkout_files() -> tuple[str, ...]:
    """The files of the checkout, with new ones, but without those that git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = (name for name in listed.split("\0") if name)
    return tuple(name for name in names if (ROOT / name).exists())


def numbers(score: SourceScore) -> dict[str, Any]:
    """A score as JSON has it."""
    counts = {"mutants": score.mutants, "killed": score.killed, "survived": score.survived}
    return counts | {"undecided": score.undecided, "score": score.share}


def killers(fates: Fates) -> dict[str, int]:
    """How many mutants each file of tests killed."""
    found: dict[str, int] = {}
    for _, verdict in fates:
        if verdict.killer is not None:
            name = verdict.killer.partition("::")[0]
            found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def survivors(fates: Fates) -> list[dict[str, Any]]:
    """The mutants that survived, and what they change."""
    return [
        {
            "file": mutant.file,
            "line": mutant.line,
            "change": mutant.change,
            "operator": mutant.operator,
            "occurrence": mutant.occurrence,
            "undecided": verdict.undecided,
        }
        for mutant, verdict in fates
        if verdict.killer is None
    ]


def tools() -> dict[str, str]:
    """The versions of what the tests use, and of what makes and tries the mutants."""
    return tool_versions() | {name: importlib.metadata.version(name) for name in PACKAGES}


def figures(fates: Fates, options: argparse.Namespace) -> dict[str, Any]:
    """What is published of a folder."""
    return {
        "seed": SEED,
        "deadline_seconds": options.deadline,
        "commit": commit(),
        "tools": tools(),
        "score": numbers(source_score([verdict for _, verdict in fates])),
        "killers": killers(fates),
        "files": {file: numbers(score) for file, score in source_scores(fates).items()},
        "survivors": survivors(fates),
    }


def table(title: str, scores: dict[str, dict[str, Any]]) -> str:
    """A Markdown table with a row per name."""
    columns = ("mutants", "killed", "survived", "undecided")
    rows = [[title, *columns, "score"], ["---"] * 6]
    for name, score in scores.items():
        rows.append([name, *(f"{score[column]:,}" for column in columns), percent(score["score"])])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def survivor_table(folders: dict[str, Any]) -> str:
    """A Markdown table with a row per survivor."""
    rows = ["| place | change |", "| --- | --- |"]
    for folder in folders.values():
        for each in folder["survivors"]:
            # Two backticks may hold one, and a bar would end the cell.
            change = each["change"].replace("|", "\\|")
            undecided = " (undecided)" if each["undecided"] else ""
            rows.append(f"| {each['file']}:{each['line']} | `` {change} ``{undecided} |")
    return "\n".join(rows)


def publish(found: dict[str, Any]) -> None:
    """Write python_mutation.json with the figures of these folders in place of older ones, and the tables of
    python_mutation.md."""
    old = json.loads(RESULT.read_text(encoding="utf-8"))["folders"] if RESULT.exists() else {}
    both = old | found
    folders = {folder.name: both[folder.name] for folder in FOLDERS if folder.name in both}
    write_aside(RESULT, as_json({"folders": folders}).encode())
    files = {file: score for folder in folders.values() for file, score in folder["files"].items()}
    text = PAGE.read_text(encoding="utf-8")
    text = filled(text, "folders", table("folder", {name: each["score"] for name, each in folders.items()}))
    text = filled(text, "files", table("file", files))
    write_aside(PAGE, filled(text, "survivors", survivor_table(folders)).encode())


def at_least_one(text: str) -> int:
    """A whole number of the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number of at least 1")
    return int(text)


def arguments() -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", choices=[folder.name for folder in FOLDERS], help="only this folder")
    parser.add_argument("--mutants", type=at_least_one, default=300, help="mutants of each folder")
    parser.add_argument("--jobs", type=at_least_one, default=2, help="mutants that are tried at once")
    parser.add_argument("--deadline", type=at_least_one, default=120, help="seconds for one mutant")
    parser.add_argument("--build", type=Path, default=ROOT / "build/python_mutation", help="keeps finished mutants")
    parser.add_argument("--no-publish", action="store_true", help="only print the figures")
    return parser.parse_args()


def main() -> int:
    """Run the campaigns of the folders, and publish after each of them."""
    options, report = arguments(), Report()
    try:
        check_folder(options.build)
        with only_in(options.build):
            for folder in FOLDERS:
                if options.folder in (None, folder.name):
                    kept = KeptVerdicts(options.build / "verdicts.jsonl")
                    count, deadline = options.mutants, options.deadline
                    campaign = PythonCampaign(ROOT, checkout_files(), folder, count, SEED, deadline, kept)
                    found = figures(campaign.run(report.say, options.jobs), options)
                    report.say(table(folder.name, {"all": found["score"]} | found["files"]))
                    if not options.no_publish:
                        publish({folder.name: found})
    except CepropError as error:
        print(f"python_mutation: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
