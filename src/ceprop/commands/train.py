"""`ceprop train`: the golden model learns."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.options import data_option, json_option, specification_options
from ceprop.commands.types import EPOCHS, LEARNED_SAMPLES, OUTPUT_FILE, PNG_FILE
from ceprop.common.errors import CepropError
from ceprop.common.report import Report, percent
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.model import Trainer


@click.command(short_help="Train the golden model.")
@specification_options
@data_option
@click.option("--epochs", type=EPOCHS, metavar="N", help="Learn until N epochs in total.")
@click.option("--samples", type=LEARNED_SAMPLES, metavar="N", help="Learn until N samples in total.")
@click.option("--checkpoint", type=OUTPUT_FILE, metavar="FILE", help="File that keeps the run while it goes on.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint.")
@click.option("--plot", type=PNG_FILE, metavar="FILE.png", help="Write the learning curve to this file.")
@json_option
def train(
    specification: Specification,
    data: str,
    epochs: int | None,
    samples: int | None,
    checkpoint: Path | None,
    resume: bool,
    plot: Path | None,
    json_file: Path | None,
) -> None:
    """Train the golden model of SPEC. It learns the same bits as the hardware.

    A run that was killed goes on with --resume, and ends with the same bits.
    """
    if (epochs is None) == (samples is None):
        raise click.UsageError("give one of --epochs and --samples")
    from ceprop.experiments.training_run import train as train_model
    from ceprop.model import load_dataset

    report = Report(json_file)
    dataset = load_dataset(specification, data)
    if plot is not None and samples is not None and samples < len(dataset.train_labels):
        raise CepropError(f"--plot {plot}: {samples} samples finish no epoch, so there is no curve to draw")
    with report.progress("training") as advance:
        result = train_model(
            specification,
            dataset,
            epochs=epochs,
            samples=samples,
            checkpoint=checkpoint,
            resume=resume,
            progress=advance,
        )
    trainer = result.trainer
    values = result.as_dict()
    if plot is not None:
        _plot(trainer, plot)
    rows = [
        ("data", f"{dataset.name}, {trainer.epoch_samples} training and {result.test.samples} test samples"),
        ("test error", percent(result.test.error)),
        ("training error", percent(result.train.error)),
        ("epochs, samples", f"{trainer.epoch}, {values['samples']}"),
        ("samples per second", f"{values['samples_per_second']:,.0f}"),
        ("weights_sha256", values["weights_sha256"]),
    ]
    report.table(f"{specification.name}: {'-'.join(map(str, specification.layers))}", rows)
    report.result(values)


def _plot(trainer: "Trainer", path: Path) -> None:
    from ceprop.experiments.training_plots import plot_learning_curve

    specification = trainer.specification
    layers = "-".join(map(str, specification.layers))
    plot_learning_curve(trainer.history, f"{specification.name}, {layers}, seed {specification.seed}", path)
