"""`ceprop run`: a board, or a simulated one, learns over its link beside the golden model."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.board_target import BoardTarget
from ceprop.commands.options import data_option, held_out_option, json_option, override_options
from ceprop.commands.run_snapshots import load, log, restore, save, snapshot
from ceprop.commands.trainers import trainer_from
from ceprop.commands.types import (
    CLOCK_MHZ,
    INPUT_FILE,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    SAMPLES,
    FiniteRange,
)
from ceprop.common.report import Report, percent

if TYPE_CHECKING:
    from ceprop.boards.host import Place


@click.group("run", short_help="Let a real or simulated board learn over its link.")
@click.option(
    "--port",
    metavar="sim|DEVICE|URL",
    help="Where the board is: a serial port, ftdi://ftdi:232h/1 for SPI (ftdi:///? lists adapters), or sim.",
)
@click.option(
    "--board",
    metavar="NAME",
    help="Name of the board. --port sim needs it; generic simulates a core that no board holds.",
)
@click.option(
    "--spec",
    type=INPUT_FILE,
    metavar="FILE",
    help="Specification that the board was built from. The default is the digits example.",
)
@override_options
@click.option(
    "--baud",
    type=click.IntRange(1200, 12_000_000),
    metavar="N",
    help="Bits per second of a serial port. The default is that of `ceprop build`.",
)
@click.option(
    "--transport",
    type=click.Choice(["uart", "spi", "axi4-stream", "wishbone"]),
    default="uart",
    show_default=True,
    help="Transport of a simulated board. The last two are for --board generic only.",
)
@click.option(
    "--pauses",
    type=FiniteRange(0, 0.99),
    default=0.0,
    metavar="RATE",
    help="Share of the cycles in which the simulated host pauses, on axi4-stream or wishbone.",
)
@click.option(
    "--line-noise",
    type=FiniteRange(0, 0.2),
    default=0.0,
    metavar="RATE",
    help="Share of the bytes that are damaged on the line to a simulated board.",
)
@click.option(
    "--noise-seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="S",
    help="Seed of the line noise.",
)
@click.option(
    "--clock-mhz", type=CLOCK_MHZ, metavar="MHZ", help="Clock of a simulated board in MHz. The default is 36."
)
@click.option(
    "--core-clock-mhz",
    type=CLOCK_MHZ,
    metavar="MHZ",
    help="Clock in MHz of a simulated core that has its own. The default is 47.",
)
@click.option(
    "--flash",
    type=INPUT_FILE,
    metavar="FILE",
    help="File with the content of a simulated board's flash. It is made if missing.",
)
@click.option(
    "--build",
    type=OUTPUT_FOLDER,
    default=Path("build/run"),
    show_default=True,
    metavar="DIR",
    help="Folder that keeps the compiled simulation.",
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
    core_clock_mhz: float | None,
    flash: Path | None,
    build: Path,
) -> None:
    """Let a board, real or simulated, learn over its link, and compare every bit with the golden model.

    The exit code is 1 if anything differs.
    """

    def place(port: str) -> "Place":
        from ceprop.boards.host import BAUD, Place

        clocks = (round(1e6 * mhz) if mhz else None for mhz in (clock_mhz, core_clock_mhz))
        return Place(port, board, baud or BAUD, line_noise, noise_seed, flash, build, transport, pauses, *clocks)

    context.obj = BoardTarget(spec, overrides, port, place)


@run_board.command(short_help="Compare every function of the board with the model.")
@click.option(
    "--samples", type=SAMPLES, default=30, show_default=True, metavar="N", help="Samples to learn from, and to infer."
)
@data_option
@json_option
@click.pass_obj
def selftest(target: BoardTarget, samples: int, data: str, json_file: Path | None) -> int:
    """Compare registers and their bounds, RESET, memories, learning, inference and counters with the model."""
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
@click.option("--samples", type=SAMPLES, default=200, show_default=True, metavar="N", help="Samples to learn from.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),  # not INPUT_FILE, because --snapshot may replace the file that was read
    metavar="FILE",
    help="Go on from this training run or snapshot.",
)
@click.option(
    "--snapshot",
    "saved",
    type=OUTPUT_FILE,
    metavar="FILE",
    help="Save the network that the board learned to this file.",
)
@click.option(
    "--from-flash",
    type=click.IntRange(min=1, max=65535),
    metavar="EPOCHS",
    help="Let the board learn by itself, for whole epochs, from the data set with N samples in its flash.",
)
@held_out_option
@click.option("--save", "keep", is_flag=True, help="Save the network to the flash of the board afterwards.")
@json_option
@click.pass_obj
def train(
    target: BoardTarget,
    data: str,
    samples: int,
    checkpoint: Path | None,
    saved: Path | None,
    from_flash: int | None,
    held_out: int,
    keep: bool,
    json_file: Path | None,
) -> int:
    """Learn from N samples on the board and in the model, and compare predictions and all memories."""
    from ceprop.boards.host import save_to_flash, train_beside, train_from_flash_beside
    from ceprop.model import load_dataset, save_checkpoint
    from ceprop.performance.board_report import show_proof

    report = Report(json_file)
    dataset = load_dataset(target.specification, data)
    if held_out and not from_flash:
        raise click.UsageError(f"--held-out {held_out}: is for --from-flash only")
    if from_flash:
        dataset = dataset.first(samples, held_out)
    trainer = trainer_from(target.specification, dataset, checkpoint)
    with target.opened(report) as driver, report.progress("training") as advance:
        if from_flash:
            proof = train_from_flash_beside(driver, trainer, from_flash, advance)
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
    rows = [("samples, wrong predictions before learning", wrong), ("test error of the model", percent(test.error))]
    return show_proof(report, proof, values, rows)


@run_board.command(short_help="Predict test samples on the board and in the model.")
@data_option
@click.option("--samples", type=SAMPLES, default=100, show_default=True, metavar="N", help="Samples of the test set.")
@click.option(
    "--checkpoint", type=INPUT_FILE, metavar="FILE", help="Network to load. Without it, the board keeps its own."
)
@json_option
@click.pass_obj
def infer(target: BoardTarget, data: str, samples: int, checkpoint: Path | None, json_file: Path | None) -> int:
    """Predict test samples on the board and in the model, and compare the predictions."""
    from ceprop.boards.host import infer_beside
    from ceprop.model import load_dataset
    from ceprop.performance.board_report import show_proof

    report = Report(json_file)
    dataset = load_dataset(target.specification, data)
    network = None if checkpoint is None else trainer_from(target.specification, dataset, checkpoint).network
    with target.opened(report) as driver, report.progress("inferring") as advance:
        proof, predictions = infer_beside(driver, network, dataset.test_inputs[:samples], advance)
    labels = dataset.test_labels[:samples]
    error = float((predictions.classes != labels).mean())
    values = {"samples": len(labels), "test_error": error, "predictions": predictions.classes.tolist()}
    rows = [("samples", f"{len(labels):,}"), ("test error", percent(error))]
    return show_proof(report, proof, values, rows)


for verb in (snapshot, restore, save, load, log):
    run_board.add_command(verb)
