"""What is known of a request from its command and its length."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import Address, Command

_FLASH_TASKS = (Command.RUN, Command.SAVE, Command.RESTORE, Command.READ_FLASH)

CHANGING = (Command.WRITE, Command.SAMPLES, Command.RESET, *_FLASH_TASKS)
"""Commands whose reply has no payload and which are not carried out again."""

_FLAGS = {
    "identify": (Command.IDENTIFY,),
    "write": (Command.WRITE,),
    "read": (Command.READ,),
    "samples": (Command.SAMPLES,),
    "results": (Command.RESULTS,),
    "reset": (Command.RESET,),
    "status": (Command.STATUS,),
    "changing": CHANGING,
    "counted": (Command.READ, Command.RESULTS),
    "for_core": (Command.WRITE, Command.READ, Command.SAMPLES),
    "for_flash": _FLASH_TASKS,
}

_LENGTHS = {
    Command.IDENTIFY: 0,
    Command.READ: Address.BYTES + 1,
    Command.RESULTS: 2,
    Command.RESET: 0,
    Command.RUN: 4,
    Command.STATUS: 0,
    Command.SAVE: 0,
    Command.RESTORE: 0,
    Command.READ_FLASH: 4,
}
"""Bytes of payloads that have one length."""


class RequestDecoder(wiring.Component):
    """What a request is, from its command, and whether its length fits. Every output comes from a register: requests
    have cycles to spare, and the core's clock is fast.

    Members
    -------
    code, remaining : In
        The command, and bytes of the payload that are still to come.
    known : Out
        There is such a command.
    fits : Out
        The command takes a payload of that many bytes.
    final : Out
        One byte is still to come.
    identify, write, read, samples, results, reset, status : Out
        It is that command.
    changing, counted, for_core, for_flash : Out
        It changes something; its payload ends with a count; it needs the core; it is one of flash.
    """

    code: Signal
    remaining: Signal
    known: Signal
    fits: Signal
    final: Signal
    identify: Signal
    write: Signal
    read: Signal
    samples: Signal
    results: Signal
    reset: Signal
    status: Signal
    changing: Signal
    counted: Signal
    for_core: Signal
    for_flash: Signal

    def __init__(self):
        outputs = dict.fromkeys(("known", "fits", "final", *_FLAGS), Out(1))
        super().__init__({"code": In(8), "remaining": In(8), **outputs})

    def elaborate(self, platform: object) -> Module:
        """Comparisons, each followed by a register."""
        m = Module()
        m.d.sync += [self.known.eq(self.code <= max(Command)), self.final.eq(self.remaining == 1)]
        for name, commands in _FLAGS.items():
            m.d.sync += getattr(self, name).eq(Cat(self.code == command for command in commands).any())
        with m.Switch(self.code):
            for command, length in _LENGTHS.items():
                with m.Case(command):
                    m.d.sync += self.fits.eq(self.remaining == length)
            with m.Case(Command.WRITE):
                m.d.sync += self.fits.eq(self.remaining > Address.BYTES)
            with m.Default():
                m.d.sync += self.fits.eq(self.remaining != 0)
        return m
