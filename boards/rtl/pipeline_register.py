"""A pipeline register between two ends of a stream that lie far from each other."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class PipelineRegister(wiring.Component):
    """Takes five cycles or more for a payload, and sees either end through registers only.

    Parameters
    ----------
    shape : ShapeLike
        Shape of the payload.
    patient : bool
        The target, once it is ready, stays ready until a payload comes. Without that promise the target's `ready` is
        the one signal that passes no register.

    Members
    -------
    source : In, stream
        Where payloads come from; one stays until it is taken, as it has to on a stream.
    target : Out, stream
        Where they go.
    """

    source: stream.Interface
    target: stream.Interface

    def __init__(self, shape: ShapeLike, *, patient: bool = False):
        self._patient = patient
        super().__init__({"source": In(stream.Signature(shape)), "target": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        """The source learns that its payload was taken only after the target has taken it. So the payload's register
        follows the source in every cycle and needs no enable, which would be one net to all its bits."""
        m = Module()
        source, target = self.source, self.target
        offered, ready = Signal(name="offered"), Signal(name="ready")
        # Without a reset, for it is as wide as the array.
        payload = Signal(source.payload.shape(), name="payload", reset_less=True)
        m.d.sync += [payload.eq(source.payload), offered.eq(source.valid)]
        m.d.comb += target.payload.eq(payload)
        if self._patient:
            m.d.sync += ready.eq(target.ready)
        else:
            m.d.comb += ready.eq(target.ready)
        with m.FSM():
            with m.State("WAIT"), m.If(offered):
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += target.valid.eq(ready if self._patient else 1)
                with m.If(ready):
                    m.next = "TAKEN"
            with m.State("TAKEN"):
                m.d.comb += source.ready.eq(1)
                m.next = "REST"
            with m.State("REST"):
                # The registers still hold what was true before the payload was taken.
                m.next = "WAIT"
        return m
