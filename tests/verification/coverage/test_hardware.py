"""Counts of Verilator belong to the lines of Python from which the hardware was made."""

import pytest

from ceprop.verification.coverage.constants import constant_bits
from ceprop.verification.coverage.hardware import Place, hardware_coverage
from ceprop.verification.coverage.summary import grouped

VERILOG = """\
(* src = "/home/ceprop/hdl/part.py:7" *)
module top(clk, rst, full, data, \\out$2 );
  input clk;
  input rst;
  input full;
  input [1:0] data;
  output [2:0] \\out$2 ;
  (* src = "/home/ceprop/hdl/part.py:9" *)
  reg [2:0] \\out$2 ;
  wire [2:0] _0_;
  wire [2:0] _1_;
  wire _2_;
  reg [1:0] words [3:0];
  (* src = "/home/ceprop/hdl/part.py:12" *)
  always @(posedge clk)
    \\out$2  <= _1_;
  assign _2_ = full & (* src = "/home/ceprop/hdl/part.py:13" *) data[0];
  assign _0_ = _2_ ? { 1'h0, data } : \\out$2 ;
  assign _1_ = rst ? 3'h0 : _0_;
endmodule

(* src = "/lib/amaranth/fifo.py:3" *)
module other(clk);
  input clk;
endmodule
"""


def entry(count: int, **fields: object) -> str:
    """A line of the file that Verilator writes."""
    text = "".join(f"\x01{name}\x02{value}" for name, value in fields.items())
    return f"C '{text}' {count}\n"


def toggle(line: int, name: str, count: int, path: str = "top") -> str:
    """The line of a bit that rises."""
    return entry(count, f="top.v", l=line, t="toggle", o=f"{name}:0->1", h=path)


def found(*entries: str, constants: frozenset[tuple[str, int]] = frozenset()) -> dict[tuple[str, str], int | None]:
    """The counts by kind and name. All of them are of one file."""
    coverage = hardware_coverage(VERILOG, "".join(entries), constants)
    assert {place.file for place in coverage} <= {"hdl/part.py"}
    return {(place.kind, place.name): count for place, count in coverage.items()}


def test_a_register_has_the_line_of_python_that_made_it() -> None:
    assert found(entry(5, l=14, t="line", o="block")) == {}
    assert found(entry(5, l=15, t="line", o="block")) == {("line", "hdl/part.py:12 out"): 5}


def test_a_selection_has_what_it_decides_and_its_condition() -> None:
    sides = [
        entry(count, l=line, t="branch", o=side)
        for line, side, count in ((18, "cond_then", 0), (18, "cond_else", 4), (19, "cond_then", 3))
    ]
    assert found(*sides) == {
        ("branch", "out if hdl/part.py:13 cond_then"): 0,
        ("branch", "out if hdl/part.py:13 cond_else"): 4,
        ("branch", "out if rst cond_then"): 3,
    }


def test_toggles_are_added_over_instances_and_numbers_of_wires() -> None:
    bits = [toggle(9, "out__024" + "2[1]", 2), toggle(9, "out[1]", 3, "top.inner"), toggle(6, "data[0]", 0)]
    assert found(*bits) == {("toggle", "out[1] 0->1"): 5, ("toggle", "data[0] 0->1"): 0}


def test_a_bit_that_is_constant_in_every_instance_is_not_missing() -> None:
    bits = [toggle(9, "out[2]", 0), toggle(9, "out[2]", 0, "top.inner")]
    assert found(*bits, constants=frozenset({("top.out", 2)})) == {("toggle", "out[2] 0->1"): 0}
    both = frozenset({("top.out", 2), ("top.inner.out", 2)})
    assert found(*bits, constants=both) == {("toggle", "out[2] 0->1"): None}


def test_memories_and_parts_of_libraries_are_left_out() -> None:
    assert found(toggle(13, "words[1][0]", 0), toggle(24, "clk", 7, "other")) == {}


def test_yosys_finds_the_bits_that_never_change() -> None:
    constants = constant_bits(VERILOG, "top")
    assert ("top.out$2", 2) in constants
    assert not {("top.out$2", 0), ("top.out$2", 1), ("top.data", 0)} & constants


@pytest.mark.parametrize("direction", ["0->1", "1->0"])
def test_bits_of_a_signal_are_named_together(direction: str) -> None:
    names = ["sum[10]", "sum[2]", "flag[0]"]
    places = [Place("hdl/part.py", "toggle", f"{name} {direction}") for name in names]
    branch = Place("hdl/part.py", "branch", "out if rst cond_then")
    assert grouped([*places, branch]) == {
        ("hdl/part.py", "toggle", "sum"): "2 10",
        ("hdl/part.py", "toggle", "flag"): "0",
        ("hdl/part.py", "branch", "out if rst cond_then"): "",
    }
