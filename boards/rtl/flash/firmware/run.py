"""RUN: the epochs of the plan, each sample by its address in the index, and an evaluation after each epoch."""

from ceprop.boards.data_set_form import DataSetHead
from ceprop.boards.protocol import CRC_BYTES, Flash
from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware.files import INNER_LINK, MIDDLE_LINK
from ceprop.boards.rtl.flash.firmware.layout import Facts
from ceprop.boards.rtl.flash.instructions import WORD_BITS, Condition, InPort, OutPort
from ceprop.hdl.lanes.messages import Space


def add_run(a: Assembler, facts: Facts) -> None:
    """`run`: so many epochs of the plan as `epochs_left` has, from `first_epoch` on."""
    a.label("run")
    _find_first_epoch(a, facts)
    _count_samples(a)
    _begin_epoch(a, facts)
    _send_samples(a, facts)
    _end_epoch(a, facts)
    _add_look(a)
    _add_write_register(a, facts)


def _find_first_epoch(a: Assembler, facts: Facts) -> None:
    """The data set is checked. It must end before snapshots behind it, and its plan must reach the last epoch."""
    a.load("INDEX")
    a.subtract(Flash.HEAD_BYTES + DataSetHead.BYTES)
    a.store("base")
    a.set("mark", "DATA_SET_MARK")
    a.set("mark_high", facts.data_set_mark_high)
    a.call("check")
    a.jump_zero("fail")
    a.set("samples", "number")
    if facts.snapshot_above:
        a.load("left")
        a.add(Flash.HEAD_BYTES + CRC_BYTES - 1)
        a.add("base")
        a.subtract("SECOND_SNAPSHOT")
        a.jump_carry("fail")
    a.load("INDEX")
    a.subtract(DataSetHead.BYTES)
    a.call("open")
    for register in ("plan", "held_out"):
        a.call("get word")
        a.store(register)
    for _ in range(2):
        a.shift(InPort.FLASH)
    a.shift()
    a.subtract("first_epoch")
    a.jump_no_carry("fail")
    a.jump("planned")
    a.label("seek")
    a.set("position", "first_epoch")
    a.label("seek epoch")
    a.jump_zero("count samples", "position")
    a.increase("plan", facts.record_bytes)
    a.decrease("position", 1)
    a.jump("seek epoch")


def _count_samples(a: Assembler) -> None:
    """`samples_left` is the sum over all epochs; the host reads 0 until then."""
    a.label("count samples")
    a.set("position", "epochs_left")
    a.load("samples")
    a.add("held_out")
    a.store("count")
    a.load(0)
    a.store("value", "left")
    a.label("count epoch")
    a.jump_zero("counted", "position")
    a.increase("value", "count")
    a.load("left")
    a.add(0, chained=True)
    a.store("left")
    a.decrease("position", 1)
    a.jump("count epoch")
    a.label("counted")
    a.write(OutPort.LOCK)
    a.set("samples_left", "value")
    a.set("samples_left_high", "left")
    a.write(OutPort.UNLOCK)


def _begin_epoch(a: Assembler, facts: Facts) -> None:
    """`epoch`: the rates of the next epoch of the plan, and where its first sample lies."""
    a.label("epoch")
    a.jump_zero("done", "epochs_left")
    a.load("plan")
    a.call("open")
    # Numbers of samples become places in the index, which has `ADDRESS_BYTES` for each.
    for register in ("entry", "stride"):
        a.call("get word")
        a.store(register)
        a.add(register)
        a.add(register)
        a.store(register)
    if facts.sign_changes:
        a.call("get word")
        a.store("signs_address")
    a.set("word", facts.rate_shifts[0])
    a.label("next rate")
    a.read(InPort.FLASH)
    a.call("write register")
    a.increase("word", 1)
    a.subtract(facts.rate_shifts[-1] + 1)
    a.jump_not_zero("next rate")
    a.increase("plan", facts.record_bytes)
    a.set("word", facts.learn)
    a.load(1)
    a.call("write register")
    if facts.sign_changes:
        a.set("word", facts.nudge_negative)
        a.load(0)
        a.store("negative", "signs")
        a.call("write register")
    a.load("samples")
    a.store("position")
    a.add("samples")
    a.add("samples")
    a.add("INDEX")
    a.store("end")
    a.increase("entry", "INDEX")
    a.load(0)
    a.store("evaluating", "errors")


def _send_samples(a: Assembler, facts: Facts) -> None:
    """`sample`: each sample goes to the unpacker. What the next one needs is computed meanwhile, and the read of its
    entry in the index is asked for. While the sign stays, every instruction counts between two samples."""
    a.label("sample")
    a.jump_zero("drain", "position")
    if facts.sign_changes:
        _read_signs(a)
    a.load("entry")
    a.write(OutPort.ADDRESS)
    a.write(OutPort.READ)
    _shift_word(a)
    a.store("start")
    # The address of the entry was sent, for its bytes are there.
    a.write(OutPort.ADDRESS)
    _shift_word(a)
    a.write(OutPort.READ)
    a.subtract("start")
    if facts.sign_changes:
        _turn_sign(a, facts)
    a.write(OutPort.STREAM_SAMPLES)
    a.increase("sent", 1)
    a.decrease("position", 1)
    a.increase("entry", "stride")
    a.jump_not_zero("next found", "evaluating")
    a.load("entry")
    a.subtract("end")
    a.jump_no_carry("next found")
    a.add("INDEX")
    a.store("entry")
    a.label("next found")
    a.call("look")
    # Then the address of the sample was sent too.
    a.wait(Condition.BYTE_READ)
    a.jump("sample")


