"""Ports of memories with names of our own.

Amaranth takes a name that is not given from the bytecode of the assignment, and other versions of Python compile the
same line to other bytecode. Therefore everything that reaches the Verilog is given its name: `Signal(4, name="count")`.
A memory makes its ports without a name, so the ports are made here."""

from amaranth.lib.memory import Memory, ReadPort, WritePort
from amaranth.utils import ceil_log2

from ceprop.hdl.typing import Interface


def read_port(memory: Memory, name: str = "read") -> Interface:
    """A read port in the domain "sync", whose signals begin with `name`."""
    signature = ReadPort.Signature(addr_width=ceil_log2(memory.depth), shape=memory.shape)
    return ReadPort(signature, memory=memory, domain="sync", path=(name,))


def write_port(memory: Memory, name: str = "write", granularity: int | None = None) -> Interface:
    """A write port in the domain "sync", whose signals begin with `name`; `granularity` as Amaranth has it."""
    signature = WritePort.Signature(addr_width=ceil_log2(memory.depth), shape=memory.shape, granularity=granularity)
    return WritePort(signature, memory=memory, domain="sync", path=(name,))
