"""Rates of boards from end to end: `python docs/results/boards.py MNIST_FOLDER` prints a table and writes boards.json.

Every row is a simulated board that learns beside the golden model, at a clock that its part reaches with the link.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"
SAMPLES = 300

BOARDS = (
    ("icebreaker", "digits", 36.0, ("uart", "spi")),
    ("ulx3s_45f", "core-25f", 90.625, ("uart", "spi", "flash")),
)
"""Board, example, clock of the bitstream in MHz, and sources of the samples."""


def run(*arguments: str) -> dict[str, Any]:
    """The JSON result of a command."""
    done = subprocess.run(["ceprop", *arguments, "--json", "-"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def measure(board: str, example: str, clock: float, source: str, mnist: str, work: Path) -> dict[str, Any]:
    """The result of one row."""
    specification = str(EXAMPLES / f"{example}.toml")
    data = ["--data", "digits" if example == "digits" else mnist, "--samples", str(SAMPLES)]
    place = ["--port", "sim", "--board", board, "--spec", specification, "--clock-mhz", str(clock)]
    place += ["--build", str(work / "build")]
    learn = ["train", *data]
    if source == "flash":
        contents = str(work / f"{example}.bin")
        run("pack", specification, contents, "--contents", *data)
        place, learn = [*place, "--flash", contents], [*learn, "--from-flash", "1"]
    else:
        place += ["--transport", source]
    return run("run", *place, *learn) | {"example": example, "source": source}


def main() -> None:
    """Measure every row, write boards.json, and print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for board, example, clock, sources in BOARDS:
            for source in sources:
                rows.append(measure(board, example, clock, source, sys.argv[1], Path(folder)))
                print(*table_row(rows[-1]), sep=" | ", flush=True)
                # The file is written after every row, because a run takes half an hour and may be interrupted.
                (HERE / "boards.json").write_text(json.dumps(rows, indent=2) + "\n")


def table_row(row: dict[str, Any]) -> list[str]:
    """The cells of a row of the table in boards.md."""
    return [
        f"{row['board']}, {row['example']}, {'x'.join(map(str, row['array']))} at {row['clock_hz'] / 1e6:g} MHz",
        row["source"],
        f"{row['samples_per_second']:,.0f}",
        f"{row['core_samples_per_second']:,.0f}",
        ", ".join(f"{part} {share:.0%}" for part, share in row["busy"].items() if share),
        row["bound"],
        str(row["mismatches"]),
    ]


if __name__ == "__main__":
    main()
