"""`ceprop demo`: real digits, from the specification to hardware that is proven to learn the same bits."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ceprop.commands.generate import write_core
from ceprop.commands.options import json_option, override_options
from ceprop.commands.types import OUTPUT_FOLDER
from ceprop.common.files import write_aside
from ceprop.common.locks import only_in
from ceprop.common.report import Report, as_json, percent
from ceprop.specification import Geometry, Specification

if TYPE_CHECKING:
    from ceprop.experiments.training_run import TrainingResult
    from ceprop.model import Dataset, Trainer
    from ceprop.sim import Comparison
    from ceprop.sim.simulators import SimulatorName

_EPOCHS = 12  # the length for which the rates of the example were chosen


@dataclass(frozen=True)
class _Plan:
    """A comparison of the demo.

    The states of the initial network change in almost every step. The trained network is the result that a user keeps.
    With a trace, every state of every step is compared. Without it, the hardware is the same bytes as the file that is
    written. Icarus is a thousand times slower. It has to show only that this file means the same to a second simulator.
    """

    simulator: "SimulatorName"
    network: str
    trace: bool
    samples: int


_PLANS = (
    _Plan("verilator", "initial", True, 40),
    _Plan("verilator", "trained", True, 20),
    _Plan("verilator", "trained", False, 20),
    _Plan("icarus", "initial", False, 1),
)


@dataclass(frozen=True)
class _Proof:
    plan: _Plan
    comparison: "Comparison"


@click.command(short_help="Learn digits in the model and in simulated hardware.")
@override_options
@click.option(
    "--output",
    type=OUTPUT_FOLDER,
    default=Path("build/demo"),
    show_default=True,
    metavar="DIR",
    help="Folder to write.",
)
@json_option
def demo(overrides: list[str], output: Path, json_file: Path | None) -> int:
    """Train the bundled digits network, generate its hardware, and prove that the hardware learns the same bits.

    The exit code is 1 if anything differs.
    """
    from ceprop.experiments.training_run import train_to
    from ceprop.hdl import generate as generate_core
    from ceprop.model import Trainer, load_dataset
    from ceprop.sim.simulators import find_simulator
    from ceprop.specification.bundled import bundled_specification

    start = time.perf_counter()
    report = Report(json_file)
    click.get_current_context().with_resource(only_in(output))
    specification = Specification.load(bundled_specification("digits"), overrides)
    Geometry(specification)  # refuses a specification that the hardware cannot learn, before the model learns it
    find_simulator("verilator")
    dataset = load_dataset(specification, "digits")
    trainer = Trainer.start(specification, dataset)
    with report.progress("training the golden model") as advance:
        result = train_to(trainer, _EPOCHS * trainer.epoch_samples, output / "digits.checkpoint", advance)
    report.say(f"golden model: {percent(result.test.error)} test error after {_EPOCHS} epochs of digits")
    core = write_core(specification, generate_core(specification), output)
    report.say(f"hardware: {core['verilog']}, {core['rows']}x{core['cols']} cells")
    draw(result, output)
    proofs = _prove(specification, dataset, trainer, output, report)
    values = _summary(result, core, proofs) | {"seconds": time.perf_counter() - start}
    write_aside(output / "summary.json", as_json(values).encode())
    _show(values, output, report)
    report.result(values)
    for proof in proofs:
        if proof.comparison.mismatches:
            click.echo(f"ceprop: {proof.plan.simulator}: {proof.comparison.first_mismatch}", err=True)
    return 1 if values["mismatches"] else 0


def draw(result: "TrainingResult", folder: Path) -> None:
    """Write the learning curve and the confusion matrix of a training run as PNG."""
    from ceprop.experiments.training_plots import plot_confusion, plot_learning_curve

    specification = result.trainer.specification
    layers = "-".join(map(str, specification.layers))
    title = f"{specification.name}, {layers}, seed {specification.seed}"
    plot_learning_curve(result.trainer.history, title, folder / "learning_curve.png")
    errors = f"{result.test.errors} of {result.test.samples} test samples wrong"
    plot_confusion(result.test.confusion, f"{title}\n{errors}", folder / "confusion_matrix.png")


def _prove(
    specification: Specification, dataset: "Dataset", trained: "Trainer", output: Path, report: Report
) -> list[_Proof]:
    from ceprop.model import Trainer
    from ceprop.sim import ComparisonPlan, compare
    from ceprop.sim.complete_comparison import require_whole
    from ceprop.sim.simulators import installed_simulators

    trainers = {"initial": Trainer.start(specification, dataset), "trained": trained}
    installed = {simulator.name for simulator in installed_simulators()}
    proofs: list[_Proof] = []
    for plan in _PLANS:
        if plan.simulator not in installed:
            continue
        trainer = trainers[plan.network]
        with report.progress(f"{plan.simulator}, {plan.network} network") as advance:
            wanted = ComparisonPlan(
                simulator=plan.simulator,
                samples=plan.samples,
                network=trainer.network,
                epoch=trainer.epoch,
                sample=trainer.sample,
                trace=plan.trace,
                checks=plan.trace,  # without both, the simulated Verilog is the file that is written
                build=output / plan.simulator,
                command="ceprop demo",
            )
            comparison = compare(specification, dataset, wanted, progress=advance)
        require_whole(comparison, plan.simulator, plan.samples)
        proofs.append(_Proof(plan, comparison))
    return proofs


def _summary(result: "TrainingResult", core: dict[str, Any], proofs: list[_Proof]) -> dict[str, Any]:
    comparisons = [proof.comparison for proof in proofs]
    return {
        "test_error": result.test.error,
        "train_error": result.train.error,
        "epochs": result.trainer.epoch,
        "training_seconds": result.seconds,
        "weights_sha256": result.trainer.network.weights_sha256(),
        "samples_compared": sum(comparison.samples_compared for comparison in comparisons),
        "steps_compared": sum(comparison.steps_compared for comparison in comparisons),
        "mismatches": sum(comparison.mismatches for comparison in comparisons),
        "simulators": list(dict.fromkeys(proof.plan.simulator for proof in proofs)),
        "comparisons": [
            {
                "simulator": proof.plan.simulator,
                "network": proof.plan.network,
                "trace": proof.plan.trace,
                "samples_compared": proof.comparison.samples_compared,
                "steps_compared": proof.comparison.steps_compared,
                "states_compared": proof.comparison.states_compared,
                "weights_compared": proof.comparison.weights_compared,
                "cycles": proof.comparison.cycles,
                "mismatches": proof.comparison.mismatches,
                "weights_sha256": proof.comparison.weights_sha256,
                "seconds": proof.comparison.seconds,
            }
            for proof in proofs
        ],
        "verilog": core["verilog"],
        "manifest": core["manifest"],
        "verilog_sha256": core["sha256"],
        "learning_digest": core["learning_digest"],
        "build_digest": core["build_digest"],
    }


def _show(values: dict[str, Any], output: Path, report: Report) -> None:
    columns = ("hardware", "samples", "steps", "values", "cycles", "mismatches", "seconds")
    rows = [
        (
            f"{proof['simulator']}, {proof['network']}{', traced' if proof['trace'] else ', as written'}",
            *(f"{proof[key]:,}" for key in ("samples_compared", "steps_compared")),
            f"{proof['states_compared'] + proof['weights_compared']:,}",
            *(f"{proof[key]:,}" for key in ("cycles", "mismatches")),
            f"{proof['seconds']:.0f}",
        )
        for proof in values["comparisons"]
    ]
    report.table("hardware against golden model, bit for bit", rows, columns)
    report.say(f"written: {output}/ in {values['seconds']:.0f} s")
