"""The verbs of `ceprop run` that move a network: to and from a file, to and from the flash of the board; and the verb
that shows the log there."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.board_target import BoardTarget
from ceprop.commands.log_report import show_log
from ceprop.commands.options import data_option, json_option
from ceprop.commands.trainers import trainer_from
from ceprop.commands.types import INPUT_FILE, LEARNED_SAMPLES, OUTPUT_FILE
from ceprop.common.report import Report

if TYPE_CHECKING:
    from ceprop.boards.host import HostDriver


@click.command(short_help="Save the network of the board to a file.")
@click.argument("file", type=OUTPUT_FILE)
@data_option
@click.option(
    "--trained",
    type=LEARNED_SAMPLES,
    default=0,
    show_default=True,
    metavar="N",
    help="Samples that the board has learned from so far.",
)
@json_option
@click.pass_obj
def snapshot(target: BoardTarget, file: Path, data: str, trained: int, json_file: Path | None) -> None:
    """Save the network of the board to FILE. `ceprop train --resume` and --checkpoint go on from FILE."""
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


@click.command(short_help="Load the network of a file into the board.")
@click.argument("file", type=INPUT_FILE)
@data_option
@json_option
@click.pass_obj
def restore(target: BoardTarget, file: Path, data: str, json_file: Path | None) -> int:
    """Load the network of FILE, a snapshot or a checkpoint, into the board, and compare it after reading it back."""
    from ceprop.boards.host import Proof
    from ceprop.model import load_dataset
    from ceprop.performance.board_report import show_proof

    report = Report(json_file)
    trainer = trainer_from(target.specification, load_dataset(target.specification, data), file)
    with target.opened(report) as driver, report.progress("loading") as advance:
        driver.reset()
        driver.load(trainer.network, advance)
        proof = Proof(driver, trainer.network)
        proof.compare_memories(advance)
    values = {"file": str(file), "epoch": trainer.epoch, "sample": trainer.sample}
    return show_proof(report, proof, values, [("network of", str(file))])


@click.command(short_help="Save the network to the flash of the board.")
@json_option
@click.pass_obj
def save(target: BoardTarget, json_file: Path | None) -> None:
    """Save the network of the board to its own flash. If power fails meanwhile, the previous snapshot stays."""
    from ceprop.boards.host import save_to_flash

    report = Report(json_file)
    with target.opened(report) as driver:
        save_to_flash(driver)
        _show_own(report, driver, "saved to the flash of")


@click.command(short_help="Load the network from the flash of the board.")
@json_option
@click.pass_obj
def load(target: BoardTarget, json_file: Path | None) -> None:
    """Load the newest whole snapshot in the flash of the board."""
    from ceprop.boards.host import restore_from_flash

    report = Report(json_file)
    with target.opened(report) as driver:
        restore_from_flash(driver)
        _show_own(report, driver, "loaded from the flash of")


@click.command(short_help="Show the results of every epoch that the flash of the board keeps.")
@json_option
@click.pass_obj
def log(target: BoardTarget, json_file: Path | None) -> None:
    """Show the log in the flash of the board: wrong predictions of each epoch, and of the evaluation after it."""
    from ceprop.boards.host import read_results

    report = Report(json_file)
    with target.opened(report) as driver, report.progress("reading") as advance:
        entries = read_results(driver, advance)
        board = driver.board
    show_log(report, board, entries)


def _show_own(report: Report, driver: "HostDriver", what: str) -> None:
    values = {"board": driver.board, "weights_sha256": driver.read_back().weights_sha256()}
    report.table(f"{what} {driver.board}", list(values.items()))
    report.result(values)
