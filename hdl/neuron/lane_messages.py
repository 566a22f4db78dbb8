"""The messages in a lane of neurons, on their hop from the lane before to the lane after."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal

from ceprop.hdl.lanes.hop import hop
from ceprop.hdl.typing import Fields, Interface


class LaneMessages(NamedTuple):
    """The messages in this lane. `acting` is the step message one cycle later, beside the addresses of its words."""

    source: Fields
    sum: Fields
    step: Fields
    acting: Fields
    settings: Fields


def hop_messages(m: Module, before: Interface, after: Interface, registers: int) -> LaneMessages:
    """Take the messages from the lane `before`, through one register or none, and pass them on to the lane `after`. The
    status is not among them: the cell adds to it. `remaining` of a step message counts down from lane to lane."""
    source, total, step, settings = (
        hop(m, getattr(before, name), registers, f"{name}_hop") for name in ("source", "sum", "step", "settings")
    )
    m.d.comb += [
        after.settings.eq(settings),
        after.source.eq(source),
        after.sum.eq(total),
        after.step.eq(step),
        after.step.remaining.eq(Mux(step.remaining == 0, 0, step.remaining - 1)),
    ]
    acting = Signal(step.shape(), name="step_acting")
    m.d.sync += acting.eq(step)
    return LaneMessages(source, total, step, acting, settings)
