"""Makes the program of the flash processor: an instruction per method, labels, and numbers of several bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from ceprop.boards.rtl.flash.instructions import (
    FIRST_LINK,
    LINKS,
    PROGRAM_WORDS,
    REGISTERS,
    Condition,
    Operation,
)


@dataclass(frozen=True)
class Number:
    """A number in registers, the lowest byte first."""

    first: int
    size: int

    def __getitem__(self, byte: int) -> int:
        """The register of a byte."""
        assert 0 <= byte < self.size
        return self.first + byte


def numbers_from(first: int, sizes: Mapping[str, int]) -> dict[str, Number]:
    """Numbers by name, one behind the other from the register `first` on."""
    ends = list(accumulate(sizes.values(), initial=first))
    assert ends[-1] <= FIRST_LINK, f"{ends[-1]} registers are taken, {FIRST_LINK} are there"
    return {name: Number(start, size) for (name, size), start in zip(sizes.items(), ends[:-1], strict=True)}


class Assembler:
    """A program that grows. A label may be used before it is placed."""

    def __init__(self) -> None:
        self._words: list[Callable[[], int]] = []
        self._labels: dict[str, int] = {}
        self._links: dict[str, int] = {}

    def words(self) -> list[int]:
        """The program."""
        assert len(self._words) <= PROGRAM_WORDS, f"the program has {len(self._words)} words, room is for {PROGRAM_WORDS}"
        return [word() for word in self._words]

    def label(self, name: str) -> None:
        """The next instruction has this name."""
        assert name not in self._labels, f"label {name} twice"
        assert name not in self._labels, f"label {name} twice"
        self._labels[name] = len(self._words)

    # --- instructions

    def load(self, register: int) -> None:
        """LOAD of a register."""
        self._emit(Operation.LOAD, register)

    def constant(self, value: int) -> None:
        """LOAD of a number."""
        self._emit(Operation.LOAD, value, immediate=True)

    def add(self, register: int, *, chained: bool = False) -> None:
        """ADD of a register."""
        self._emit(Operation.ADD, register, chained=chained)

    def add_constant(self, value: int, *, chained: bool = False) -> None:
        """ADD of a number."""
        self._emit(Operation.ADD, value, chained=chained, immediate=True)

    def subtract(self, register: int, *, chained: bool = False) -> None:
        """SUB of a register."""
        self._emit(Operation.SUB, register, chained=chained)

    def subtract_constant(self, value: int, *, chained: bool = False) -> None:
        """SUB of a number."""
        self._emit(Operation.SUB, value, chained=chained, immediate=True)

    def store(self, register: int) -> None:
        """STORE."""
        assert register < REGISTERS
        self._emit(Operation.STORE, register)

    def read(self, port: int) -> None:
        """IN."""
        self._emit(Operation.IN, port)

    def write(self, port: int) -> None:
        """OUT."""
        self._emit(Operation.OUT, port)

    def wait(self, condition: Condition) -> None:
        """WAIT."""
        self._emit(Operation.WAIT, condition)

    def jump(self, label: str) -> None:
        """JUMP."""
        self._emit_address(Operation.JUMP, label)

    def jump_if(self, condition: Condition, label: str) -> None:
        """SKIP and JUMP: go on at the label where the condition holds."""
        self._emit(Operation.SKIP, condition, immediate=True)
        self.jump(label)

    def jump_unless(self, condition: Condition, label: str) -> None:
        """SKIP and JUMP: go on at the label where the condition does not hold."""
        self._emit(Operation.SKIP, condition)
        self.jump(label)

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

    # --- numbers of several bytes

    def set(self, target: Number, value: int) -> None:
        """A constant goes to a number."""
        for k, byte in enumerate(value.to_bytes(target.size, "little")):
            self.constant(byte)
            self.store(target[k])

    def move(self, target: Number, source: Number) -> None:
        """A number goes to another one of the same size."""
        for k in range(target.size):
            self.load(source[k])
            self.store(target[k])

    def add_number(self, target: Number, source: Number | int) -> None:
        """Add a number that is not longer, or a constant, to `target`."""
        for k in range(target.size):
            self.load(target[k])
            if isinstance(source, int):
                self.add_constant(source >> 8 * k & 0xFF, chained=k > 0)
            elif k < source.size:
                self.add(source[k], chained=k > 0)
            else:
                self.add_constant(0, chained=True)
            self.store(target[k])

    def subtract_number(self, target: Number, source: Number | int) -> None:
        """Subtract a number that is not longer, or a constant, from `target`."""
        for k in range(target.size):
            self.load(target[k])
            if isinstance(source, int):
                self.subtract_constant(source >> 8 * k & 0xFF, chained=k > 0)
            elif k < source.size:
                self.subtract(source[k], chained=k > 0)
            else:
                self.subtract_constant(0, chained=True)
            self.store(target[k])

    def compare(self, one: Number, other: Number) -> None:
        """The carry is set where `one` is at least `other`."""
        for k in range(one.size):
            self.load(one[k])
            self.subtract(other[k], chained=k > 0)

    def jump_if_zero(self, number: Number, label: str) -> None:
        """Go on at the label where the number is 0. The carry changes."""
        for k in range(number.size):
            self.constant(0)
            self.subtract(number[k], chained=k > 0)
        # Nothing but 0 can be subtracted from 0 without a borrow.
        self.jump_if(Condition.CARRY, label)

    def output(self, port: int, number: Number) -> None:
        """A number goes to as many ports, one behind the other."""
        for k in range(number.size):
            self.load(number[k])
            self.write(port + k)

    def _emit(self, operation: Operation, operand: int, *, chained: bool = False, immediate: bool = False) -> None:
        assert 0 <= operand < 256
        word = operation << 12 | immediate << 10 | chained << 9 | operand
        self._words.append(lambda: word)

    def _emit_address(self, operation: Operation, label: str, link: Callable[[], int] = lambda: 0) -> None:
        self._words.append(lambda: operation << 12 | link() << 9 | self._labels[label])
