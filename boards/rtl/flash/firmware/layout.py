"""What the program of the flash processor knows of the network, and the registers that it has."""

from dataclasses import dataclass

from ceprop.boards.data_set_form import DataSetHead, data_set_mark, plan_record_bytes
from ceprop.boards.protocol import Flash, specification_number
from ceprop.boards.rtl.flash.instructions import WORD_BITS
from ceprop.boards.snapshot_form import SnapshotPlaces, snapshot_bytes, stretches
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Geometry, registers

_WORD_BYTES = WORD_BITS // 8

STATUS = ("flags", "samples_left", "samples_left_high", "epochs", "training_errors", "held_out_errors")
"""The first registers: the status, as the host reads it (:class:`ceprop.boards.protocol.Status`)."""

STATUS_BYTES = ((0, 1), (1, 3), (2, 1), (3, 2), (4, 3), (5, 3))
"""Which register the bytes of the status lie in, and how many lie there."""

REGISTERS = (
    *STATUS,
    # The data set: address of the next epoch in the plan; samples of an epoch, and of its evaluation; epochs that the
    # network had learned before, and epochs to go.
    "plan",
    "samples",
    "held_out",
    "first_epoch",
    "epochs_left",
    # Samples that were sent to the core; those that it had finished, and those that were wrong, when the program looked
    # last.
    "sent",
    "seen",
    "seen_wrong",
    # An epoch, or its evaluation: address of the sample's entry in the index, and what is added to it for the next one;
    # where the entries of the training samples end; samples to go; address of the sample; whether this is the
    # evaluation; wrong predictions.
    "entry",
    "stride",
    "end",
    "position",
    "start",
    "evaluating",
    "errors",
    # Where the sign of the nudge changes: address of the next word of signs, what is left of the word before, and
    # whether the core's nudge is negative.
    "signs_address",
    "signs",
    "negative",
    # A file: its address, the mark that it must have, the rest of its head, and bytes to go.
    "base",
    "mark",
    "mark_high",
    "number",
    "number_high",
    "left",
    # The newest whole snapshot: its number, whether there is one, and its address. Whether groups come from flash, or
    # go there.
    "newest",
    "newest_high",
    "found",
    "newest_base",
    "restores",
    # Groups of the core: the column of weights, address, and groups to go.
    "column",
    "word",
    "words",
    # Bytes of a page to go, and what is needed for a moment.
    "in_page",
    "count",
    "value",
)
"""Names of the registers that change."""

LOG_FULL = "log_full"
"""A further register, of a board with a link: the flag that tells that the log had no room."""


@dataclass(frozen=True)
class Facts:
    """What the program has of the network.

    Fields
    ------
    constants : dict
        Numbers that do not fit an instruction.
    data_set_mark_high, snapshot_mark_high : int
        What of the marks does not fit a register.
    group_bytes : int
        Bytes of a group.
    columns : int
        Columns of weights.
    others : list
        Memory, whether it is the column edge's, and groups, of what follows the weights in a snapshot.
    rate_shifts : list of int
        The core's registers for the rate shifts.
    learn, nudge_negative : int
        The core's registers that let it learn, and with a negative nudge.
    sign_changes : bool
        Whether the sign of the nudge changes from sample to sample.
    record_bytes : int
        Bytes of an epoch in the plan.
    snapshot_above : bool
        Whether the second snapshot lies behind the data set, which must end before it.
    """

    constants: dict[str, int]
    data_set_mark_high: int
    snapshot_mark_high: int
    group_bytes: int
    columns: int
    others: list[tuple[Space, bool, int]]
    rate_shifts: list[int]
    learn: int
    nudge_negative: int
    sign_changes: bool
    record_bytes: int
    snapshot_above: bool

    @classmethod
    def of(cls, geometry: Geometry) -> "Facts":
        """Those of a network on its array."""
        specification = geometry.specification
        addresses = {register.name: register.address for register in registers(specification)}
        every = stretches(geometry)
        others = [(space, column, groups) for space, column, _, groups in every if space != Space.WEIGHT]
        places = SnapshotPlaces.of(geometry)
        data_set, snapshot = (
            data_set_mark(specification.learning_digest),
            specification_number(specification.build_digest),
        )
        index = Flash.DATA_SET + Flash.HEAD_BYTES + DataSetHead.BYTES
        rate_shifts = [addresses[f"rate_shift_{connection}"] for connection in specification.connections]
        assert rate_shifts == list(range(rate_shifts[0], rate_shifts[-1] + 1)), "the program counts them"
        return cls(
            constants={
                "INDEX": index,
                "DATA_SET_MARK": _low(data_set),
                "SNAPSHOT_MARK": _low(snapshot),
                "LOG": Flash.LOG,
                "LOG_END": Flash.LOG + Flash.LOG_BYTES,
                "FIRST_SNAPSHOT": places.first,
                "SECOND_SNAPSHOT": places.second,
                "SNAPSHOT_BYTES": snapshot_bytes(geometry),
                "SECTOR": Flash.SECTOR_BYTES,
                "PAGE": Flash.PAGE_BYTES,
                "WEIGHT_GROUPS": geometry.weight_words,
                **{f"GROUPS_{k}": groups for k, (_, _, groups) in enumerate(others)},
            },
            data_set_mark_high=data_set[_WORD_BYTES],
            snapshot_mark_high=snapshot[_WORD_BYTES],
            group_bytes=Ports(geometry).group_bytes,
            columns=geometry.cols,
            others=others,
            rate_shifts=rate_shifts,
            learn=addresses["learn"],
            nudge_negative=addresses["nudge_negative"],
            sign_changes=specification.sign_changes,
            record_bytes=plan_record_bytes(len(specification.connections), sign_changes=specification.sign_changes),
            snapshot_above=places.above,
        )


def _low(mark: bytes) -> int:
    return int.from_bytes(mark[:_WORD_BYTES], "little")
