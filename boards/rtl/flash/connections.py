"""The wires of the flash controller: what it must know of the samples, and the pins of the flash."""

from amaranth.hdl import Module

from ceprop.boards.rtl.flash.flash_controller import FlashController
from ceprop.hdl.typing import Interface


def connect_flash(m: Module, core: Interface, controller: FlashController, system: Interface) -> None:
    """Connect the outcomes of `core`, a :class:`ceprop.boards.rtl.clocked_core.ClockedCore`, and the pins of the flash,
    which are members of `system`."""
    outcomes = core.outcomes
    m.d.comb += [
        controller.finished.eq(outcomes.valid & outcomes.ready),
        controller.wrong.eq(outcomes.payload.wrong),
        system.flash_select.eq(controller.pins.select),
        system.flash_clock.eq(controller.pins.clock),
        system.flash_dq_out.eq(controller.pins.dq_out),
        system.flash_dq_enable.eq(controller.pins.dq_enable),
        controller.pins.dq_in.eq(system.flash_dq_in),
    ]
