"""The log of results: the first slot of it that is erased gets an entry after each epoch."""

from ceprop.boards.log_form import ERASED, SLOT_BYTES, LogEntry
from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware.layout import Facts
from ceprop.boards.rtl.flash.instructions import InPort


def add_log(a: Assembler, facts: Facts) -> None:
    """`log`: every byte of a slot is looked at, for power may have failed while one was written. It goes on at `epoch
    ended`, or where no slot is erased, at `log full`."""
    a.label("log")
    a.set("base", "LOG")
    a.label("slot")
    a.load("base")
    a.call("open")
    a.set("count", SLOT_BYTES)
    a.label("byte of slot")
    a.read(InPort.FLASH)
    a.subtract(ERASED)
    a.jump_not_zero("next slot")
    a.decrease("count", 1)
    a.jump_not_zero("byte of slot")
    _add_entry(a, facts)
    a.jump("epoch ended")
    a.label("next slot")
    a.increase("base", SLOT_BYTES)
    a.subtract("LOG_END")
    a.jump_not_zero("slot")
    a.jump("log full")


def _add_entry(a: Assembler, facts: Facts) -> None:
    """The entry of this epoch goes to the slot at `base`."""
    a.set("mark", "SNAPSHOT_MARK")
    a.set("mark_high", facts.snapshot_mark_high)
    a.load(0)
    a.store("number_high")
    a.load("first_epoch")
    a.add("epochs")
    a.store("number")
    a.load(LogEntry.CONTENT_BYTES)
    a.call("put head")
    for register in ("training_errors", "samples", "held_out_errors", "held_out"):
        a.load(register)
        a.call("put word")
    a.call("put crc")
