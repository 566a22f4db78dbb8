"""`ceprop run`: a board, or a simulated one, learns over its link beside the golden model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.options import data_option, json_option, override_options
from ceprop.commands.types import (
    CLOCK_MHZ,
    INPUT_FILE,
    LEARNED_SAMPLES,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    SAMPLES,
    FiniteRange,
)
from ceprop.common.report import Report, percent
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

if TYPE_CHECKING:
    from ceprop.boards.host import HostDriver, Place
    from ceprop.model import Trainer


@dataclass(frozen=True)
class _Board:
    """What the group's options name, made when a verb asks for it: `ceprop run VERB --help` needs none of it."""

    spec: Path | None
    overrides: list[str]
    port: str | None
    make_place: Callable[[str], "Place"]

    @cached_property
    def specification(self) -> Specification:
        """What the board was built from."""
        return Specification.load(self.spec or bundled_specification("digits"), self.overrides)

    @property
    def place(self) -> "Place":
        """Where the board is; raises :class:`click.UsageError` where no port was named."""
        if self.port is None:
            raise click.UsageError("--port must be given before the verb: a serial port, an ftdi:// address, or sim")
        return self.make_place(self.port)

    @contextmanager
    def opened(self, report: Report) -> Iterator["HostDriver"]:
        from ceprop.boards.host import open_board

        with open_board(self.specification, self.place, report.say) as driver:
            yield driver


@click.group("run", short_help="Let a real or simulated board learn over its link.")
@click.option(
    "--port",
    metavar="sim|DEVICE|URL",
    help="Serial port of the board; ftdi://ftdi:232h/1 (ftdi:///? lists them) for SPI; or sim: simulate it.",
)
@click.option("--board", metavar="NAME", help="Which it is; --port sim needs it: generic for what no board holds.")
@click.option("--spec", type=INPUT_FILE, metavar="FILE", help="What it was built from; by default the digits example.")
@override_options
@click.option("--baud", type=click.IntRange(1200, 12_000_000), help="Of a serial port; by default that of builds.")
@click.option(
    "--transport",
    type=click.Choice(["uart", "spi", "axi4-stream", "wishbone"]),
    default="uart",
    show_default=True,
    help="How bytes come to a simulated board; the last two are for --board generic only.",
)
@click.option(
    "--pauses",
    type=FiniteRange(0, 0.99),
    default=0.0,
    metavar="RATE",
    help="Let the host of a simulated board rest in so many of the cycles, on axi4-stream or wishbone.",
)
@click.option(
    "--line-noise",
    type=FiniteRange(0, 0.2),
    default=0.0,
    metavar="RATE",
    help="Damage so many of the bytes on the line to a simulated board.",
)
@click.option("--noise-seed", type=click.IntRange(min=0), default=1, show_default=True, metavar="S")
@click.option("--clock-mhz", type=CLOCK_MHZ, metavar="MHZ", help="Of a simulated board; 36 if not given.")
@click.option(
    "--flash", type=INPUT_FILE, metavar="FILE", help="Contents of a simulated board's flash, made if missing."
)
@click.option(
    "--build",
    type=OUTPUT_FOLDER,
    default=Path("build/run"),
    show_default=True,
    metavar="DIR",
    help="Keeps the simulation.",
)
@click.pass_context
def run_board(
    context: click.Context,
    port: str | None,
    board: str | None,
    spec: Path | None,
    overrides: list[str],
    baud: int | None,
    transport: str,
    pauses: float,
    line_noise: float,
    noise_seed: int,
    clock_mhz: float | None,
    flash: Path | None,
    build: Path,
) -> None:
    """A board, real or simulated, learns over its link, and every bit is compared with the golden model's.

    Exit code 1 if anything differs.
    """

    def place(port: str) -> "Place":
        from ceprop.boards.host import BAUD, Place

        clock_hz = round(1e6 * clock_mhz) if clock_mhz else None
        return Place(port, board, baud or BAUD, line_noise, noise_seed, flash, build, transport, pauses, clock_hz)

    context.obj = _Board(spec, overrides, port, place)


