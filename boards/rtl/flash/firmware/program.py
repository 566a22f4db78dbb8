"""The whole program of the flash processor."""

from ceprop.boards.protocol import Command, Status, StatusFlag
from ceprop.boards.rtl.flash.assembler import Assembler, Number
from ceprop.boards.rtl.flash.firmware.files import add_byte_routines, add_check, add_choice
from ceprop.boards.rtl.flash.firmware.layout import Facts, Numbers
from ceprop.boards.rtl.flash.firmware.run import add_run
from ceprop.boards.rtl.flash.firmware.snapshots import add_groups, add_move, add_put, add_restore, add_save
from ceprop.boards.rtl.flash.instructions import Condition, InPort, OutPort
from ceprop.specification import Geometry


def program(geometry: Geometry) -> list[int]:
    """The words of the program that carries out RUN, SAVE and RESTORE for the host."""
    a, n, facts = Assembler(), Numbers.create(), Facts.of(geometry)
    _add_tasks(a, n)
    _add_ends(a, n)
    add_run(a, n, facts)
    add_choice(a, n, facts)
    add_save(a, n, facts)
    add_restore(a, n)
    add_groups(a, n, facts)
    add_byte_routines(a, n)
    add_check(a, n)
    add_put(a, n)
    add_move(a, n, facts)
    return a.words()


def _add_tasks(a: Assembler, n: Numbers) -> None:
    """Wait for a task, and begin it. After a reset the status is that of a board that did nothing yet."""
    first = Number(n.word.first, 2)
    a.set(Number(0, Status.BYTES), 0)
    a.set(Number(n.sent.first, 3), 0)
    a.label("idle")
    a.wait(Condition.STARTED)
    a.read(InPort.TASK)
    a.subtract_constant(Command.RUN)
    a.jump_unless(Condition.ZERO, "snapshot")
    a.set(n.flags, StatusFlag.RUNNING)
    a.set(n.samples_left, 0)
    a.set(Number(n.epochs.first, n.epochs.size + n.training_errors.size + n.held_out_errors.size), 0)
    for k, number in enumerate((first, n.epochs_left)):
        for byte in range(2):
            a.read(InPort.TASK + 1 + 2 * k + byte)
            a.store(number[byte])
    a.jump("run")
    a.label("snapshot")
    a.set(n.flags, StatusFlag.STORING)
    a.set(n.samples_left, 0)
    a.set(n.stores, 1)
    a.read(InPort.TASK)
    a.subtract_constant(Command.SAVE)
    a.jump_if(Condition.ZERO, "choose")
    a.set(n.stores, 0)
    a.jump("choose")


def _add_ends(a: Assembler, n: Numbers) -> None:
    """How a task ends."""
    a.label("fail")
    a.set(n.flags, StatusFlag.FAILED)
    a.jump("end")
    for name in ("done", "saved", "restored"):
        a.label(name)
    a.set(n.flags, 0)
    a.label("end")
    a.write(OutPort.DONE)
    a.jump("idle")
