"""The register bank: settings that the host writes, counters that the core advances."""

from collections.abc import Mapping

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.counters import Counters
from ceprop.hdl.control.signatures import Counts, RegisterAccess, RegisterValues
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import bits_for
from ceprop.hdl.typing import Interface
from ceprop.specification import REGISTER_BITS, Geometry, Register, registers


class RegisterBank(wiring.Component):
    """Every register of `ceprop.specification.registers`.

    Latency: `latency` cycles, a round of the counters + 4, from an address, or from the last increment, to the value; a
    written register has its value two cycles after the write.

    Parameters
    ----------
    geometry : Geometry
        Whose specification has the registers.
    widths : mapping
        Bits of the increment of each counter, by its name.

    Members
    -------
    access : In
        The port. A write outside a register's bounds is ignored; an address without a register reads zero.
    values : Out
        Values of the registers that the host writes.
    counts : In
        What is added to the counters.
    """

    access: Interface
    values: Interface
    counts: Interface

    def __init__(self, geometry: Geometry, widths: Mapping[str, int]):
        self._registers = registers(geometry.specification)
        self._numbers = {name: number for number, name in enumerate(widths)}
        self._counters = Counters(widths)
        super().__init__(
            {
                "access": In(RegisterAccess(geometry)),
                "values": Out(RegisterValues(geometry)),
                "counts": In(Counts(widths)),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from an address, or from the last count, to the value."""
        return self._counters.round + 4

    def elaborate(self, platform: object) -> Module:
        """A register of its own for each setting; the memory of the counters for the rest."""
        m = Module()
        m.submodules.counters = counters = self._counters
        wiring.connect(m, wiring.flipped(self.counts), counters.counts)
        # The port holds the word for one more cycle.
        write = delay(m, self.access.write, 1, "write")
        setting, is_counter, counter_is_here = Const(0), Const(0), Const(0)
        for register in self._registers:
            chosen = delay(m, self.access.address == register.address, 1, f"chosen_{register.name}")
            if register.name in self._numbers:
                is_counter |= chosen
                counter_is_here |= chosen & (counters.number == self._numbers[register.name])
            elif register.writable:
                setting |= Mux(chosen, self._setting(m, register, write & chosen), 0)
            else:
                setting |= Mux(chosen, Const(register.initial, REGISTER_BITS), 0)
        half, value = len(counters.half), self.access.value
        for high, part in enumerate((value[:half], value[half:])):
            with m.If(~is_counter):
                m.d.sync += part.eq(setting[high * half : (high + 1) * half])
            with m.Elif(counter_is_here & (counters.high == high)):
                m.d.sync += part.eq(counters.half)
        return m

    def _setting(self, m: Module, register: Register, written: Value) -> Signal:
        """The register of a setting, which takes a word within its bounds."""
        setting, word = Signal(bits_for(register.most), name=register.name, init=register.initial), self.access.word
        # Three small comparisons: of one of all bits the synthesizer would make one long carry.
        low, high = word[: len(setting)], word[len(setting) :]
        bounded = high == 0
        if register.most + 1 < 1 << len(setting):
            bounded &= low <= register.most
        if register.least:
            bounded &= low >= register.least
        with m.If(written & delay(m, bounded, 1, f"fits_{register.name}")):
            m.d.sync += setting.eq(word)
        m.d.comb += getattr(self.values, register.name).eq(setting)
        return setting