@run_board.command(short_help="Compare every function of the board with the model.")
@click.option("--samples", type=SAMPLES, default=30, show_default=True, metavar="N", help="To learn.")
@data_option
@json_option
@click.pass_obj
def selftest(target: _Board, samples: int, data: str, json_file: Path | None) -> int:
    """Golden vectors: registers and bounds, RESET, memories there and back, learning, inference, counters."""
    from ceprop.model import load_dataset
    from ceprop.performance.board_report import show_proof
    from ceprop.performance.cycle_replay import Span
    from ceprop.performance.selftest import selftest as test

    report = Report(json_file)
    dataset = load_dataset(target.specification, data)
    Span(0, 0, samples).check(dataset)
    with target.opened(report) as driver, report.progress("selftest") as advance:
        proof = test(driver, dataset, samples, lambda _: advance)
    return show_proof(report, proof, {"samples": samples}, [("samples", f"{samples:,}")])


@run_board.command(short_help="Learn on the board and in the model.")
@data_option
@click.option("--samples", type=SAMPLES, default=200, show_default=True, metavar="N")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),  # no INPUT_FILE: --snapshot may take the place of what was read
    metavar="FILE",
    help="Go on from this training run or snapshot.",
)
@click.option("--snapshot", "saved", type=OUTPUT_FILE, metavar="FILE", help="Save what the board learned here.")
@click.option(
    "--from-flash",
    type=click.IntRange(min=1, max=65535),
    metavar="PASSES",
    help="Let the board learn by itself from the data set of N samples in its flash, so many times over.",
)
@click.option("--save", "keep", is_flag=True, help="Save the network to the board's flash afterwards.")
@json_option
@click.pass_obj
def train(
    target: _Board,
    data: str,
    samples: int,
    checkpoint: Path | None,
    saved: Path | None,
    from_flash: int | None,
    keep: bool,
    json_file: Path | None,
) -> int:
    """Learn from N samples on the board and in the model; predictions and all memories are compared."""
    from ceprop.boards.host import save_to_flash, train_beside, train_from_flash_beside
    from ceprop.model import save_checkpoint
    from ceprop.performance.board_report import show_proof

    report = Report(json_file)
    trainer = _trainer(target.specification, data, checkpoint)
    if from_flash and saved:
        raise click.UsageError("--from-flash has no position in an epoch to save: use `snapshot` afterwards")
    with target.opened(report) as driver, report.progress("training") as advance:
        if from_flash:
            proof = train_from_flash_beside(driver, trainer, samples, from_flash, advance)
        else:
            proof = train_beside(driver, trainer, samples, advance)
        if keep and not proof.mismatches:
            save_to_flash(driver)
    if saved is not None and not proof.mismatches:
        save_checkpoint(trainer, saved)
    test = trainer.evaluate()
    values = {
        "samples": proof.learned.samples,
        "source": "flash" if from_flash else "line",
        "epoch": trainer.epoch,
        "sample": trainer.sample,
        "training_errors": proof.learned.errors,
        "test_error": test.error,
    }
    wrong = f"{proof.learned.samples:,}, {proof.learned.errors:,}"
    rows = [("samples, wrong before learning", wrong), ("test error, by the model", percent(test.error))]
    return show_proof(report, proof, values, rows)


@run_board.command(short_help="Predict test samples on the board and in the model.")
@data_option
@click.option("--samples", type=SAMPLES, default=100, show_default=True, metavar="N", help="Of the test set.")
@click.option(
    "--checkpoint", type=INPUT_FILE, metavar="FILE", help="Load this network; without it, the board keeps its own."
)
@json_option
@click.pass_obj
def infer(target: _Board, data: str, samples: int, checkpoint: Path | None, json_file: Path | None) -> int:
    """Predict test samples on the board and in the model."""
    from ceprop.boards.host import infer_beside
    from ceprop.model import load_dataset
    from ceprop.performance.board_report import show_proof

    report = Report(json_file)
    dataset = load_dataset(target.specification, data)
    network = None if checkpoint is None else _trainer(target.specification, data, checkpoint).network
    with target.opened(report) as driver, report.progress("inferring") as advance:
        proof, predictions = infer_beside(driver, network, dataset.test_inputs[:samples], advance)
    labels = dataset.test_labels[:samples]
    error = float((predictions.classes != labels).mean())
    values = {"samples": len(labels), "test_error": error, "predictions": predictions.classes.tolist()}
    rows = [("samples", f"{len(labels):,}"), ("test error", percent(error))]
    return show_proof(report, proof, values, rows)


