"""One core for two users: the dispatcher, and the flash controller while that is at work."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.signatures import CoreAccessInterface, CoreAccessSignature
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


class CoreSwitch(wiring.Component):
    """Joins the core to one of two users, without a register.

    Members
    -------
    dispatcher, controller : In
        The users.
    controller_busy : In
        The core is the controller's in this cycle.
    core : Out
        The core's command port, and the unpacker.
    """

    dispatcher: CoreAccessInterface
    controller: CoreAccessInterface
    controller_busy: Signal
    core: CoreAccessInterface

    def __init__(self, geometry: Geometry):
        access = CoreAccessSignature(Ports(geometry))
        super().__init__(
            {"dispatcher": In(access), "controller": In(access), "controller_busy": In(1), "core": Out(access)}
        )

    def elaborate(self, platform: object) -> Module:
        """Two streams with a choice of source, and one with a choice of target."""
        m = Module()
        one, other, core, busy = self.dispatcher, self.controller, self.core, self.controller_busy
        self._choose_source(m, one.command, other.command, core.command)
        self._choose_source(m, one.samples, other.samples, core.samples)
        m.d.comb += [
            other.response.payload.eq(core.response.payload),
            one.response.payload.eq(core.response.payload),
            other.response.valid.eq(core.response.valid & busy),
            one.response.valid.eq(core.response.valid & ~busy),
            core.response.ready.eq(Mux(busy, other.response.ready, one.response.ready)),
        ]
        return m

    def _choose_source(
        self, m: Module, one: stream.Interface, other: stream.Interface, target: stream.Interface
    ) -> None:
        busy = self.controller_busy
        m.d.comb += [
            target.valid.eq(Mux(busy, other.valid, one.valid)),
            Value.cast(target.payload).eq(Mux(busy, Value.cast(other.payload), Value.cast(one.payload))),
            other.ready.eq(target.ready & busy),
            one.ready.eq(target.ready & ~busy),
        ]