def _read_signs(a: Assembler) -> None:
    """The next word of signs, where the one before has none left and a sample is learned."""
    a.jump_not_zero("signs there", "evaluating")
    a.load("signs")
    a.add("signs")
    a.jump_not_zero("signs there")
    a.load("signs_address")
    a.call("open")
    a.add(WORD_BITS // 8)
    a.store("signs_address")
    a.call("get word")
    a.store("signs")
    a.label("signs there")


def _turn_sign(a: Assembler, facts: Facts) -> None:
    """Where the sign changes with this sample, of whose bytes the accumulator has the number: all but the last byte go
    to the unpacker, the core finishes the samples before, and gets the sign. The accumulator then has the number of the
    bytes that are left. So work on the sample begins with its own sign, and the rest of it has come meanwhile."""
    a.store("left")
    a.jump_not_zero("sign stays", "evaluating")
    a.increase("signs", "signs")
    a.load(0)
    a.add(0, chained=True)
    a.store("value")
    a.subtract("negative")
    a.jump_zero("sign stays")
    a.set("negative", "value")
    a.decrease("left", 1)
    a.write(OutPort.STREAM_SAMPLES)
    a.set("word", facts.nudge_negative)
    a.load("negative")
    a.call("fill register")
    a.label("finish before sign")
    a.call("look")
    a.load("sent")
    a.subtract("seen")
    a.jump_not_zero("finish before sign")
    a.write(OutPort.WRITE_GROUP)
    a.wait(Condition.COMMAND_TAKEN)
    a.wait(Condition.STREAM_ENDED)
    a.set("left", 1)
    a.label("sign stays")
    a.load("left")


def _shift_word(a: Assembler) -> None:
    """The next three bytes of flash go to the accumulator."""
    for _ in range(WORD_BITS // 8):
        a.shift(InPort.FLASH)


def _end_epoch(a: Assembler, facts: Facts) -> None:
    """`drain`: the core finishes; then the evaluation, or the end of the epoch."""
    a.label("drain")
    a.call("look")
    a.load("sent")
    a.subtract("seen")
    a.jump_not_zero("drain")
    a.jump_not_zero("evaluated", "evaluating")
    a.set("training_errors", "errors")
    a.load(0)
    a.store("held_out_errors", "errors")
    a.jump_zero("ended", "held_out")
    a.set("word", facts.learn)
    a.load(0)
    a.call("write register")
    a.set("entry", "end")
    a.set("stride", DataSetHead.ADDRESS_BYTES)
    a.set("position", "held_out")
    a.set("evaluating", 1)
    a.jump("sample")
    a.label("evaluated")
    a.set("held_out_errors", "errors")
    a.label("ended")
    a.increase("epochs", 1)
    a.decrease("epochs_left", 1)
    a.jump("log")


def _add_look(a: Assembler) -> None:
    """`look`: what the core has finished since the last time, which is fewer than 256 samples."""
    a.subroutine("look", MIDDLE_LINK)
    for port, seen in ((InPort.FINISHED, "seen"), (InPort.WRONG, "seen_wrong")):
        a.read(port)
        a.subtract(seen)
        a.read(InPort.LOWEST)
        a.store("count")
        a.add(seen)
        a.store(seen)
        if seen == "seen":
            a.write(OutPort.LOCK)
            a.decrease("samples_left", "count")
            a.load("samples_left_high")
            a.subtract(0, chained=True)
            a.store("samples_left_high")
            a.write(OutPort.UNLOCK)
    # A sample is counted as wrong when it is counted as finished.
    a.increase("errors", "count")
    a.end("look")


def _add_write_register(a: Assembler, facts: Facts) -> None:
    """`write register`: the accumulator goes to the register of the core whose address is `word`. `fill register`: all
    but the command is made ready for that."""
    a.subroutine("write register", MIDDLE_LINK)
    a.call("fill register")
    a.write(OutPort.WRITE_GROUP)
    a.wait(Condition.COMMAND_TAKEN)
    a.end("write register")

    a.subroutine("fill register", INNER_LINK)
    a.write(OutPort.SHIFT_GROUP)
    a.output(OutPort.PLACE, Space.REGISTER.value)
    a.output(OutPort.WORD, "word")
    a.set("value", facts.group_bytes)
    a.jump("shift zeros")
    a.label("shift zero")
    a.store("value")
    a.output(OutPort.SHIFT_GROUP, 0)
    a.load("value")
    a.label("shift zeros")
    a.subtract(1)
    a.jump_not_zero("shift zero")
    a.end("fill register")
