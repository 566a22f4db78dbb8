"""Weight memories made of the memory blocks of a device: how depth and width are cut, and how the blocks are joined."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from amaranth.hdl import Array, Cat, Instance, Module, Signal, Value

from ceprop.hdl.delay import delay
from ceprop.hdl.devices.memory import WeightMemory
from ceprop.specification import address_bits


@dataclass(frozen=True)
class Shape:
    """One shape of a block: its depth, a power of two, and the width of its words."""

    words: int
    bits: int

    @property
    def address_bits(self) -> int:
        """Bits that address the words of one block."""
        return address_bits(self.words)

    def banks(self, words: int) -> int:
        """Number of blocks, one bank each, that hold so many words."""
        return -(-words // self.words)


@dataclass(frozen=True)
class Slice:
    """Bits `low .. low + bits - 1` of every word, in `banks` blocks of one shape, which share the addresses."""

    low: int
    bits: int
    shape: Shape
    banks: int


def cut(words: int, bits: int, shapes: Sequence[Shape]) -> list[Slice]:
    """Slices of a memory, lowest bits first, that take the fewest blocks. Of several such cuts, the one with the fewest
    banks is taken, then the one with the fewest slices. Slices may differ in shape: 3000 words of 13 bits are two banks
    of 2048x9 and one block of 4096x4."""

    @cache
    def widths(bits: int) -> tuple[tuple[int, int, int], tuple[Shape, ...]]:
        """Blocks, most banks and slices of the best cut of so many bits, and its shapes."""
        if bits <= 0:
            return (0, 0, 0), ()
        best = None
        for shape in shapes:
            (blocks, banks, slices), others = widths(bits - shape.bits)
            own = shape.banks(words)
            cost = (blocks + own, max(banks, own), slices + 1)
            if best is None or cost < best[0]:
                best = cost, (shape, *others)
        assert best is not None
        return best

    slices, low = [], 0
    for shape in sorted(widths(bits)[1], key=lambda shape: -shape.bits):
        slices.append(Slice(low, min(shape.bits, bits - low), shape, shape.banks(words)))
        low += shape.bits
    return slices


def count(words: int, bits: int, shapes: Sequence[Shape]) -> int:
    """Blocks that :func:`cut` takes."""
    return sum(piece.banks for piece in cut(words, bits, shapes))


@dataclass(frozen=True)
class Access:
    """The access to one block in a cycle: addresses within the block, and the bits of its slice."""

    read_address: Value
    write_address: Value
    write_data: Value
    write_enable: Value


class BlockMemory(WeightMemory):
    """A weight memory made of the memory blocks of a device, which are its submodules `ram_0`, `ram_1` and so on: slice
    after slice, and in each slice bank after bank.

    A subclass names the shapes of its block (`shapes`) and the latency of the block's own registers (`block_latency`),
    and builds a block (`block`). Registers after the banks add the cycles that `block_latency` lacks to `latency`."""

    shapes: Sequence[Shape]
    block_latency: int

    @abstractmethod
    def block(self, shape: Shape, access: Access) -> tuple[Instance, Value]:
        """One block and the word that it reads, `block_latency` cycles after its address."""

    def elaborate(self, platform: object) -> Module:
        """Slices side by side, each of one bank or more; then the registers that the blocks lack."""
        m = Module()
        read_address, write_address = self.addresses(m)
        slices, blocks = [], 0
        for piece in cut(self.words, len(self.read_data), self.shapes):
            inside = piece.shape.address_bits
            found = []
            for bank in range(piece.banks):
                chosen = self.write_address[inside:] == bank if piece.banks > 1 else 1
                access = Access(
                    Value.cast(read_address[:inside]),
                    Value.cast(write_address[:inside]),
                    Value.cast(self.write_data[piece.low : piece.low + piece.bits]),
                    self.write_enable & chosen,
                )
                m.submodules[f"ram_{blocks}"], word = self.block(piece.shape, access)
                found.append(word[: piece.bits])
                blocks += 1
            slices.append(self._bank(m, found, Value.cast(read_address[inside:])))
        read = Signal(len(self.read_data), name="read")
        m.d.comb += read.eq(Cat(slices))
        m.d.comb += self.read_data.eq(delay(m, read, self.latency - self.block_latency, "output"))
        return m

    def _bank(self, m: Module, found: Sequence[Value], bank: Value) -> Value:
        """The word of the bank that was addressed when the block began to read."""
        if len(found) == 1:
            return found[0]
        return Value.cast(Array(found)[delay(m, bank, self.block_latency, "bank")])
