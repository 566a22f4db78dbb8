"""The register bank: settings that the host writes, counters that the core advances."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.counters import Counters
from ceprop.hdl.delay import delay
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import bits_for
from ceprop.specification import REGISTER_BITS, Geometry, Register, registers


class RegisterBank(wiring.Component):
    """Every register of `ceprop.specification.registers`.

    Members
    -------
    address, write, word, value : In, In, In, Out
        The port, the value `latency` cycles after its address; the word is held a cycle longer than its write. A write
        outside a register's bounds is ignored, an address without a register reads zero.
    one member a writable register : Out
        Its value.
    one member a counter, `count_` before its name : In
        What is added to it, which its value shows `latency` cycles later.
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
        self._counters = Counters(list(counted.values()))

    @property
    def latency(self) -> int:
        """Cycles from an address, or from the last count, to the value."""
        return self._counters.round + 4

    def elaborate(self, platform: object) -> Module:
        """A word of its own for each setting, the counters' memory for the rest."""
        m = Module()
        m.submodules.counters = counters = self._counters
        numbers = {name: number for number, name in enumerate(self._counted)}
        m.d.comb += [
            getattr(counters, f"count_{number}").eq(getattr(self, f"count_{name}")) for name, number in numbers.items()
        ]
        # The port holds the word for one more cycle.
        write = delay(m, self.write, 1, "write")
        found, counts, here = Const(0), Const(0), Const(0)
        for register in self._registers:
            chosen = delay(m, self.address == register.address, 1, f"chosen_{register.name}")
            if register.name in numbers:
                counts |= chosen
                here |= chosen & (counters.number == numbers[register.name])
            elif register.writable:
                found |= Mux(chosen, self._setting(m, register, write & chosen), 0)
            else:
                found |= Mux(chosen, Const(register.initial, REGISTER_BITS), 0)
        half = len(counters.half)
        for high, part in enumerate((self.value[:half], self.value[half:])):
            with m.If(~counts):
                m.d.sync += part.eq(found[high * half : (high + 1) * half])
            with m.Elif(here & (counters.high == high)):
                m.d.sync += part.eq(counters.half)
        return m

    def _setting(self, m: Module, register: Register, written: Value) -> Signal:
        word = Signal(bits_for(register.most), name=register.name, init=register.initial)
        # Of a comparison of all bits the synthesizer would make one long carry.
        low, high = self.word[: len(word)], self.word[len(word) :]
        bounded = high == 0
        if register.most + 1 < 1 << len(word):
            bounded &= low <= register.most
        if register.least:
            bounded &= low >= register.least
        with m.If(written & delay(m, bounded, 1, f"fits_{register.name}")):
            m.d.sync += word.eq(self.word)
        m.d.comb += getattr(self, register.name).eq(word)
        return word
