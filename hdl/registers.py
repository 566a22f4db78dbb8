"""The register bank: settings that the host writes, counters that the core advances."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.lanes import delay
from ceprop.hdl.messages import bits_for
from ceprop.hdl.ports import Ports
from ceprop.registers import REGISTER_BITS, registers

VALUE_LATENCY = 2
"""Cycles from an address to its register's value."""


class RegisterBank(wiring.Component):
    """Every register of `ceprop.registers`.

    Members
    -------
    address, write, word, value : In, In, In, Out
        The port, the value `VALUE_LATENCY` cycles after its address; the word is held a cycle longer than its write. A
        write outside a register's bounds is ignored, an address without a register reads zero.
    one member a writable register : Out
        Its value.
    one member a counter, `count_` before its name : In
        What is added to it, a cycle later.
    """

    def __init__(self, geometry: Geometry, counted: dict[str, int]):
        """`counted` gives the width of each counter's increment."""
        self._registers = registers(geometry.specification)
        settings = {r.name: Out(bits_for(r.most)) for r in self._registers if r.writable}
        super().__init__(
            {
                "address": In(Ports(geometry).address_bits),
                "write": In(1),
                "word": In(REGISTER_BITS),
                "value": Out(REGISTER_BITS),
                **settings,
                **{f"count_{name}": In(bits) for name, bits in counted.items()},
            }
        )
        self._counted = counted

    def elaborate(self, platform: object) -> Module:
        """One word each."""
        m = Module()
        # The port holds the word for one more cycle.
        write = delay(m, self.write, 1, "write")
        found = Const(0)
        for register in self._registers:
            chosen = delay(m, self.address == register.address, 1, f"chosen_{register.name}")
            found |= Mux(chosen, self._word(m, register, write & chosen), 0)
        m.d.sync += self.value.eq(found)
        return m

    def _word(self, m: Module, register, written: Value):
        if register.writable:
            word = Signal(bits_for(register.most), name=register.name, init=register.initial)
            bounded = self.word <= register.most
            if register.least:
                bounded &= self.word >= register.least
            fits = delay(m, bounded, 1, f"fits_{register.name}")
            with m.If(written & fits):
                m.d.sync += word.eq(self.word)
            m.d.comb += getattr(self, register.name).eq(word)
            return word
        if register.name in self._counted:
            word = Signal(REGISTER_BITS, name=register.name)
            count = getattr(self, f"count_{register.name}")
            added = Signal(count.shape(), name=f"added_{register.name}")
            m.d.sync += [added.eq(count), word.eq(word + added)]
            return word
        return Const(register.initial, REGISTER_BITS)
