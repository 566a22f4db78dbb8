"""Before the first task with more than one line: whether there is a part, and whether it lets four lines be used."""

from collections.abc import Callable

from amaranth.hdl import Module, Mux, Signal, Value

from ceprop.boards.rtl.flash.flash_facts import IDENTIFY_OPCODE, QUAD_BITS, FlashCommand, QuadBit
from ceprop.boards.rtl.flash.port_registers import PortRegisters, first_command


def add_setup_opcodes(m: Module, opcode: Signal, registers: PortRegisters, lines: int) -> None:
    """The opcodes of the setup, within the switch over the commands."""
    if lines > 1:
        with m.Case(FlashCommand.IDENTIFY):
            m.d.comb += opcode.eq(IDENTIFY_OPCODE)
    if lines == 4:
        with m.Case(FlashCommand.READ_QUAD):
            _of_maker(m, registers, opcode, lambda quad_bit: quad_bit.read)
        with m.Case(FlashCommand.ENABLE_QUAD):
            _of_maker(m, registers, opcode, lambda quad_bit: quad_bit.enable)
        with m.Case(FlashCommand.WRITE_QUAD):
            _of_maker(m, registers, opcode, lambda quad_bit: quad_bit.write)


def add_status_end(m: Module, task: Value, registers: PortRegisters, lines: int) -> None:
    """What follows a status, in REST: the setup, or the task; on one line there is nothing to set up."""
    following = first_command(task)
    if lines > 1:
        setup = Mux(registers.tried, FlashCommand.READ_QUAD, FlashCommand.IDENTIFY)
        following = Mux(registers.known, following, setup)
    else:
        m.d.sync += registers.known.eq(1)
    m.d.sync += registers.command.eq(following)


def add_setup(m: Module, answer: Value, task: Value, registers: PortRegisters, lines: int) -> None:
    """What follows the commands of the setup, in REST within the switch over the commands.

    IDENTIFY reads the maker's number. The quad-enable bit is read, written where it is not set, and read again. Where
    it is not set then, or the maker is not known, two lines are used. Where the answer is all ones or all zeros, there
    is no part, and the task fails."""
    if lines > 1:
        with m.Case(FlashCommand.IDENTIFY):
            _add_identified(m, answer, task, registers, lines)
    if lines == 4:
        with m.Case(FlashCommand.READ_QUAD):
            _add_quad_read(m, answer, task, registers)
        with m.Case(FlashCommand.ENABLE_QUAD):
            m.d.sync += registers.command.eq(FlashCommand.WRITE_QUAD)


def _add_identified(m: Module, answer: Value, task: Value, registers: PortRegisters, lines: int) -> None:
    m.d.sync += registers.maker.eq(answer)
    with m.If(answer.all() | ~answer.any()):
        m.d.sync += registers.failed.eq(1)
        m.next = "IDLE"
    with m.Else():
        _begin(m, task, registers)
    if lines == 4:
        m.d.sync += registers.quad.eq(0)
        with m.Switch(answer), m.Case(*QUAD_BITS):
            m.d.sync += [registers.known.eq(0), registers.command.eq(FlashCommand.READ_QUAD)]


def _add_quad_read(m: Module, answer: Value, task: Value, registers: PortRegisters) -> None:
    mask = Signal(8, name="quad_mask")
    _of_maker(m, registers, mask, lambda quad_bit: 1 << quad_bit.bit)
    found = (answer & mask).any()
    m.d.sync += [registers.kept.eq(answer | mask), registers.quad.eq(found), registers.tried.eq(1)]
    with m.If(found | registers.tried):
        _begin(m, task, registers)
    with m.Else():
        m.d.sync += registers.command.eq(FlashCommand.ENABLE_QUAD)


def _begin(m: Module, task: Value, registers: PortRegisters) -> None:
    """The part is set up, and the task begins."""
    m.d.sync += [registers.known.eq(1), registers.command.eq(first_command(task))]


def _of_maker(m: Module, registers: PortRegisters, target: Signal, field: Callable[[QuadBit], int]) -> None:
    """What the maker of the part has."""
    with m.Switch(registers.maker):
        for maker, quad_bit in QUAD_BITS.items():
            with m.Case(maker):
                m.d.comb += target.eq(field(quad_bit))
