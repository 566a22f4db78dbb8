"""A stream from one clock domain to another, whatever their clocks are."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ceprop.hdl.streams import stream_of


class StreamCrossing(wiring.Component):
    """Passes one payload after the other by a handshake of four phases. It takes about ten cycles for each::

        source domain                         target domain
        valid ─► asked ─────► two flip-flops ─► offered ─► valid
        ready ◄────── two flip-flops ◄───────── taken ◄─── ready

    The source learns that its payload was taken only after the target has taken it. Until then a stream's payload does
    not change, so it crosses without a synchronizer: the request that it has come needs two cycles of the target more.
    No enable goes to the payload's register, which may be as wide as the array. Either end may be reset while the other
    is not: `asked` falls with the source's reset, and a payload that was not taken then is lost.

    Parameters
    ----------
    shape : shape
        That of the payload.
    source_domain, target_domain : str
        The clock domains.

    Members
    -------
    source : In, stream
        Where payloads come from.
    target : Out, stream
        Where they go.
    """

    source: stream.Interface
    target: stream.Interface

    def __init__(self, shape: Any, *, source_domain: str, target_domain: str):
        self._source_domain, self._target_domain = source_domain, target_domain
        super().__init__({"source": In(stream_of(shape)), "target": Out(stream_of(shape))})

    def elaborate(self, platform: object) -> Module:
        """A flag in each domain, and the register of the payload."""
        m = Module()
        source, target = self.source, self.target
        asked, asked_here = Signal(name="asked"), Signal(name="asked_in_target_domain")
        taken, taken_here = Signal(name="taken"), Signal(name="taken_in_source_domain")
        m.submodules.request = FFSynchronizer(asked, asked_here, o_domain=self._target_domain)
        m.submodules.acknowledge = FFSynchronizer(taken, taken_here, o_domain=self._source_domain)
        # From a register, for it may lead to every bit of a payload as wide as the array.
        ready = Signal(name="ready")
        m.d.comb += source.ready.eq(ready)
        m.d[self._source_domain] += [ready.eq(asked & taken_here), asked.eq((source.valid | asked) & ~taken_here)]
        offered = Signal(name="offered")
        payload = Signal(source.payload.shape(), name="payload", reset_less=True)
        m.d.comb += [target.valid.eq(offered), target.payload.eq(payload)]
        m.d[self._target_domain] += [
            payload.eq(source.payload),
            offered.eq(asked_here & ~taken & ~(offered & target.ready)),
            taken.eq(asked_here & (taken | (offered & target.ready))),
        ]
        return m
