"""How a message hops from lane to lane, and how its fields follow it through the stages of a lane."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Signal, Value

from ceprop.hdl.typing import Fields


def hop(m: Module, message: Value | Fields, registers: int, name: str) -> Any:
    """A message in its lane: behind the register of the lane, or in the same cycle where `registers` is 0."""
    here = Signal(message.shape(), name=name)
    m.d["sync" if registers else "comb"] += here.eq(message)
    return here


def follow(m: Module, value: Value | Fields, strobes: Sequence[Value], beats: int, name: str) -> list[Any]:
    """`value`, a field of a message, at every stage of a pipeline.

    Element `k` is `k` cycles later and means something only in cycles with `strobes[k]`. Where messages come no closer
    than every second cycle (`beats` is 2), one register serves two stages."""
    stages = [value]
    for stage in range(1, len(strobes)):
        if beats > 1 and stage % 2 == 0:
            stages.append(stages[-1])
            continue
        # A register that is not written every cycle must have a value before the first message has come.
        register = Signal(value.shape(), name=f"{name}_{stage}", reset_less=beats == 1)
        with m.If(strobes[stage - 1] if beats > 1 else 1):
            m.d.sync += register.eq(stages[-1])
        stages.append(register)
    return stages
