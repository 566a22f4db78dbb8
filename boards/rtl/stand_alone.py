"""A board without a link: it learns from its flash, keeps its network there, and tells how far it is on one pin."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ceprop.boards.parts.baud import uart_divisor
from ceprop.boards.rtl.clocked_core import ClockedCore
from ceprop.boards.rtl.flash import PREFETCHED_BYTES, FlashController, connect_flash
from ceprop.boards.rtl.signatures import FlashPinSignature
from ceprop.boards.rtl.uart import UartSender
from ceprop.hdl.devices.primitives import Primitives
from ceprop.specification import Geometry


class StandAlone(wiring.Component):
    """The core with its flash, for a device that has no room for a link::

        flash ◄─► flash controller ─► clocked core ─► outcomes ─► flash controller
                         │                    │
                         └─► UART sender ─► tx └─► working

    After a reset it loads the newest snapshot of its flash. It learns the epochs of the data set's plan that come after
    those which the snapshot has learned. After each epoch it evaluates, sends a line of text, and saves a snapshot.

    Raises :class:`CepropError` as :class:`FlashController` does, and where the clock does not make `baud`.

    Parameters
    ----------
    geometry : Geometry
        The network's.
    primitives : Primitives
        What the core's cells are made of.
    clock_hz, baud : int
        The clock, and bits per second on `tx`.
    flash_lines : int
        Data lines of the flash that are read on, 1, 2 or 4.

    Members
    -------
    working, linked : Out
        A sample is at work; the board has not come to its end.
    tx : Out
        The lines of text: 8 bits, no parity, one stop bit.
    flash_select, flash_clock, flash_dq_out, flash_dq_enable, flash_dq_in
        As :class:`ceprop.boards.rtl.system.System` has them.
    """

    working: Signal
    linked: Signal
    tx: Signal
    flash_select: Signal
    flash_clock: Signal
    flash_dq_out: Signal
    flash_dq_enable: Signal
    flash_dq_in: Signal

    def __init__(self, geometry: Geometry, primitives: Primitives, *, clock_hz: int, baud: int, flash_lines: int):
        self._geometry, self._primitives = geometry, primitives
        self._clock_hz, self._divisor, self._flash_lines = clock_hz, uart_divisor(clock_hz, baud), flash_lines
        pins = FlashPinSignature(flash_lines).members
        members = {"working": Out(1), "linked": Out(1), "tx": Out(1, init=1)}
        super().__init__(members | {f"flash_{name}": member for name, member in pins.items()})

    def elaborate(self, platform: object) -> Module:
        """The drawing."""
        m = Module()
        m.submodules.core = core = ClockedCore(self._geometry, self._primitives, own_clock=False)
        waiting = PREFETCHED_BYTES[self._flash_lines]
        controller = FlashController(
            self._geometry, self._clock_hz, self._flash_lines, prefetched_bytes=waiting, stand_alone=True
        )
        m.submodules.flash = controller
        m.submodules.sender = sender = UartSender(self._divisor)
        wiring.connect(m, controller.core, core.access)
        wiring.connect(m, controller.progress, sender.bytes)
        connect_flash(m, core, controller, self)
        begun = Signal(name="begun")
        m.d.sync += begun.eq(1)
        m.d.comb += [
            core.outcomes.ready.eq(1),
            controller.tasks.start.eq(~begun),
            self.tx.eq(sender.tx),
            self.working.eq(core.working),
            self.linked.eq(controller.busy),
        ]
        return m
