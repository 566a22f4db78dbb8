"""FPGA boards: top levels, bitstreams, flashing and the host driver will live here. Nothing does yet."""
