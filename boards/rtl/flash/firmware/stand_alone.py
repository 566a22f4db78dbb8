"""What a board does that stands alone: it goes on from its newest snapshot, and keeps one after each epoch."""

from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware.files import MIDDLE_LINK, OUTER_LINK
from ceprop.boards.rtl.flash.firmware.layout import STATUS
from ceprop.boards.rtl.flash.instructions import Condition, OutPort

DECIMAL_PLACES = {f"TEN_TO_{k}": 10**k for k in range(3, 7)}
"""Constants of the program."""

_DIGITS = ("TEN_TO_6", "TEN_TO_5", "TEN_TO_4", "TEN_TO_3", 100, 10, 1)


def add_stand_alone(a: Assembler) -> None:
    """The beginning, and what follows a snapshot, the plan, an epoch, and the end. The first snapshot, number 1, has
    learned nothing; each later one has learned one epoch more."""
    a.load(0)
    a.store(*STATUS, "sent", "seen", "seen_wrong")
    a.set("restores", 1)
    a.jump("choose")

    a.label("restored")
    a.set("restores", 0)
    a.load("newest")
    a.subtract(1)
    a.store("first_epoch")
    a.jump("run")

    a.label("planned")
    a.store("epochs_left")
    a.jump("seek")

    for name in ("epoch ended", "log full"):
        a.label(name)
    a.load("first_epoch")
    a.add("epochs")
    a.call("put number")
    for register in ("training_errors", "samples", "held_out_errors", "held_out"):
        a.load(register)
        a.call("put number")
    a.load(ord("\n"))
    a.call("put character")
    a.jump("choose")
    a.label("saved")
    a.jump("epoch")

    a.label("fail")
    a.load(ord("!"))
    a.call("put character")
    a.load(ord("\n"))
    a.call("put character")
    a.label("done")
    a.write(OutPort.STOP)
    a.write(OutPort.DONE)
    a.label("rest")
    a.jump("rest")
    _add_numbers(a)


def _add_numbers(a: Assembler) -> None:
    """`put number`: the accumulator with seven digits and a blank. `put character`: its lowest byte."""
    a.subroutine("put number", OUTER_LINK)
    a.store("value")
    for place, unit in enumerate(_DIGITS):
        a.set("count", ord("0"))
        a.label(f"digit {place}")
        a.load("value")
        a.subtract(unit)
        a.jump_no_carry(f"digit {place} found")
        a.store("value")
        a.increase("count", 1)
        a.jump(f"digit {place}")
        a.label(f"digit {place} found")
        a.load("count")
        a.call("put character")
    a.load(ord(" "))
    a.call("put character")
    a.end("put number")

    a.subroutine("put character", MIDDLE_LINK)
    a.write(OutPort.LINE)
    a.wait(Condition.LINE_TAKEN)
    a.end("put character")
