"""The register bank: settings that the host writes, counters that the core advances."""

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.messages import bits_for
from ceprop.hdl.ports import Ports
from ceprop.registers import REGISTER_BITS, registers


class RegisterBank(wiring.Component):
    """Every register of `ceprop.registers`.

    Members
    -------
    address, write, word, value : In, In, In, Out
        The port, the value a cycle after its address; the word is held a cycle longer than its write. A write outside a
        register's bounds is ignored, an address without a register reads zero.
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
        words = [self._word(m, register) for register in self._registers]
        m.d.sync += self.value.eq(0)
        with m.Switch(self.address):
            for register, word in zip(self._registers, words, strict=True):
                with m.Case(register.address):
                    m.d.sync += self.value.eq(word)
        return m

    def _word(self, m: Module, register):
        if register.writable:
            word = Signal(bits_for(register.most), name=register.name, init=register.initial)
            chosen = self.write & (self.address == register.address)
            fits = self.word <= register.most
            if register.least:
                fits &= self.word >= register.least
            # The port holds the word for one more cycle.
            written = Signal(name=f"write_{register.name}")
            m.d.sync += written.eq(chosen & fits)
            with m.If(written):
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
