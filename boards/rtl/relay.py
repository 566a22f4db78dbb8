"""A register between two ends of a stream that lie far from each other."""

from amaranth.hdl import Module, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Relay(wiring.Component):
    """Takes three cycles or more for a payload, and makes no path through itself, in either direction.

    Parameters
    ----------
    shape : ShapeLike
        Of the payload.

    Members
    -------
    source : In, stream
        Where payloads come from; one stays until it is taken, as it has to on a stream.
    target : Out, stream
        Where they go.
    """

    def __init__(self, shape: ShapeLike):
        super().__init__({"source": In(stream.Signature(shape)), "target": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        """The source hears that its payload was taken only after the target has taken it, so the payload's register
        follows the source in every cycle and needs no enable, which would be one net to all its bits."""
        m = Module()
        source, target = self.source, self.target
        m.d.sync += target.payload.eq(source.payload)
        with m.FSM():
            with m.State("WAIT"), m.If(source.valid):
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += target.valid.eq(1)
                with m.If(target.ready):
                    m.next = "TAKEN"
            with m.State("TAKEN"):
                m.d.comb += source.ready.eq(1)
                m.next = "WAIT"
        return m
