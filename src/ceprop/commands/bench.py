"""`ceprop bench`: how fast it is."""

from dataclasses import asdict

import click

from ceprop.report import Report

from .options import data_option, json_option


@click.group()
def bench() -> None:
    """Speeds, each beside something measured in the same run."""


@bench.command()
@click.option("--samples", type=click.IntRange(min=1), default=4000, show_default=True, metavar="N")
@data_option
@json_option
def model(samples: int, data: str, json_file: str | None) -> None:
    """The float reference against a plain PyTorch loop of the same equations, C-EP-1h of the paper, one thread.

    Needs PyTorch, which ceprop itself does not: pip install torch.
    """
    from ceprop.bench_model import bench_model
    from ceprop.model import load_images
    from ceprop.model.reference import PAPER_ROWS
    from ceprop.reproduction import fitted

    report = Report(json_file)
    images = load_images(data, seed=1)
    settings = fitted(PAPER_ROWS["c-ep-1h"].settings, images)
    with report.progress("learning with both") as advance:
        result = bench_model(settings, images, samples, advance)
    rows = [
        ("float reference", f"{result.reference_samples_per_second:,.0f} samples/s"),
        ("PyTorch loop", f"{result.pytorch_samples_per_second:,.0f} samples/s"),
        ("ratio", f"{result.ratio:.1f}"),
        ("largest difference of a weight", f"{result.largest_difference:.1e}"),
        ("peak memory, both", f"{result.peak_memory_bytes / 2**20:,.0f} MiB"),
    ]
    layers = "-".join(map(str, settings.layers))
    report.table(f"C-EP {layers}, batch {settings.batch}, T {settings.free_steps}, K {settings.nudged_steps}", rows)
    report.result({"data": images.name, "settings": settings.model_dump(), **asdict(result)})
