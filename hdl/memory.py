"""The weight memory of a synapse cell, injected per device; this portable form is for simulation and any other flow."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.geometry import address_bits, memory_depth


class PortableMemory(wiring.Component):
    """One read port with an output register and one write port, as block RAMs have them.

    Parameters
    ----------
    words, bits, ports : int
        Depth, width of the signed words, and accesses in a cycle: 2, a read and a write; 1, either of them.

    Members
    -------
    read_address : In
        Address of one cycle; reading a word in the cycle that writes it gives the old one.
    read_data : Out(signed(bits))
        The word, `latency` cycles later.
    write_address, write_data, write_enable : In
        A word written at the end of the cycle.
    """

    latency = 2

    def __init__(self, words: int, bits: int, ports: int = 2):
        self.words = words
        self._ports = ports
        super().__init__(
            {
                "read_address": In(address_bits(words)),
                "read_data": Out(signed(bits)),
                "write_address": In(address_bits(words)),
                "write_data": In(signed(bits)),
                "write_enable": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """An inferred memory and its output register."""
        m = Module()
        m.submodules.words = memory = Memory(shape=self.read_data.shape(), depth=memory_depth(self.words), init=[])
        read, write = memory.read_port(), memory.write_port()
        output = Signal.like(self.read_data, reset_less=True)
        m.d.sync += output.eq(read.data)
        m.d.comb += [
            read.addr.eq(
                Mux(self.write_enable, self.write_address, self.read_address) if self._ports == 1 else self.read_address
            ),
            read.en.eq(1),
            self.read_data.eq(output),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            write.en.eq(self.write_enable),
        ]
        return m
