"""Registers of RUN: where it is in the plan, in the epoch and in the sample."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Signal
from amaranth.lib import data

from ceprop.boards.protocol import DataSetHead, plan_record_bytes

_ADDRESS_BITS = 8 * DataSetHead.ADDRESS_BYTES

ENTRY_BYTES = 2 * DataSetHead.ADDRESS_BYTES
"""Bytes that are read of the index for a sample: its own address and the one behind it, where the sample ends."""

_HEAD = data.StructLayout({"plan": _ADDRESS_BITS, "held_out": _ADDRESS_BITS, "epochs": 16})
_ENTRY = data.StructLayout({"start": _ADDRESS_BITS, "end": _ADDRESS_BITS})


def _record_layout(connections: int) -> data.StructLayout:
    shifts = data.ArrayLayout(8, connections)
    return data.StructLayout({"start": _ADDRESS_BITS, "stride": _ADDRESS_BITS, "shifts": shifts})


@dataclass(frozen=True)
class EpochRegisters:
    """Registers of RUN.

    Fields
    ------
    fetched : Signal
        What was read last of head, plan or index. It is shifted in from the top.
    head, record, entry : views
        The same as each of these.
    plan, held_out : Signal
        Address of the next epoch in the plan; samples that are evaluated.
    skipped, counted : Signal
        Epochs of the plan before the first one, and epochs whose samples are not yet added up.
    epochs : Signal
        Epochs to go.
    number, stride : Signal
        Number of the sample, and what is added to it for the next one.
    position : Signal
        Samples of the epoch, or of the evaluation, that are to go.
    evaluating : Signal
        The samples are those of the evaluation.
    setting : Signal
        The rate shift that is written, from 0; behind the last one, the register that lets the core learn.
    in_core : Signal
        Samples that have been sent and are not finished.
    errors : Signal
        Wrong predictions of the epoch, or of the evaluation.
    """

    fetched: Signal
    head: Any
    record: Any
    entry: Any
    plan: Signal
    held_out: Signal
    skipped: Signal
    counted: Signal
    epochs: Signal
    number: Signal
    stride: Signal
    position: Signal
    evaluating: Signal
    setting: Signal
    in_core: Signal
    errors: Signal

    @classmethod
    def create(cls, connections: int) -> "EpochRegisters":
        """Registers for a network with so many connections."""
        record = _record_layout(connections)
        fetched = Signal(8 * max(DataSetHead.BYTES, plan_record_bytes(connections)), name="fetched")

        def top(layout: data.StructLayout) -> Any:
            return data.View(layout, fetched[len(fetched) - layout.size :])

        addresses = ("plan", "held_out", "number", "stride", "position", "errors")
        epochs = ("skipped", "counted", "epochs")
        return cls(
            fetched=fetched,
            head=top(_HEAD),
            record=top(record),
            entry=top(_ENTRY),
            evaluating=Signal(name="evaluating"),
            setting=Signal(range(connections + 1), name="setting"),
            in_core=Signal(3, name="in_core"),
            **{name: Signal(_ADDRESS_BITS + (name == "number"), name=f"epoch_{name}") for name in addresses},
            **{name: Signal(16, name=f"{name}_to_go") for name in epochs},
        )
