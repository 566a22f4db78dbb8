"""RUN: the epochs of the plan, each sample by its address in the index, and an evaluation after each epoch."""

from ceprop.boards.protocol import DataSetHead, Flash
from ceprop.boards.rtl.flash.assembler import Assembler, Number
from ceprop.boards.rtl.flash.firmware.files import OUTER_LINK, get_number, open_file, stream
from ceprop.boards.rtl.flash.firmware.layout import Facts, Numbers
from ceprop.boards.rtl.flash.instructions import Condition, InPort, OutPort
from ceprop.hdl.lanes.messages import Space

_CONTENT = Flash.DATA_SET + Flash.HEAD_BYTES
_INDEX = _CONTENT + DataSetHead.BYTES
_ENTRY_BYTES = DataSetHead.ADDRESS_BYTES


def add_run(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`run`: epochs of the plan, their first one in `position`, their number in `epochs_left`."""
    a.label("run")
    _find_first_epoch(a, n, facts)
    _count_samples(a, n)
    _begin_epoch(a, n, facts)
    _send_samples(a, n)
    _end_epoch(a, n, facts)
    _add_routines(a, n, facts)


def _find_first_epoch(a: Assembler, n: Numbers, facts: Facts) -> None:
    """The data set is checked, and the plan must reach the last epoch."""
    first, planned, last = (Number(k, 2) for k in (n.word.first, n.words.first, n.newest.first))
    a.set(n.base, Flash.DATA_SET)
    a.set(n.mark, int.from_bytes(facts.data_set_mark, "little"))
    a.call("check")
    a.jump_if(Condition.ZERO, "fail")
    a.move(n.samples, Number(n.number.first, n.samples.size))
    a.set(n.base, _CONTENT)
    open_file(a, n.base)
    get_number(a, n.plan)
    get_number(a, n.held_out)
    get_number(a, planned)
    a.call("close")
    a.move(last, first)
    a.add_number(last, n.epochs_left)
    a.jump_if(Condition.CARRY, "fail")
    a.compare(planned, last)
    a.jump_unless(Condition.CARRY, "fail")
    a.label("seek")
    a.jump_if_zero(first, "count samples")
    a.add_number(n.plan, facts.record_bytes)
    a.subtract_number(first, 1)
    a.jump("seek")


def _count_samples(a: Assembler, n: Numbers) -> None:
    """`samples_left` is the sum over all epochs."""
    epochs, total = Number(n.word.first, 2), Number(n.number.first, 4)
    a.label("count samples")
    a.move(epochs, n.epochs_left)
    a.set(total, 0)
    a.label("count epoch")
    a.jump_if_zero(epochs, "counted")
    a.add_number(total, n.samples)
    a.add_number(total, n.held_out)
    a.subtract_number(epochs, 1)
    a.jump("count epoch")
    a.label("counted")
    a.constant(1)
    a.write(OutPort.LOCK)
    a.move(n.samples_left, total)
    a.constant(0)
    a.write(OutPort.LOCK)


def _begin_epoch(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`epoch`: the rates of the next epoch of the plan, and where its first sample lies."""
    a.label("epoch")
    a.jump_if_zero(n.epochs_left, "done")
    open_file(a, n.plan)
    get_number(a, n.entry)
    get_number(a, n.stride)
    for register in facts.rate_shifts:
        a.call("get")
        a.store(n.value[0])
        a.constant(register)
        a.call("write register")
    a.call("close")
    a.add_number(n.plan, facts.record_bytes)
    a.set(n.value, 1)
    a.constant(facts.learn)
    a.call("write register")
    # From numbers of samples to addresses of entries.
    for number in (n.entry, n.stride):
        a.move(n.start, number)
        a.add_number(number, n.start)
        a.add_number(number, n.start)
    a.set(n.span, 0)
    for _ in range(_ENTRY_BYTES):
        a.add_number(n.span, n.samples)
    a.add_number(n.entry, _INDEX)
    a.set(n.end, _INDEX)
    a.add_number(n.end, n.span)
    a.set(n.evaluating, 0)
    a.move(n.position, n.samples)
    a.set(n.errors, 0)


def _send_samples(a: Assembler, n: Numbers) -> None:
    """`sample`: each sample goes to the unpacker. What the next one needs is computed meanwhile."""
    a.label("sample")
    a.jump_if_zero(n.position, "drain")
    open_file(a, n.entry)
    get_number(a, n.start)
    for k in range(n.left.size):
        a.call("get")
        a.subtract(n.start[k], chained=k > 0)
        a.store(n.left[k])
    a.call("close")
    open_file(a, n.start)
    stream(a, n, OutPort.STREAM_SAMPLES, "sample")
    a.load(n.sent[0])
    a.add_constant(1)
    a.store(n.sent[0])
    a.subtract_number(n.position, 1)
    a.add_number(n.entry, n.stride)
    a.compare(n.entry, n.end)
    a.jump_unless(Condition.CARRY, "within")
    a.load(n.evaluating[0])
    a.jump_unless(Condition.ZERO, "within")
    a.subtract_number(n.entry, n.span)
    a.label("within")
    a.call("look")
    a.wait(Condition.STREAM_ENDED)
    a.call("close")
    a.jump("sample")


def _end_epoch(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`drain`: the core finishes; then the evaluation, or the end of the epoch."""
    a.label("drain")
    a.call("look")
    a.load(n.sent[0])
    a.subtract(n.seen[0])
    a.jump_unless(Condition.ZERO, "drain")
    a.load(n.evaluating[0])
    a.jump_unless(Condition.ZERO, "evaluated")
    a.constant(1)
    a.write(OutPort.LOCK)
    a.move(n.training_errors, n.errors)
    a.set(n.held_out_errors, 0)
    a.constant(0)
    a.write(OutPort.LOCK)
    a.jump_if_zero(n.held_out, "ended")
    a.set(n.value, 0)
    a.constant(facts.learn)
    a.call("write register")
    a.move(n.entry, n.end)
    a.set(n.stride, _ENTRY_BYTES)
    a.move(n.position, n.held_out)
    a.set(n.evaluating, 1)
    a.set(n.errors, 0)
    a.jump("sample")
    a.label("evaluated")
    a.constant(1)
    a.write(OutPort.LOCK)
    a.move(n.held_out_errors, n.errors)
    a.constant(0)
    a.write(OutPort.LOCK)
    a.label("ended")
    a.constant(1)
    a.write(OutPort.LOCK)
    a.add_number(n.epochs, 1)
    a.constant(0)
    a.write(OutPort.LOCK)
    a.subtract_number(n.epochs_left, 1)
    a.jump("epoch")


def _add_routines(a: Assembler, n: Numbers, facts: Facts) -> None:
    """`look`: what the core has finished since the last time. `write register`: `value` goes to the register of the
    core whose address the accumulator has."""
    a.subroutine("look", OUTER_LINK)
    a.read(InPort.FINISHED)
    a.store(n.value[0])
    a.subtract(n.seen[0])
    a.store(n.count[0])
    a.load(n.value[0])
    a.store(n.seen[0])
    a.constant(1)
    a.write(OutPort.LOCK)
    a.subtract_number(n.samples_left, n.count)
    a.constant(0)
    a.write(OutPort.LOCK)
    # A sample is counted as wrong when it is counted as finished.
    a.read(InPort.WRONG)
    a.store(n.value[0])
    a.subtract(n.seen_wrong[0])
    a.store(n.count[0])
    a.load(n.value[0])
    a.store(n.seen_wrong[0])
    a.add_number(n.errors, n.count)
    a.end("look")

    a.subroutine("write register", OUTER_LINK)
    a.write(OutPort.WORD)
    a.constant(0)
    a.write(OutPort.WORD + 1)
    a.write(OutPort.LANE)
    a.constant(Space.REGISTER)
    a.write(OutPort.PLACE)
    a.load(n.value[0])
    a.write(OutPort.SHIFT)
    a.constant(0)
    for _ in range(facts.group_bytes - 1):
        a.write(OutPort.SHIFT)
    a.constant(1)
    a.write(OutPort.COMMAND)
    a.wait(Condition.COMMAND_TAKEN)
    a.end("write register")
