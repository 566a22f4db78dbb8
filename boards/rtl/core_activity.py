"""What goes on in the core, seen from its ports; and the flash controller's wires for that, and to the pins."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream

from ceprop.boards.rtl.flash import FlashController
from ceprop.boards.rtl.label_queue import LabelQueue
from ceprop.hdl.core import Core
from ceprop.hdl.typing import Interface

SAMPLES_AT_WORK = 3
"""Samples that the core holds at most: one at work, one that waits, one that comes in."""


def taken(port: stream.Interface) -> Value:
    """A beat of a stream is taken."""
    return port.valid & port.ready


def samples_at_work(m: Module, core: Core, domain: str = "sync") -> Signal:
    """A count of the samples in the core, in the core's domain."""
    at_work = Signal(range(SAMPLES_AT_WORK + 1), name="at_work")
    entered = taken(core.sample) & core.sample.payload.last
    m.d[domain] += at_work.eq(at_work + entered - taken(core.result))
    return at_work


def connect_flash(m: Module, core: Core, labels: LabelQueue, controller: FlashController, system: Interface) -> None:
    """What the flash controller must know of the core's samples, and the pins of the flash, which are members of
    `system`."""
    m.d.comb += [
        labels.sent.eq(taken(core.sample) & core.sample.payload.last),
        labels.label.eq(core.sample.payload.label),
        labels.finished.eq(taken(core.result)),
        labels.prediction.eq(core.result.payload.prediction),
        controller.finished.eq(labels.finished),
        controller.wrong.eq(labels.wrong),
        system.flash_select.eq(controller.pins.select),
        system.flash_clock.eq(controller.pins.clock),
        system.flash_dq_out.eq(controller.pins.dq_out),
        system.flash_dq_enable.eq(controller.pins.dq_enable),
        controller.pins.dq_in.eq(system.flash_dq_in),
    ]
