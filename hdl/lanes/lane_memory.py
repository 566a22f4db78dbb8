"""The small memories of a lane."""

from typing import Any

from amaranth.hdl import Module, Mux, Value
from amaranth.lib.memory import Memory

from ceprop.hdl.devices.named_ports import read_port
from ceprop.specification import memory_depth


def lane_memory(shape: Any, words: int) -> Memory:
    """A memory of words of any `shape` whose reader never uses a word that is read in the cycle that writes it.

    The synthesizer therefore adds no registers that make up for what a block RAM leaves undefined in such a cycle."""
    return Memory(shape=shape, depth=memory_depth(words), init=[], attrs={"no_rw_check": 1})


def read_twice(m: Module, memory: Memory, early: Value, late: Value, now: Value, beats: int) -> tuple[Any, Any]:
    """The words at the addresses `early` and `late`, one cycle later.

    With `beats` of 2 one port serves both: the late address in the cycles `now`, in which no early word is used."""
    first = read_port(memory)
    m.d.comb += [first.en.eq(1), first.addr.eq(early)]
    if beats > 1:
        m.d.comb += first.addr.eq(Mux(now, late, early))
        return first.data, first.data
    second = read_port(memory, "second_read")
    m.d.comb += [second.en.eq(1), second.addr.eq(late)]
    return first.data, second.data
