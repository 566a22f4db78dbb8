"""Linting: every tool accepts what Amaranth writes, and every tool can refuse."""

from collections.abc import Callable
from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop import CepropError
from ceprop.sim.lint import _icarus, _yosys, lint


class Accumulate(wiring.Component):
    """A sum of signed numbers of two widths, with a reset: enough for the warnings that Amaranth causes."""

    addend: Signal
    enable: Signal
    total: Signal

    def __init__(self) -> None:
        super().__init__({"addend": In(signed(4)), "enable": In(1), "total": Out(signed(9))})

    def elaborate(self, _: object) -> Module:
        m = Module()
        wide = Signal(signed(12))
        m.d.comb += wide.eq(self.total + self.addend)
        m.d.sync += self.total.eq(Mux(self.enable, wide, self.total))
        return m


def written(folder: Path, text: str, name: str = "top") -> Path:
    path = folder / f"{name}.v"
    path.write_text(text, encoding="utf-8")
    return path


def test_accepts_amaranth(tmp_path: Path) -> None:
    path = written(tmp_path, verilog.convert(Accumulate(), name="accumulate", emit_src=False))
    assert [tool for tool, _ in lint(path, "accumulate")] == ["verilator", "icarus", "yosys"]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("module top(input a, output b); assign b = a &; endmodule", "verilator: %Error"),
        ("module top(input a, output b); assign b = a; assign b = ~a; endmodule", "verilator: %"),
        ("module top(input a, output b); other one(.a(a), .b(b)); endmodule", "verilator: %Error"),
        ("module top(input a, output b); assign b = a & undeclared; endmodule", "verilator: %Error"),
        ("module top(input a, output reg b); always @* if (a) b = 1'b1; endmodule", "verilator: %Warning-LATCH"),
    ],
    ids=["syntax", "two drivers", "no such module", "undeclared", "latch"],
)
def test_refuses_bad_verilog_with_its_first_line(tmp_path: Path, body: str, line: str) -> None:
    with pytest.raises(CepropError) as caught:
        lint(written(tmp_path, body + "\n"), "top")
    assert str(caught.value).startswith(f"lint: {line}")
    assert "top.v:1" in str(caught.value)
    assert "\n" not in str(caught.value)


BAD = "module top(input a, output b); other one(.a(a), .b(b)); endmodule\n"


@pytest.mark.parametrize(("check", "tool"), [(_icarus, "icarus"), (_yosys, "yosys")])
def test_every_tool_can_refuse(check: Callable[[Path, str], object], tool: str, tmp_path: Path) -> None:
    with pytest.raises(CepropError, match=f"lint: {tool}: "):
        check(written(tmp_path, BAD), "top")
