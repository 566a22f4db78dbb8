"""The weight memory of a synapse cell. The portable form is for simulation and for any other flow."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.common.errors import CepropError
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.specification import address_bits, memory_depth


def check_ports(ports: int) -> None:
    """Raise :class:`CepropError` for any number of ports but one and two."""
    if ports not in (1, 2):
        raise CepropError(f"weight memory: ports = {ports}: must be 1 or 2")


class WeightMemory(wiring.Component):
    """Words that are read through an output register, as block RAMs have it, and written.

    Parameters
    ----------
    words, bits : int
        Depth, and width of the signed words.
    ports : int
        Accesses in one cycle. With 2 the memory reads in every cycle and may write in the same cycle; a word that is
        read while it is written is undefined. With 1 the memory writes where `write_enable` is set and reads otherwise;
        the word that is read in a cycle with a write is undefined. :class:`CepropError` for any other number.

    Members
    -------
    read_address : In
        Address of one cycle.
    read_data : Out(signed(bits))
        The word, `latency` cycles later on every device. Undefined before the word is first written.
    write_address, write_data, write_enable : In
        A word written at the end of the cycle.
    """

    latency = 2

    read_address: Signal
    read_data: Signal
    write_address: Signal
    write_data: Signal
    write_enable: Signal

    def __init__(self, words: int, bits: int, ports: int = 2):
        check_ports(ports)
        self.words = words
        self.ports = ports
        super().__init__(
            {
                "read_address": In(address_bits(words)),
                "read_data": Out(signed(bits)),
                "write_address": In(address_bits(words)),
                "write_data": In(signed(bits)),
                "write_enable": In(1),
            }
        )

    def addresses(self, m: Module) -> tuple[Value, Value]:
        """The addresses that read and write. With one port both are the same address, so that a simulation loses a read
        in a cycle with a write as the device does."""
        if self.ports == 2:
            return self.read_address, self.write_address
        shared = Signal.like(self.read_address, name="address")
        m.d.comb += shared.eq(Mux(self.write_enable, self.write_address, self.read_address))
        return shared, shared


class PortableMemory(WeightMemory):
    """An inferred memory and its output register. An undefined word is the old word at the address in use, here and in
    most block RAMs; a cell must not rely on that."""

    def elaborate(self, platform: object) -> Module:
        """One read port and one write port, on one address where there is only one port."""
        m = Module()
        m.submodules.words = memory = Memory(shape=self.read_data.shape(), depth=memory_depth(self.words), init=[])
        read, write = read_port(memory), write_port(memory)
        read_address, write_address = self.addresses(m)
        output = Signal.like(self.read_data, name="output", reset_less=True)
        m.d.sync += output.eq(read.data)
        m.d.comb += [
            read.addr.eq(read_address),
            read.en.eq(1),
            self.read_data.eq(output),
            write.addr.eq(write_address),
            write.data.eq(self.write_data),
            write.en.eq(self.write_enable),
        ]
        return m
