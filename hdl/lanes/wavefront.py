"""Registers that shape the wavefront: plain delays, and the triangles that skew and align the lanes of an edge; and the
small memories of a lane."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port
from ceprop.specification import memory_depth


def enter(m: Module, message: Value | data.View, registers: int, name: str) -> Any:
    """A message in its lane: behind the lane's register, or as it comes where there is none."""
    here = Signal(message.shape(), name=name)
    m.d["sync" if registers else "comb"] += here.eq(message)
    return here


def carry(
    m: Module, value: Value | data.View, strobes: Sequence[Value], beats: int, name: str
) -> list[Value | data.View]:
    """`value` at every stage of the way of a message: element `k` is `k` cycles behind and means something only in
    cycles with `strobes[k]`. Where messages come no closer than every second cycle (`beats`), a register serves two."""
    stages = [value]
    for stage in range(1, len(strobes)):
        if beats > 1 and stage % 2 == 0:
            stages.append(stages[-1])
            continue
        # One that is not written every cycle must have a value before the first message has come.
        register = Signal(value.shape(), name=f"{name}_{stage}", reset_less=beats == 1)
        with m.If(strobes[stage - 1] if beats > 1 else 1):
            m.d.sync += register.eq(stages[-1])
        stages.append(register)
    return stages


def lane_memory(shape: ShapeLike, words: int) -> Memory:
    """A memory whose word is never read in the cycle that writes it, or whose reader does not look then: the
    synthesizer need not add registers that make up for what a block RAM leaves undefined."""
    return Memory(shape=shape, depth=memory_depth(words), init=[], attrs={"no_rw_check": 1})


def read_twice(m: Module, memory: Memory, early: Value, late: Value, now: Value, beats: int):
    """The words at two addresses, a cycle later. With two `beats` the same port serves both, the late one in the cycles
    `now`, in which nobody looks for an early one."""
    first = read_port(memory)
    m.d.comb += [first.en.eq(1), first.addr.eq(early)]
    if beats > 1:
        m.d.comb += first.addr.eq(Mux(now, late, early))
        return first.data, first.data
    second = read_port(memory, "second_read")
    m.d.comb += [second.en.eq(1), second.addr.eq(late)]
    return first.data, second.data


class Triangle(wiring.Component):
    """Delays every lane by as many cycles as it acts after the first one (`align=False`), or before the last one
    (`align=True`); `lanes_a_hop` neighbours act together.

    Skewing turns words that arrive together into a wavefront along an edge, which meets a command that hops from lane
    to lane; aligning gathers a wavefront into words that leave together.
    """

    def __init__(self, lanes: int, bits: int, lanes_a_hop: int, *, align: bool):
        self.lanes = lanes
        self.lanes_a_hop = lanes_a_hop
        self.align = align
        shape = Shape(bits)
        super().__init__({"words": In(shape).array(lanes), "moved": Out(shape).array(lanes)})

    def elaborate(self, platform: object) -> Module:
        """One row of registers a lane."""
        m = Module()
        for lane in range(self.lanes):
            cycles = lane // self.lanes_a_hop
            if self.align:
                cycles = (self.lanes - 1) // self.lanes_a_hop - cycles
            m.d.comb += self.moved[lane].eq(delay(m, self.words[lane], cycles, f"lane{lane}"))
        return m
