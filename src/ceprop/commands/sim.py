"""`ceprop sim`: the hardware learns in a simulator, and every bit is compared with the golden model."""

import shlex
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.options import data_option, json_option, specification_options
from ceprop.commands.sim_level import Level, level_options
from ceprop.commands.trainers import trainer_from
from ceprop.commands.types import INPUT_FILE, OUTPUT_FOLDER, SAMPLES
from ceprop.common.files import check_target
from ceprop.common.locks import only_on
from ceprop.common.report import Report
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.sim.simulators import SimulatorName

DEFAULT_FOLDER = Path("build/sim")
"""Keeps waveforms and netlists where no other folder is given."""


@click.command(short_help="Compare simulated hardware with the model.")
@specification_options
@level_options
@click.option(
    "--simulator", type=click.Choice(["verilator", "icarus"]), default="verilator", show_default=True, help="Simulator."
)
@data_option
@click.option("--samples", type=SAMPLES, default=20, show_default=True, metavar="N", help="Samples to learn from.")
@click.option(
    "--read-every",
    type=SAMPLES,
    default=1,
    show_default=True,
    metavar="N",
    help="Compare the memories after every N samples. In between, samples follow each other without a pause.",
)
@click.option(
    "--no-skip", is_flag=True, help="Turn skipping off: the core visits every unit and input, and runs every step."
)
@click.option("--checkpoint", type=INPUT_FILE, metavar="FILE", help="Begin from this training run.")
@click.option("--waves", is_flag=True, help="Write waveforms (FST) to the build folder.")
@click.option(
    "--plant-fault",
    type=click.Choice(["weight", "look-up-table"]),
    help="Flip one bit of a weight, or of a look-up table in a netlist, to see that the comparison finds it.",
)
@click.option(
    "--build",
    type=OUTPUT_FOLDER,
    metavar="DIR",
    help="Folder that keeps netlists and compiled simulations. The default below the RTL is build/sim.",
)
@json_option
def sim(
    specification: Specification,
    level: Level,
    simulator: "SimulatorName",
    data: str,
    samples: int,
    read_every: int,
    no_skip: bool,
    checkpoint: Path | None,
    waves: bool,
    plant_fault: str | None,
    build: Path | None,
    json_file: Path | None,
) -> int:
    """Train the hardware of SPEC in a simulator, and compare it with the golden model.

    At the level of the RTL, every state is compared after every step, every weight between samples, and every count of
    cycles. Verilog of --verilog has no checks, and it has the trace of states only with array.trace in SPEC. A
    synthesized core has no trace, so its states are compared after each sample. At the levels below, a whole board is
    driven at its pins: its predictions and counters are compared after each sample, and its memories after the last
    one. The exit code is 1 if anything differs.
    """
    from ceprop.model import load_dataset
    from ceprop.sim import ComparisonPlan
    from ceprop.sim.complete_comparison import comparison_rows, require_whole
    from ceprop.sim.simulators import find_simulator

    report = Report(json_file)
    level.check(specification, plant_fault)
    find_simulator(simulator, waves)
    dataset = load_dataset(specification, data)
    trainer = trainer_from(specification, dataset, checkpoint)
    # Waveforms and netlists stay after the run, so they need a folder.
    folder = DEFAULT_FOLDER if build is None and (waves or level.below_rtl) else build
    wave_file = folder / f"{specification.name}-{simulator}.fst" if folder and waves else None
    plan = ComparisonPlan(
        simulator=simulator,
        samples=samples,
        skip=not no_skip,
        read_every=read_every,
        network=trainer.network,
        epoch=trainer.epoch,
        sample=trainer.sample,
        waves=wave_file,
        flip_weight_bit=plant_fault == "weight",
        build=folder,
        command=shlex.join(["ceprop", *sys.argv[1:]]),
    )
    with _alone_with(wave_file):
        comparison = level.compare(specification, dataset, plan, report, flip_table_bit=plant_fault == "look-up-table")
    require_whole(comparison, simulator, samples)
    rows = comparison_rows(comparison)
    title = f"{specification.name}{level.title} on {simulator}"
    report.table(title, [*rows, ("waveforms", str(wave_file))] if wave_file else rows)
    chosen = {"simulator": simulator, "skip": not no_skip, **level.fields}
    report.result(asdict(comparison) | chosen | {"waves": str(wave_file) if wave_file else None})
    if comparison.mismatches:
        click.echo(f"ceprop: {comparison.first_mismatch}", err=True)
        return 1
    return 0


def _alone_with(wave_file: Path | None) -> AbstractContextManager[None]:
    """Lock the file of the waveforms. Two runs in one folder may share the compiled simulation, but not this file."""
    if wave_file is None:
        return nullcontext()
    check_target(wave_file)
    return only_on(wave_file)
