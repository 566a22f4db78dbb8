"""Comparisons with the golden model below the RTL: the core as netlist after synthesis, and the whole board as routed
netlist and as Verilog that was recovered from its bitstream.

`synthesized` compares a core at its own streams. `netlists` reads what yosys and nextpnr wrote, and `faults` changes
one bit of a look-up table in it.
"""
