"""`ceprop train`: the golden model learns."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.options import data_option, json_option, specification_options
from ceprop.commands.trainers import trainer_from
from ceprop.commands.types import EPOCHS, LEARNED_SAMPLES, OUTPUT_FILE, PNG_FILE
from ceprop.common.errors import CepropError
from ceprop.common.locks import only_on
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
    _check_checkpoint(checkpoint, resume)
    if checkpoint is not None:
        click.get_current_context().with_resource(only_on(checkpoint))
    from ceprop.experiments.training_run import position, train_to
    from ceprop.model import load_dataset

    report = Report(json_file)
    dataset = load_dataset(specification, data)
    trainer = trainer_from(specification, dataset, checkpoint if resume else None)
    target = samples if samples is not None else (epochs or 0) * trainer.epoch_samples
    if position(trainer) > target:
        raise CepropError(
            f"checkpoint {checkpoint}: already at {position(trainer)} samples (epoch {trainer.epoch}), more than the "
            f"{target} asked for"
        )
    if plot is not None and target < trainer.epoch_samples:
        raise CepropError(f"--plot {plot}: {target} samples finish no epoch, so there is no curve to draw")
    with report.progress("training") as advance:
        result = train_to(trainer, target, checkpoint, advance)
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


def _check_checkpoint(checkpoint: Path | None, resume: bool) -> None:
    if resume and checkpoint is None:
        raise click.UsageError("--resume needs --checkpoint FILE")
    if checkpoint is None:
        return
    if resume and not checkpoint.is_file():
        raise CepropError(f"checkpoint {checkpoint}: no such file, so there is nothing to --resume")
    if not resume and checkpoint.exists():
        raise CepropError(
            f"checkpoint {checkpoint}: exists already; give --resume, remove the file, or name another one"
        )


def _plot(trainer: "Trainer", path: Path) -> None:
    from ceprop.experiments.training_plots import plot_learning_curve

    specification = trainer.specification
    layers = "-".join(map(str, specification.layers))
    plot_learning_curve(trainer.history, f"{specification.name}, {layers}, seed {specification.seed}", path)
