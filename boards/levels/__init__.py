"""Comparisons with the golden model below the RTL: the core as netlist after synthesis, and the whole board as routed
netlist and as Verilog that was recovered from its bitstream.

`synthesized` compares a core at its own streams. `board_design` builds a board, `routed` and `recovered` read what the
tools made of it, `board_netlist` simulates it, and `board_comparison` compares it over its link. `netlists` reads the
JSON of yosys, and `faults` changes one bit of a look-up table.
"""
