"""States of RUN: the epochs of the plan, each sample by its address in the index, and an evaluation after each."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from ceprop.boards.protocol import DataSetHead, Flash, plan_record_bytes
from ceprop.boards.rtl.flash.epoch_registers import ENTRY_BYTES
from ceprop.boards.rtl.flash.parts import ControllerParts
from ceprop.boards.rtl.flash.port_registers import FlashTask
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Specification, registers

_CONTENT = Flash.DATA_SET + Flash.HEAD_BYTES
_INDEX = _CONTENT + DataSetHead.BYTES


def add_run_states(m: Module, parts: ControllerParts, specification: Specification) -> None:
    """The states of RUN, in the order of the drawing of :class:`FlashController`."""
    _add_plan_states(m, parts, plan_record_bytes(len(specification.connections)))
    _add_epoch_states(m, parts, specification)
    _add_sample_states(m, parts)
    _add_end_states(m, parts, specification)


def _add_fetch_states(m: Module, parts: ControllerParts, name: str, count: int, following: str) -> None:
    """`name`, and two more: read `count` bytes from `base` on into the top of `fetched`."""
    port, index, fetched = parts.port, parts.registers.index, parts.epochs.fetched
    with m.State(name):
        parts.start_flash(m, FlashTask.READ)
        m.d.sync += index.eq(0)
        m.next = f"{name} BYTES"
    with m.State(f"{name} BYTES"):
        m.d.comb += port.read.ready.eq(1)
        with m.If(port.read.valid):
            m.d.sync += [index.eq(index + 1), fetched.eq(Cat(fetched, port.read.payload)[8:])]
            with m.If(index == count - 1):
                m.next = f"{name} FETCHED"
    with m.State(f"{name} FETCHED"):
        m.d.comb += port.stop.eq(1)
        with m.If(port.idle):
            m.next = following


def _add_plan_states(m: Module, parts: ControllerParts, record_bytes: int) -> None:
    """PLAN, PLANNED, SEEK, TOTAL: the head of the data set, the first epoch, and how many samples there are to go."""
    registers, epochs = parts.registers, parts.epochs
    _add_fetch_states(m, parts, "PLAN", DataSetHead.BYTES, "PLANNED")
    beyond, per_epoch = Signal(name="beyond_plan"), Signal(25, name="samples_per_epoch")
    m.d.sync += [
        beyond.eq(epochs.skipped + epochs.epochs > epochs.head.epochs),
        per_epoch.eq(registers.head.number + epochs.held_out),
    ]
    with m.State("PLANNED"):
        m.d.sync += [epochs.plan.eq(epochs.head.plan), epochs.held_out.eq(epochs.head.held_out)]
        m.next = "SEEK"
    with m.State("SEEK"):
        with m.If(beyond):
            m.next = "FAIL"
        with m.Elif(epochs.skipped == 0):
            m.next = "TOTAL"
        with m.Else():
            # The comparison with the plan was made in the first cycle of this state, before `skipped` changes.
            m.d.sync += [epochs.plan.eq(epochs.plan + record_bytes), epochs.skipped.eq(epochs.skipped - 1)]
    with m.State("TOTAL"):
        m.d.sync += epochs.counted.eq(epochs.counted - 1)
        with m.If(epochs.counted == 0):
            m.next = "EPOCH"
        with m.Else():
            m.d.sync += parts.samples_left.eq(parts.samples_left + per_epoch)


def _add_epoch_states(m: Module, parts: ControllerParts, specification: Specification) -> None:
    """EPOCH, RECORD, RECORDED, SET: the next epoch of the plan; the core gets its rates and learns."""
    registers, epochs = parts.registers, parts.epochs
    with m.State("EPOCH"):
        m.d.sync += [registers.base.eq(epochs.plan), epochs.evaluating.eq(0), epochs.setting.eq(0), epochs.errors.eq(0)]
        m.next = "RECORD"
        with m.If(epochs.epochs == 0):
            m.next = "IDLE"
    _add_fetch_states(m, parts, "RECORD", plan_record_bytes(len(specification.connections)), "RECORDED")
    with m.State("RECORDED"):
        m.d.sync += [
            epochs.number.eq(epochs.record.start),
            epochs.stride.eq(epochs.record.stride),
            epochs.position.eq(registers.head.number),
            epochs.plan.eq(epochs.plan + plan_record_bytes(len(specification.connections))),
        ]
        m.next = "SET"
    with m.State("SET"):
        _add_setting(m, parts, specification)
        with m.If(parts.command.ready):
            m.d.sync += epochs.setting.eq(epochs.setting + 1)
            with m.If(epochs.setting == len(specification.connections)):
                m.next = "NEXT"


def _add_setting(m: Module, parts: ControllerParts, specification: Specification) -> None:
    """Write a rate shift of the record, or behind the last one whether the core learns."""
    command, epochs = parts.command.payload, parts.epochs
    addresses = {register.name: register.address for register in registers(specification)}
    m.d.comb += [
        parts.command.valid.eq(1),
        command.write.eq(1),
        Value.cast(command.space).eq(Space.REGISTER),
        command.address.eq(addresses["learn"]),
        Value.cast(command.words).eq(~epochs.evaluating),
    ]
    with m.Switch(epochs.setting):
        for connection in specification.connections:
            with m.Case(connection - 1):
                m.d.comb += [
                    command.address.eq(addresses[f"rate_shift_{connection}"]),
                    Value.cast(command.words).eq(epochs.record.shifts[connection - 1]),
                ]


def _add_sample_states(m: Module, parts: ControllerParts) -> None:
    """NEXT, ENTRY, SAMPLE, START, STREAM: a sample by its number, until there is none to go."""
    port, registers, epochs, samples = parts.port, parts.registers, parts.epochs, parts.samples
    with m.State("NEXT"):
        m.d.sync += registers.base.eq(_INDEX + epochs.number + (epochs.number << 1))
        m.next = "ENTRY"
        with m.If(epochs.position == 0):
            m.next = "DRAIN"
    _add_fetch_states(m, parts, "ENTRY", ENTRY_BYTES, "SAMPLE")
    with m.State("SAMPLE"):
        m.d.sync += [
            registers.base.eq(epochs.entry.start),
            registers.left.eq(epochs.entry.end - epochs.entry.start),
            epochs.position.eq(epochs.position - 1),
            epochs.number.eq(epochs.number + Mux(epochs.evaluating, 1, epochs.stride)),
        ]
        m.next = "START"
    with m.State("START"):
        parts.start_flash(m, FlashTask.READ)
        m.d.comb += parts.sends.eq(1)
        m.next = "STREAM"
        with m.If((epochs.number >= registers.head.number) & ~epochs.evaluating):
            m.d.sync += epochs.number.eq(epochs.number - registers.head.number)
    with m.State("STREAM"):
        m.d.comb += [
            samples.valid.eq(port.read.valid & ~registers.none_left),
            samples.payload.eq(port.read.payload),
            port.read.ready.eq(samples.ready & ~registers.none_left),
            port.stop.eq(registers.none_left),
        ]
        with m.If(samples.valid & samples.ready):
            m.d.sync += registers.left.eq(registers.left - 1)
        with m.If(registers.none_left & port.idle):
            m.next = "NEXT"


def _add_end_states(m: Module, parts: ControllerParts, specification: Specification) -> None:
    """DRAIN, EVALUATE, ENDED: what follows the last sample of an epoch, or of its evaluation."""
    registers, epochs, finished = parts.registers, parts.epochs, parts.finished_epochs
    with m.State("DRAIN"), m.If(epochs.in_core == 0):
        with m.If(epochs.evaluating):
            m.d.sync += finished.held_out_errors.eq(epochs.errors)
            m.next = "ENDED"
        with m.Else():
            m.d.sync += [finished.training_errors.eq(epochs.errors), finished.held_out_errors.eq(0)]
            m.next = "EVALUATE"
    with m.State("EVALUATE"):
        m.d.sync += [
            epochs.evaluating.eq(1),
            epochs.errors.eq(0),
            epochs.number.eq(registers.head.number),
            epochs.position.eq(epochs.held_out),
            # Behind the last rate shift: only the register that lets the core learn is written.
            epochs.setting.eq(len(specification.connections)),
        ]
        m.next = "SET"
        with m.If(epochs.held_out == 0):
            m.next = "ENDED"
    with m.State("ENDED"):
        ended = Value.cast(finished.epochs)
        m.d.sync += [ended.eq(ended + 1), epochs.epochs.eq(epochs.epochs - 1)]
        m.next = "EPOCH"
