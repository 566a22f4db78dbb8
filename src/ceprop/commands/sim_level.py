"""The level at which `ceprop sim` takes the hardware: the generated RTL, or a netlist that tools made from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from ceprop.commands.options import primitives_option
from ceprop.common.report import Report
from ceprop.specification import Geometry, Specification

if TYPE_CHECKING:
    from ceprop.boards import Board, Device
    from ceprop.boards.parts.devices import Family
    from ceprop.model import Dataset
    from ceprop.sim import Comparison, ComparisonPlan

RTL, SYNTHESIZED = "rtl", "synthesized"
LEVELS = (RTL, SYNTHESIZED)


@dataclass(frozen=True)
class Level:
    """A level, and what names its device: a family or a board. `primitives` are those of the RTL."""

    name: str
    family: "Family | None"
    board_name: str | None
    primitives: str

    @property
    def below_rtl(self) -> bool:
        """Whether the hardware is a netlist."""
        return self.name != RTL

    @property
    def title(self) -> str:
        """The end of a table's title."""
        return f", {self.name} for {self._device.name}," if self.below_rtl else ""

    @property
    def fields(self) -> dict[str, str | None]:
        """The fields of the result that tell what was compared."""
        if not self.below_rtl:
            return {"level": RTL, "primitives": self.primitives}
        device = self._device
        names = {"family": device.family, "device": device.name, "board": self.board_name}
        return {"level": self.name, "primitives": device.primitives, **names}

    def check(self, specification: Specification, plant_fault: str | None) -> None:
        """Raise :class:`click.UsageError` where options do not fit the level, and :class:`CepropError` where the core
        does not fit the board."""
        geometry = Geometry(specification)
        if not self.below_rtl:
            self._check_rtl(plant_fault)
            return
        if self.family is None and self.board_name is None:
            raise click.UsageError(f"--level {self.name}: --family or --board must be given")
        source = click.get_current_context().get_parameter_source("primitives")
        if source is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError(f"--primitives {self.primitives}: is for --level rtl; the device has its own")
        board = self._board
        if board is None:
            return
        if self.family not in (None, board.device.family):
            raise click.UsageError(f"--family {self.family}: {board.title} is of family {board.device.family}")
        from ceprop.boards import check_fit

        check_fit(geometry, board)

    def _check_rtl(self, plant_fault: str | None) -> None:
        for option, value in (("--family", self.family), ("--board", self.board_name)):
            if value is not None:
                raise click.UsageError(f"{option} {value}: is for the levels below --level rtl")
        if plant_fault == "look-up-table":
            raise click.UsageError("--plant-fault look-up-table: --level rtl has none; choose a level below")

    def compare(
        self,
        specification: Specification,
        dataset: "Dataset",
        plan: "ComparisonPlan",
        report: Report,
        *,
        flip_table_bit: bool,
    ) -> "Comparison":
        """Compare the hardware with the golden model. The plan has everything but what the level decides."""
        label = f"comparing on {plan.simulator}"
        if not self.below_rtl:
            from ceprop.hdl.devices.primitives import primitives_named
            from ceprop.sim import compare

            with report.progress(label) as advance:
                whole = replace(plan, primitives=primitives_named(self.primitives))
                return compare(specification, dataset, whole, progress=advance)
        from ceprop.boards.levels.synthesized import compare_synthesized, synthesized_core

        assert plan.build_folder is not None
        with report.stages() as say:
            core = synthesized_core(specification, self._device, plan.build_folder, say)
        with report.progress(label) as advance:
            return compare_synthesized(core, dataset, plan, flip_table_bit=flip_table_bit, progress=advance)

    @property
    def _board(self) -> "Board | None":
        from ceprop.boards import board

        return None if self.board_name is None else board(self.board_name)

    @property
    def _device(self) -> "Device":
        from ceprop.boards.levels.synthesized import device_of

        if self._board is not None:
            return self._board.device
        assert self.family is not None
        return device_of(self.family)


def level_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--level`, `--family`, `--board` and `--primitives`. The verb gets a `level`."""

    @click.option(
        "--level",
        "level_name",
        type=click.Choice(LEVELS),
        default=RTL,
        show_default=True,
        help="Hardware that is compared: the generated RTL, or the netlist of a core after synthesis.",
    )
    @click.option(
        "--family", type=click.Choice(["ice40", "ecp5"]), help="Family of the device, for the levels below the RTL."
    )
    @click.option("--board", metavar="NAME", help="Board whose device is meant, in place of --family.")
    @primitives_option
    @wraps(verb)
    def with_level(
        *arguments: Any, level_name: str, family: "Family | None", board: str | None, primitives: str, **options: Any
    ) -> Any:
        return verb(*arguments, level=Level(level_name, family, board, primitives), **options)

    return with_level
