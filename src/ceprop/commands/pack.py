"""`ceprop pack`: a data set for the flash of a board, from which the board learns by itself."""

from pathlib import Path

import click

from ceprop.commands.options import data_option, held_out_option, json_option, specification_options
from ceprop.commands.types import OUTPUT_FILE, SAMPLES
from ceprop.common.errors import CepropError
from ceprop.common.report import Report
from ceprop.specification import Specification


@click.command(short_help="Write a data set for the flash of a board.")
@specification_options
@click.argument("file", type=OUTPUT_FILE)
@data_option
@click.option("--samples", type=SAMPLES, default=200, show_default=True, metavar="N", help="Training samples to pack.")
@held_out_option
@click.option(
    "--epochs",
    type=click.IntRange(1, 65535),
    default=15,
    show_default=True,
    metavar="N",
    help="Epochs for which the order of the samples and the rates are packed.",
)
@click.option(
    "--snapshot",
    type=OUTPUT_FILE,
    metavar="FILE",
    help="Also write the snapshot of the initial network, from which a board that stands alone begins.",
)
@click.option("--contents", is_flag=True, help="FILE is the content of a whole flash, as for `ceprop run --flash`.")
@json_option
def pack(
    specification: Specification,
    file: Path,
    data: str,
    samples: int,
    held_out: int,
    epochs: int,
    snapshot: Path | None,
    contents: bool,
    json_file: Path | None,
) -> None:
    """Pack samples of the data, and SPEC's plan for them, into FILE.

    The plan has the order of the samples and the rates of each epoch. `ceprop flash --data-set` writes FILE to the
    board's flash, at the address shown. `ceprop run train --from-flash` lets the board learn from it. A board that
    stands alone also needs a snapshot, which `ceprop flash --snapshot` writes. SPEC must then have the array of the
    board.
    """
    from ceprop.boards.host import data_set_image, snapshot_image
    from ceprop.boards.protocol import Flash
    from ceprop.boards.virtual import flash_contents
    from ceprop.common.files import write_aside
    from ceprop.model import Network, load_dataset
    from ceprop.specification import Geometry

    report = Report(json_file)
    dataset = load_dataset(specification, data).first(samples, held_out)
    image = data_set_image(specification, dataset, epochs)
    if contents:
        whole = bytearray(flash_contents(file))
        whole[Flash.DATA_SET : Flash.DATA_SET + len(image)] = image
        write_aside(file, bytes(whole))
    else:
        write_aside(file, image)
    if snapshot:
        if specification.array is None:
            raise CepropError(f"--snapshot: {specification.name} must have an array")
        write_aside(snapshot, snapshot_image(Geometry(specification), Network.initial(specification), 1))
    counts = {"samples": samples, "held_out": held_out, "epochs": epochs}
    written = {"snapshot": str(snapshot)} if snapshot else {}
    values = {"file": str(file), **counts, "bytes": len(image), "address": Flash.DATA_SET, **written}
    report.table(f"data set {dataset.name} for {specification.name}", list(values.items()))
    report.result(values)
