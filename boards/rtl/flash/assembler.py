"""Makes the program of the flash processor: an instruction per method, labels, and what is usual in a few words."""

from collections.abc import Callable, Mapping

from ceprop.boards.rtl.flash.instructions import (
    FIRST_LINK,
    LINKS,
    PROGRAM_WORDS,
    WAITING_PORTS,
    WORD_BITS,
    Condition,
    InPort,
    Operation,
    OutPort,
)


class Assembler:
    """A program that grows. A label may be used before it is placed.

    Parameters
    ----------
    registers : sequence of str
        Names of the registers, from the first one on.
    constants : mapping of str to int
        Further registers that hold these values, and are never written.
    """

    def __init__(self, registers: tuple[str, ...], constants: Mapping[str, int]):
        names = [*registers, *constants]
        assert len(set(names)) == len(names), "two registers have the same name"
        assert len(names) <= FIRST_LINK, f"{len(names)} registers are used, {FIRST_LINK} are there"
        assert all(0 <= value < 2**WORD_BITS for value in constants.values())
        self._registers = {name: number for number, name in enumerate(names)}
        self._constants = frozenset(constants)
        self._initial = [0] * len(registers) + list(constants.values())
        self._words: list[Callable[[], int]] = []
        self._labels: dict[str, int] = {}
        self._links: dict[str, int] = {}

    @property
    def words(self) -> list[int]:
        """The program."""
        count = len(self._words)
        assert count <= PROGRAM_WORDS, f"the program has {count} words, room is for {PROGRAM_WORDS}"
        return [word() for word in self._words]

    @property
    def initial(self) -> list[int]:
        """What the registers hold at first."""
        return self._initial

    def label(self, name: str) -> None:
        """The next instruction has this name."""
        assert name not in self._labels, f"label {name} twice"
        self._labels[name] = len(self._words)

    # --- instructions; an operand is the name of a register, or a number from 0 to 255

    def load(self, operand: str | int) -> None:
        """LOAD."""
        self._emit_operand(Operation.LOAD, operand)

    def add(self, operand: str | int, *, chained: bool = False) -> None:
        """ADD."""
        self._emit_operand(Operation.ADD, operand, chained)

    def subtract(self, operand: str | int, *, chained: bool = False) -> None:
        """SUB."""
        self._emit_operand(Operation.SUB, operand, chained)

    def store(self, *registers: str) -> None:
        """STORE, to each of the registers."""
        for register in registers:
            assert register not in self._constants, f"{register} is a constant"
            self._emit(Operation.STORE, self._registers[register])

    def read(self, port: int) -> None:
        """IN."""
        self._emit(Operation.IN, port, immediate=port in WAITING_PORTS)

    def shift(self, port: int = InPort.ZERO) -> None:
        """SHIFT."""
        self._emit(Operation.SHIFT, port, immediate=port in WAITING_PORTS)

    def write(self, port: OutPort) -> None:
        """OUT."""
        self._emit(Operation.OUT, port)

    def wait(self, condition: Condition) -> None:
        """WAIT."""
        self._emit(Operation.WAIT, condition)

    def jump(self, label: str) -> None:
        """JUMP."""
        self._emit_address(Operation.JUMP, label)

    def jump_zero(self, label: str, register: str | None = None) -> None:
        """JUMP_ZERO, after LOAD of a register if one is given."""
        self._jump_after(Operation.JUMP_ZERO, label, register)

    def jump_not_zero(self, label: str, register: str | None = None) -> None:
        """JUMP_NOT_ZERO, after LOAD of a register if one is given."""
        self._jump_after(Operation.JUMP_NOT_ZERO, label, register)

    def jump_carry(self, label: str) -> None:
        """JUMP_CARRY."""
        self._emit_address(Operation.JUMP_CARRY, label)

    def jump_no_carry(self, label: str) -> None:
        """JUMP_NO_CARRY."""
        self._emit_address(Operation.JUMP_NO_CARRY, label)

    def call(self, label: str) -> None:
        """CALL of a subroutine."""
        self._emit_address(Operation.CALL, label, lambda: self._links[label])

    def subroutine(self, name: str, link: int) -> None:
        """The next instruction begins a subroutine that keeps its return address in the register `link`, from 0. It
        calls only others that keep theirs elsewhere."""
        assert link < LINKS
        self._links[name] = link
        self.label(name)

    def end(self, name: str) -> None:
        """RETURN from a subroutine."""
        self._emit(Operation.RETURN, FIRST_LINK + self._links[name])

    # --- what is usual

    def jump_unless(self, condition: Condition, label: str) -> None:
        """Go on at the label where the condition does not hold."""
        self._emit(Operation.SKIP, condition)
        self.jump(label)

    def set(self, register: str, operand: str | int) -> None:
        """An operand goes to a register."""
        self.load(operand)
        self.store(register)

    def increase(self, register: str, operand: str | int) -> None:
        """Add an operand to a register."""
        self.load(register)
        self.add(operand)
        self.store(register)

    def decrease(self, register: str, operand: str | int) -> None:
        """Subtract an operand from a register. The accumulator has the difference."""
        self.load(register)
        self.subtract(operand)
        self.store(register)

    def output(self, port: OutPort, operand: str | int) -> None:
        """An operand goes to a port."""
        self.load(operand)
        self.write(port)

    def _jump_after(self, operation: Operation, label: str, register: str | None) -> None:
        if register is not None:
            self.load(register)
        self._emit_address(operation, label)

    def _emit_operand(self, operation: Operation, operand: str | int, chained: bool = False) -> None:
        if isinstance(operand, str):
            self._emit(operation, self._registers[operand], chained=chained)
        else:
            self._emit(operation, operand, chained=chained, immediate=True)

    def _emit(self, operation: Operation, operand: int, *, chained: bool = False, immediate: bool = False) -> None:
        assert 0 <= operand < 256
        # A plain number, for Amaranth takes members of an enumeration to be as wide as that is.
        word = int(operation << 12 | chained << 9 | immediate << 8 | operand)
        self._words.append(lambda: word)

    def _emit_address(self, operation: Operation, label: str, link: Callable[[], int] = lambda: 0) -> None:
        self._words.append(lambda: int(operation << 12 | link() << 10 | self._labels[label]))
