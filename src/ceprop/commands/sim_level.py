"""The level at which `ceprop sim` takes the hardware: the generated RTL, or a netlist that tools made from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ceprop.commands.options import primitives_option
from ceprop.commands.types import INPUT_FILE
from ceprop.common.report import Report
from ceprop.specification import Geometry, Specification

if TYPE_CHECKING:
    from ceprop.boards import Board, Device
    from ceprop.boards.levels.board_netlist import BoardLevel
    from ceprop.boards.parts.devices import Family
    from ceprop.model import Dataset
    from ceprop.sim import Comparison, ComparisonPlan

RTL, SYNTHESIZED, ROUTED, BITSTREAM = "rtl", "synthesized", "routed", "bitstream"
LEVELS = (RTL, SYNTHESIZED, ROUTED, BITSTREAM)
_OF_BOARD = (ROUTED, BITSTREAM)
_AT_STREAMS = {"simulator": "--simulator", "read_every": "--read-every", "no_skip": "--no-skip", "waves": "--waves"}
"""Options of the levels at which the streams of the core are driven."""
_BOARD_OF_FAMILY = {"ice40": "ice40_hx8k_b_evn", "ecp5": "ulx3s_25f"}
"""The board of a family where none is given, for the levels that need a whole board."""


@dataclass(frozen=True)
class Level:
    """A level, and what names its device: a family or a board. `primitives` are those of the RTL, and `verilog` is a
    file with the RTL, or None where it is generated."""

    name: str
    family: "Family | None"
    board_name: str | None
    primitives: str
    verilog: Path | None

    @property
    def below_rtl(self) -> bool:
        """Whether the hardware is a netlist."""
        return self.name != RTL

    @property
    def title(self) -> str:
        """The end of a table's title."""
        if self.verilog is not None:
            return f", {self.verilog},"
        return f", {self.name} for {self._device.name}," if self.below_rtl else ""

    @property
    def fields(self) -> dict[str, str | None]:
        """The fields of the result that tell what was compared."""
        if not self.below_rtl:
            given = self.verilog and str(self.verilog)
            return {"level": RTL, "primitives": self.primitives, "verilog": given}
        device = self._device
        board = self._board and self._board.name
        names = {"family": device.family, "device": device.name, "board": board}
        return {"level": self.name, "primitives": device.primitives, **names}

    @property
    def of_board(self) -> bool:
        """Whether the hardware is a whole board, which is driven at its pins."""
        return self.name in _OF_BOARD

    def check(self, specification: Specification, plant_fault: str | None) -> None:
        """Raise :class:`click.UsageError` where options do not fit the level, and :class:`CepropError` where the core
        does not fit the board."""
        geometry = Geometry(specification)
        if not self.below_rtl:
            self._check_rtl(plant_fault)
            return
        if self.verilog is not None:
            raise click.UsageError(f"--verilog {self.verilog}: is for --level rtl; a level below makes its own netlist")
        if self.family is None and self.board_name is None:
            raise click.UsageError(f"--level {self.name}: --family or --board must be given")
        source = click.get_current_context().get_parameter_source("primitives")
        if source is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError(f"--primitives {self.primitives}: is for --level rtl; the device has its own")
        board = self._board
        if board is not None and self.family not in (None, board.device.family):
            raise click.UsageError(f"--family {self.family}: {board.title} is of family {board.device.family}")
        if self.of_board:
            self._check_board(plant_fault)
        elif board is not None:
            from ceprop.boards import check_fit

            check_fit(geometry, board)

    def _check_board(self, plant_fault: str | None) -> None:
        from ceprop.boards.levels.board_netlist import check_level

        context = click.get_current_context()
        for name, option in _AT_STREAMS.items():
            if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
                raise click.UsageError(f"{option}: is for --level rtl and synthesized; a board is driven at its pins")
        if plant_fault == "weight":
            raise click.UsageError(f"--plant-fault weight: --level {self.name} can have look-up-table")
        assert self._board is not None
        check_level(cast("BoardLevel", self.name), self._board)

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
            from ceprop.sim import compare, compare_verilog

            whole = replace(plan, primitives=primitives_named(self.primitives))
            with report.progress(label) as advance:
                if self.verilog is not None:
                    return compare_verilog(specification, dataset, whole, self.verilog, progress=advance)
                return compare(specification, dataset, whole, progress=advance)
        if self.of_board:
            return self._compare_board(specification, dataset, plan, report, flip_table_bit=flip_table_bit)
        from ceprop.boards.levels.synthesized import compare_synthesized, synthesized_core

        assert plan.build_folder is not None
        with report.stages() as say:
            core = synthesized_core(specification, self._device, plan.build_folder, say)
        with report.progress(label) as advance:
            return compare_synthesized(core, dataset, plan, flip_table_bit=flip_table_bit, progress=advance)

    def _compare_board(
        self,
        specification: Specification,
        dataset: "Dataset",
        plan: "ComparisonPlan",
        report: Report,
        *,
        flip_table_bit: bool,
    ) -> "Comparison":
        from ceprop.boards.levels.board_comparison import compare_board
        from ceprop.boards.levels.board_design import built_board
        from ceprop.boards.levels.board_netlist import board_netlist

        folder = plan.build_folder
        assert folder is not None
        assert self._board is not None
        with report.stages() as say:
            built = built_board(specification, self._board, folder, say)
            say("compiling the netlist")
            level = cast("BoardLevel", self.name)
            board = board_netlist(level, built, folder, flip_table_bit=flip_table_bit)
        with report.progress("comparing over the link") as advance:
            return compare_board(built.design, board, dataset, plan, progress=advance)

    @property
    def _board(self) -> "Board | None":
        """The board that was named, or that of the family at a level that needs one."""
        from ceprop.boards import board

        if self.board_name is not None:
            return board(self.board_name)
        return board(_BOARD_OF_FAMILY[self.family]) if self.of_board and self.family is not None else None

    @property
    def _device(self) -> "Device":
        from ceprop.boards.levels.synthesized import device_of

        if self._board is not None:
            return self._board.device
        assert self.family is not None
        return device_of(self.family)


def level_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--level`, `--family`, `--board`, `--verilog` and `--primitives`. The verb gets a `level`."""

    @click.option(
        "--level",
        "level_name",
        type=click.Choice(LEVELS),
        default=RTL,
        show_default=True,
        help="Hardware that is compared: the generated RTL, the netlist of a core after synthesis, the routed netlist "
        "of a whole board, or what is recovered from its bitstream.",
    )
    @click.option(
        "--family", type=click.Choice(["ice40", "ecp5"]), help="Family of the device, for the levels below the RTL."
    )
    @click.option("--board", metavar="NAME", help="Board whose device is meant, in place of --family.")
    @click.option(
        "--verilog",
        type=INPUT_FILE,
        metavar="FILE",
        help="Verilog to compare in place of the generated RTL: a file of `ceprop generate`, which may be edited.",
    )
    @primitives_option
    @wraps(verb)
    def with_level(
        *arguments: Any,
        level_name: str,
        family: "Family | None",
        board: str | None,
        verilog: Path | None,
        primitives: str,
        **options: Any,
    ) -> Any:
        return verb(*arguments, level=Level(level_name, family, board, primitives, verilog), **options)

    return with_level
