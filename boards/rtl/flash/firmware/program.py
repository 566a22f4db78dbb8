"""The whole program of the flash processor."""

from ceprop.boards.protocol import Command, StatusFlag
from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware.files import add_byte_routines, add_check, add_choice
from ceprop.boards.rtl.flash.firmware.layout import LOG_FULL, REGISTERS, STATUS, Facts
from ceprop.boards.rtl.flash.firmware.log import add_log
from ceprop.boards.rtl.flash.firmware.run import add_run
from ceprop.boards.rtl.flash.firmware.snapshots import (
    add_ends_of_files,
    add_groups,
    add_move,
    add_put,
    add_restore,
    add_save,
)
from ceprop.boards.rtl.flash.firmware.stand_alone import DECIMAL_PLACES, add_stand_alone
from ceprop.boards.rtl.flash.instructions import WORD_BITS, Condition, InPort, OutPort
from ceprop.specification import Geometry


def program(geometry: Geometry, *, stand_alone: bool = False) -> Assembler:
    """The program that carries out RUN, SAVE, RESTORE and READ_FLASH for the host, or that of a board that stands
    alone."""
    facts = Facts.of(geometry)
    if stand_alone:
        a = Assembler(REGISTERS, facts.constants | DECIMAL_PLACES)
        add_stand_alone(a)
    else:
        a = Assembler((*REGISTERS, LOG_FULL), facts.constants)
        _add_tasks(a)
        _add_read_flash(a)
        _add_ends(a)
    add_run(a, facts)
    add_log(a, facts)
    add_choice(a, facts)
    add_save(a)
    add_restore(a)
    add_groups(a, facts)
    add_byte_routines(a)
    add_check(a)
    add_ends_of_files(a)
    add_put(a)
    add_move(a, facts)
    return a


def _add_tasks(a: Assembler) -> None:
    """Wait for a task, and begin it. After a reset the status is that of a board that did nothing yet."""
    a.load(0)
    a.store(*STATUS, LOG_FULL, "sent", "seen", "seen_wrong")
    a.label("idle")
    a.wait(Condition.STARTED)
    a.read(InPort.TASK)
    a.subtract(Command.RUN)
    a.jump_not_zero("snapshot")
    a.set("flags", StatusFlag.RUNNING)
    a.load(0)
    a.store(*(register for register in STATUS if register != "flags"), LOG_FULL)
    for k, register in enumerate(("first_epoch", "epochs_left")):
        a.shift(InPort.TASK + 2 * k + 1)
        a.shift(InPort.TASK + 2 * k + 2)
        a.shift(InPort.ZERO)
        a.store(register)
    a.jump("run")
    a.label("snapshot")
    a.set("flags", StatusFlag.STORING)
    a.load(0)
    a.store("samples_left", "samples_left_high")
    a.read(InPort.TASK)
    a.subtract(Command.SAVE)
    a.store("restores")
    a.subtract(Command.READ_FLASH - Command.SAVE)
    a.jump_not_zero("choose")


def _add_read_flash(a: Assembler) -> None:
    """Bytes of flash go to the status."""
    for k in range(WORD_BITS // 8):
        a.shift(InPort.TASK + 1 + k)
    a.call("open")
    a.call("get word")
    a.store("samples_left")
    a.read(InPort.FLASH)
    a.store("samples_left_high")
    for _ in range(2):
        a.shift(InPort.FLASH)
    a.shift()
    a.store("epochs")
    for register in ("training_errors", "held_out_errors"):
        a.call("get word")
        a.store(register)
    a.jump_unless(Condition.FLASH_FAILED, "done")
    a.jump("fail")


def _add_ends(a: Assembler) -> None:
    """What follows the plan, an epoch, and a task. The accumulator has the epochs in the plan from the first one on."""
    a.label("planned")
    a.subtract("epochs_left")
    a.jump_carry("seek")
    a.label("fail")
    a.load(StatusFlag.FAILED)
    a.jump("end")
    a.label("log full")
    a.set(LOG_FULL, StatusFlag.LOG_FULL)
    a.label("epoch ended")
    a.jump("epoch")
    for name in ("done", "saved", "restored"):
        a.label(name)
    a.load(0)
    a.label("end")
    a.add(LOG_FULL)
    a.store("flags")
    a.write(OutPort.STOP)
    a.write(OutPort.DONE)
    a.jump("idle")