@run_board.command(short_help="Save the network of the board to a file.")
@click.argument("file", type=OUTPUT_FILE)
@data_option
@click.option(
    "--trained", type=LEARNED_SAMPLES, default=0, show_default=True, metavar="N", help="Samples learned so far."
)
@json_option
@click.pass_obj
def snapshot(target: _Board, file: Path, data: str, trained: int, json_file: Path | None) -> None:
    """Save the board's network to FILE, from which `ceprop train --resume` and --checkpoint go on."""
    from ceprop.model import Trainer, load_dataset, save_checkpoint

    report = Report(json_file)
    dataset = load_dataset(target.specification, data)
    with target.opened(report) as driver, report.progress("reading") as advance:
        network = driver.read_back(advance)
    epoch, sample = divmod(trained, len(dataset.train_labels))
    save_checkpoint(Trainer(target.specification, network, dataset, epoch, sample), file)
    values = {"file": str(file), "epoch": epoch, "sample": sample, "weights_sha256": network.weights_sha256()}
    report.table(f"snapshot of {driver.board}", list(values.items()))
    report.result(values)


@run_board.command(short_help="Load the network of a file into the board.")
@click.argument("file", type=INPUT_FILE)
@data_option
@json_option
@click.pass_obj
def restore(target: _Board, file: Path, data: str, json_file: Path | None) -> int:
    """Load the network of FILE, a snapshot or a checkpoint, into the board, and read it back."""
    from ceprop.boards.host import Proof
    from ceprop.performance.board_report import show_proof

    report = Report(json_file)
    trainer = _trainer(target.specification, data, file)
    with target.opened(report) as driver, report.progress("loading") as advance:
        driver.reset()
        driver.load(trainer.network, advance)
        proof = Proof(driver, trainer.network)
        proof.compare_memories(advance)
    values = {"file": str(file), "epoch": trainer.epoch, "sample": trainer.sample}
    return show_proof(report, proof, values, [("network of", str(file))])


@run_board.command(short_help="Save the network to the flash of the board.")
@json_option
@click.pass_obj
def save(target: _Board, json_file: Path | None) -> None:
    """Save the board's network to its own flash. Power may fail meanwhile: the snapshot before it stays."""
    from ceprop.boards.host import save_to_flash

    report = Report(json_file)
    with target.opened(report) as driver:
        save_to_flash(driver)
        _show_own(report, driver, "saved to the flash of")


@run_board.command(short_help="Load the network from the flash of the board.")
@json_option
@click.pass_obj
def load(target: _Board, json_file: Path | None) -> None:
    """Load the newest whole snapshot of the board's own flash into its network."""
    from ceprop.boards.host import restore_from_flash

    report = Report(json_file)
    with target.opened(report) as driver:
        restore_from_flash(driver)
        _show_own(report, driver, "loaded from the flash of")


def _show_own(report: Report, driver: "HostDriver", what: str) -> None:
    values = {"board": driver.board, "weights_sha256": driver.read_back().weights_sha256()}
    report.table(f"{what} {driver.board}", list(values.items()))
    report.result(values)


def _trainer(specification: Specification, data: str, checkpoint: Path | None) -> "Trainer":
    from ceprop.model import Trainer, load_checkpoint, load_dataset

    dataset = load_dataset(specification, data)
    if checkpoint is None:
        return Trainer.start(specification, dataset)
    return load_checkpoint(specification, dataset, checkpoint)
