"""The activation of a neuron: a sum in, a state out (`docs/numerics.md`, section 3)."""

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.saturation import clip
from ceprop.hdl.devices.named_ports import read_port
from ceprop.specification import Specification, sigmoid_table


class Activation(wiring.Component):
    """Hard sigmoid, or the sigmoid from its table.

    Latency: 2 cycles, or 3 with the table. Throughput: one sum per cycle.

    Parameters
    ----------
    specification : Specification
        Kind, state width and table.
    bits, fraction : int
        Width of the signed sum, and how many of its bits are fraction.

    Members
    -------
    value : In(signed(bits))
        A neuron's sum.
    state : Out(state_bits)
        `rho(value)`, `latency` cycles later.
    """

    value: Signal
    state: Signal

    def __init__(self, specification: Specification, bits: int, fraction: int):
        self.specification = specification
        self.fraction = fraction
        super().__init__({"value": In(signed(bits)), "state": Out(specification.formats.state_bits)})

    @property
    def latency(self) -> int:
        """Cycles from sum to state."""
        return 2 if self.specification.activation.kind == "hard-sigmoid" else 3

    def elaborate(self, platform: object) -> Module:
        """One of the two forms: round and clip, or address and look up."""
        m = Module()
        if self.specification.activation.kind == "hard-sigmoid":
            self._hard_sigmoid(m)
        else:
            self._table(m)
        return m

    def _hard_sigmoid(self, m: Module) -> None:
        bits = self.specification.formats.state_bits
        dropped = self.fraction - bits
        # Small weights may never reach the lowest bit of a state.
        rounded = Signal(signed(max(1, len(self.value) + 1 - dropped)), name="rounded", reset_less=True)
        state = Signal(bits, name="clipped", reset_less=True)
        m.d.sync += [rounded.eq((self.value + (1 << (dropped - 1))) >> dropped), state.eq(clip(rounded, bits))]
        m.d.comb += self.state.eq(state)

    def _table(self, m: Module) -> None:
        span = self.specification.sigmoid_range
        bits = self.specification.activation.table_bits
        offset = (1 << (self.fraction + span)) - (1 << (self.fraction - 1))
        dropped = self.fraction + span + 1 - bits
        shifted = Signal(
            signed(max(len(self.value), self.fraction + span + 2) + 1 - dropped), name="shifted", reset_less=True
        )
        address = Signal(bits, name="address", reset_less=True)
        m.d.sync += [shifted.eq((self.value + offset) >> dropped), address.eq(clip(shifted, bits))]
        entries = sigmoid_table(self.specification)
        m.submodules.table = table = Memory(
            shape=unsigned(self.specification.formats.state_bits), depth=len(entries), init=list(entries)
        )
        read = read_port(table)
        m.d.comb += [read.addr.eq(address), read.en.eq(1), self.state.eq(read.data)]
