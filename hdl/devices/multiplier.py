"""The multiplier of a synapse cell. The portable form is for simulation and for any other flow."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Multiplier(wiring.Component):
    """Signed multiplier with the three registers that a DSP block has: operands, product, output.

    Parameters
    ----------
    a_bits, b_bits : int
        Widths of the signed operands.

    Members
    -------
    a, b : In(signed)
        Operands of one cycle.
    product : Out(signed(a_bits + b_bits))
        Their product, `latency` cycles later on every device. Throughput: one product per cycle.
    """

    latency = 3

    a: Signal
    b: Signal
    product: Signal

    def __init__(self, a_bits: int, b_bits: int):
        super().__init__({"a": In(signed(a_bits)), "b": In(signed(b_bits)), "product": Out(signed(a_bits + b_bits))})


class PortableMultiplier(Multiplier):
    """Inferred: a product between registers."""

    def elaborate(self, platform: object) -> Module:
        """Three registers in a row, without reset as in the DSP blocks."""
        m = Module()
        a = Signal.like(self.a, name="a", reset_less=True)
        b = Signal.like(self.b, name="b", reset_less=True)
        product = Signal.like(self.product, name="product", reset_less=True)
        output = Signal.like(self.product, name="output", reset_less=True)
        m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b), output.eq(product)]
        m.d.comb += self.product.eq(output)
        return m
