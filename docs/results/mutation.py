"""Makes mutation.json and the tables of mutation.md: `python docs/results/mutation.py [--build build/mutation]`.

Each design gets its mutants, the comparisons try to kill them, and yosys tries to prove that those which survive are
equivalent. An interrupted run goes on. With --only, the mutants of one design are tried, and nothing is published.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ceprop import Specification
from ceprop.common.files import write_aside
from ceprop.common.report import Report, as_json, percent
from ceprop.verification.kept import tool_versions
from ceprop.verification.mutation import (
    Campaign,
    CoreCampaign,
    Fate,
    LinkCampaign,
    MutatedCore,
    Score,
    score_of,
    scores_by_file,
)
from ceprop.verification.part_specifications import PART_SPECIFICATIONS

HERE = Path(__file__).parent
SEED = 1
SHORT = ("phases.free_steps=8", "phases.nudged_steps=4")
"""Steps of the phases. They keep the simulations short."""


def core(name: str, *fields: str) -> MutatedCore:
    """One of the specifications whose parts are simulated alone, with short phases."""
    return MutatedCore(name, PART_SPECIFICATIONS[name].override(f"name={name!r}", *SHORT, *fields))


CORES = tuple(core(name) for name in PART_SPECIFICATIONS)
"""Together they have every rule, both orders, one and two ports, one and two drives, both activations, every rounding
and a centred nudge."""


LINK = "link"
LINKED = Specification.from_mapping(
    {
        "layers": [5, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 6, "weight_fraction": 5},
        "phases": {"free_steps": 12, "nudged_steps": 4},
        "update": {"shifts": [1, 1]},
        "array": {"rows": 1, "cols": 2, "memory_words": 64},
    }
)
"""The network of the board whose link is mutated."""


def commit() -> str:
    """The commit of the sources."""
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout.strip()


def numbers(score: Score) -> dict[str, Any]:
    """A score as JSON has it."""
    return {**asdict(score), "share": score.share}


def killers(fates: Iterable[Fate]) -> dict[str, int]:
    """How many mutants each comparison killed, by its name and what it found."""
    found: dict[str, int] = {}
    for fate in fates:
        if fate.killer is not None:
            name = f"{fate.killer.comparison}: {fate.killer.reason}"
            found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def survivors(fates: Iterable[Fate]) -> list[dict[str, Any]]:
    """The mutants that survived, and what they change."""
    return [
        {
            "design": fate.design,
            "number": fate.mutant.number,
            "source": fate.mutant.source,
            "change": fate.mutant.change,
            "command": fate.mutant.command(),
        }
        for fate in fates
        if fate.survived
    ]


def result(fates: dict[str, list[Fate]], count: int, link_count: int) -> dict[str, Any]:
    """Everything that is published."""
    everything = [fate for some in fates.values() for fate in some]
    return {
        "seed": SEED,
        "mutants_of_each_core": count,
        "mutants_of_the_link": link_count,
        "commit": commit(),
        "tools": tool_versions(),
        "designs": {name: {"score": numbers(score_of(some)), "killers": killers(some)} for name, some in fates.items()},
        "files": {file: numbers(score) for file, score in scores_by_file(everything).items()},
        "folders": {folder: numbers(score) for folder, score in folders(everything).items()},
        "survivors": survivors(everything),
    }


def folders(fates: list[Fate]) -> dict[str, Score]:
    """The score of `hdl` and of `boards/rtl`."""
    found = {}
    for folder in ("hdl", "boards/rtl"):
        some = [fate for fate in fates if fate.mutant.file.startswith(f"{folder}/")]
        if some:
            found[folder] = score_of(some)
    return found


def table(scores: dict[str, Score], title: str) -> str:
    """A Markdown table with a row per name."""
    rows = [[title, "mutants", "killed", "equivalent", "survived", "score"], ["---"] * 6]
    for name, score in scores.items():
        share = "" if score.share is None else percent(score.share)
        counts = (score.mutants, score.killed, score.equivalent, score.survived)
        rows.append([name, *(f"{number:,}" for number in counts), share])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def filled(page: str, mark: str, new: str) -> str:
    """The page with a new table between the two marks of a table."""
    before, _, rest = page.partition(f"<!-- {mark} -->\n")
    after = rest.partition(f"<!-- end of {mark} -->")[2]
    assert after, f"no place for the table of {mark}"
    return f"{before}<!-- {mark} -->\n{new}\n<!-- end of {mark} -->{after}"


def publish(fates: dict[str, list[Fate]], count: int, link_count: int) -> None:
    """Write mutation.json, and the tables of mutation.md."""
    everything = [fate for some in fates.values() for fate in some]
    write_aside(HERE / "mutation.json", as_json(result(fates, count, link_count)).encode())
    page = HERE / "mutation.md"
    text = filled(page.read_text(encoding="utf-8"), "folders", table(folders(everything), "folder"))
    text = filled(text, "files", table(scores_by_file(everything), "file"))
    text = filled(text, "designs", table({name: score_of(some) for name, some in fates.items()}, "design"))
    write_aside(page, text.encode())


def main() -> int:
    """Run the campaigns of the designs, and publish after each of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build/mutation")
    parser.add_argument("--mutants", type=int, default=240, help="mutants of each core")
    parser.add_argument("--link-mutants", type=int, default=400, help="mutants of the link")
    parser.add_argument("--only", choices=[*(each.name for each in CORES), LINK], help="one design")
    options = parser.parse_args()
    report, fates = Report(), {}
    for name in [*(each.name for each in CORES), LINK]:
        if options.only not in (None, name):
            continue
        fates[name] = campaign(name, options).run(report.say)
        report.say(table({name: score_of(fates[name])}, "design"))
        for survivor in survivors(fates[name]):
            report.say(f"{survivor['number']}: {survivor['source']}: {survivor['change']}")
        if options.only is None:
            publish(fates, options.mutants, options.link_mutants)
    return 0


def campaign(name: str, options: argparse.Namespace) -> Campaign:
    """The campaign of a design."""
    if name == LINK:
        return LinkCampaign(LINKED, options.link_mutants, SEED, options.build)
    each = next(core for core in CORES if core.name == name)
    return CoreCampaign(each, options.mutants, SEED, options.build)


if __name__ == "__main__":
    sys.exit(main())
