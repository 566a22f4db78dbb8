"""A netlist of a whole board in simulation: behind its pins are the line of the host and the clock."""

from collections.abc import Mapping
from pathlib import Path

from ceprop.boards.flow.bitstream import Design
from ceprop.boards.rtl.system import SYSTEM
from ceprop.boards.rtl.top import TOP
from ceprop.boards.virtual.executable import build_executable
from ceprop.boards.virtual.simulation import Simulation


def simulated_board(design: Design, verilog: str, models: Mapping[str, str], folder: Path) -> Simulation:
    """Compile the netlist of a design's top level, and return the board. Its context is the time under power.

    `verilog` has the module `TOP`, whose ports are the pins. `models` are those of its cells, by file name. The model
    of the PLL passes the clock on, so the pin of the clock gets the clock that the PLL of the design makes. The
    compiled program is kept in `folder`.

    Raises :class:`CepropError` where Verilator is missing or fails.
    """
    assert design.baud is not None
    program = build_executable("\n".join([_system(design), verilog, *models.values()]), SYSTEM, folder)
    return Simulation(program, clock_hz=design.clock_hz, baud=design.baud)


def _system(design: Design) -> str:
    """Return the module `SYSTEM`, which has the ports of a virtual board and the pins of the real one inside. The
    design resets itself. It counts as working all the time, because no pin tells."""
    clock = f"{design.board.platform.default_clk}_0__io"
    pins = {clock: "clk", "uart_0__rx__io": "rx", "uart_0__tx__io": "tx"}
    connections = ", ".join(f".{pin}({port})" for pin, port in pins.items())
    return (
        f"module {SYSTEM} (\n    input clk,\n    input rst,\n    input rx,\n    output tx,\n"
        f"    output working\n);\n    assign working = 1'b1;\n    {TOP} board ({connections});\nendmodule\n"
    )
