"""Where the program of the flash processor keeps its numbers, and what it knows of the network."""

from dataclasses import dataclass

from ceprop.boards.protocol import DataSetHead, Status, data_set_mark, plan_record_bytes, specification_number
from ceprop.boards.rtl.flash.assembler import Number, numbers_from
from ceprop.boards.rtl.flash.memory_walk import snapshot_bytes, stretches
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Geometry, registers

_ADDRESS = DataSetHead.ADDRESS_BYTES
_MARK_BYTES = 4


_STATUS = {"flags": 1, "samples_left": 4, "epochs": 2, "training_errors": 3, "held_out_errors": 3}
_ALWAYS = {
    "plan": _ADDRESS,
    "samples": _ADDRESS,
    "held_out": _ADDRESS,
    "epochs_left": 2,
    "sent": 1,
    "seen": 1,
    "seen_wrong": 1,
    "left": 3,
    "count": 1,
    "value": 1,
    "stores": 1,
}
_OF_EPOCHS = {
    "stride": _ADDRESS,
    "entry": _ADDRESS,
    "end": _ADDRESS,
    "span": _ADDRESS,
    "position": _ADDRESS,
    "start": _ADDRESS,
    "evaluating": 1,
    "errors": 3,
}
_OF_FILES = {
    "base": 3,
    "mark": _MARK_BYTES,
    "number": 4,
    "length": 4,
    "newest": 4,
    "found": 1,
    "place": 1,
    "word": 2,
    "words": 2,
}


@dataclass(frozen=True)
class Numbers:
    """The registers of the program.

    Fields
    ------
    flags, samples_left, epochs, training_errors, held_out_errors : Number
        The status, in the order in which the host reads it (:class:`Status`).
    plan : Number
        Address of the next epoch in the plan.
    samples, held_out, epochs_left : Number
        Samples of an epoch, and of its evaluation; epochs to go.
    sent, seen, seen_wrong : Number
        Samples that were sent to the core; those that it had finished, and those that were wrong, when the program
        looked last. All are modulo 256.
    left : Number
        Bytes to go.
    count, value : Number
        A number of turns, and a byte for a moment.
    stores : Number
        1 while groups go to flash, 0 while they come from there.
    stride, entry, end, span : Number
        While an epoch runs: address of the entry of a sample in the index; what is added to it for the next one; where
        the entries of the training samples end, and their length, which is subtracted there.
    position, start, evaluating, errors : Number
        While an epoch runs: samples of the epoch, or of the evaluation, that are to go; address of the sample; 1 during
        the evaluation; wrong predictions.
    base, mark, number, length : Number
        While a file is looked at: its address, the mark that it must have, and the rest of its head.
    newest, found, place : Number
        The number of the newest whole snapshot, whether there is one, and its place, 0 or 1.
    word, words : Number
        While groups move: address of a group in the core, and groups to go.
    """

    flags: Number
    samples_left: Number
    epochs: Number
    training_errors: Number
    held_out_errors: Number
    plan: Number
    samples: Number
    held_out: Number
    epochs_left: Number
    sent: Number
    seen: Number
    seen_wrong: Number
    left: Number
    count: Number
    value: Number
    stores: Number
    stride: Number
    entry: Number
    end: Number
    span: Number
    position: Number
    start: Number
    evaluating: Number
    errors: Number
    base: Number
    mark: Number
    number: Number
    length: Number
    newest: Number
    found: Number
    place: Number
    word: Number
    words: Number

    @classmethod
    def create(cls) -> "Numbers":
        """Registers from the first one on. Those of epochs and those of files are the same: an epoch has ended before
        a file is looked at."""
        always = numbers_from(0, _STATUS | _ALWAYS)
        free = sum(number.size for number in always.values())
        assert always["plan"].first == Status.BYTES
        return cls(**always, **numbers_from(free, _OF_EPOCHS), **numbers_from(free, _OF_FILES))


@dataclass(frozen=True)
class Facts:
    """What the program has of the network.

    Fields
    ------
    data_set_mark, snapshot_mark : bytes
        The marks of its files.
    snapshot_bytes, group_bytes : int
        Bytes of the groups of a snapshot, and of one group.
    stretches : list
        Where its groups lie (:func:`ceprop.boards.rtl.flash.memory_walk.stretches`).
    record_bytes : int
        Bytes of an epoch in the plan.
    rate_shifts : list of int
        The core's registers for the rate shifts.
    learn : int
        The core's register that lets it learn.
    """

    data_set_mark: bytes
    snapshot_mark: bytes
    snapshot_bytes: int
    group_bytes: int
    stretches: list[tuple[Space, bool, int, int]]
    record_bytes: int
    rate_shifts: list[int]
    learn: int

    @classmethod
    def of(cls, geometry: Geometry) -> "Facts":
        """Those of a network on its array."""
        specification = geometry.specification
        addresses = {register.name: register.address for register in registers(specification)}
        connections = specification.connections
        return cls(
            data_set_mark=data_set_mark(specification.learning_digest),
            snapshot_mark=specification_number(specification.build_digest)[:_MARK_BYTES],
            snapshot_bytes=snapshot_bytes(geometry),
            group_bytes=Ports(geometry).group_bytes,
            stretches=stretches(geometry),
            record_bytes=plan_record_bytes(len(connections)),
            rate_shifts=[addresses[f"rate_shift_{connection}"] for connection in connections],
            learn=addresses["learn"],
        )
