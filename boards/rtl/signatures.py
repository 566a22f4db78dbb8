"""What passes between the parts of the link: signatures, and their interfaces with typed members."""

from amaranth.hdl import Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import Status
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

RESULT_BYTES = 2
"""Bytes of a result on the link."""


class FrameInterface(wiring.PureInterface):
    """Members of :class:`FrameSignature`."""

    waiting: Signal
    body: stream.Interface
    remaining: Signal
    none: Signal
    steady: Signal
    release: Signal
    damaged: Signal
    heard: Signal


class FrameSignature(wiring.Signature):
    """Frames that have come, one after the other, from the receiver to the dispatcher.

    Members
    -------
    waiting : Out
        A whole frame waits.
    body : Out, stream
        Its bytes, without the CRC.
    remaining, none, steady : Out
        How many bytes are still to come, and whether none are; right while `steady`, which is some cycles after a byte
        was taken.
    release : In
        The frame is done with.
    damaged, heard : Out, In
        A frame came that is not whole; `heard` clears that.
    """

    def __init__(self):
        super().__init__(
            {
                "waiting": Out(1),
                "body": Out(stream.Signature(8)),
                "remaining": Out(8),
                "none": Out(1),
                "steady": Out(1),
                "release": In(1),
                "damaged": Out(1),
                "heard": In(1),
            }
        )

    def create(self, *, path: tuple[str | int, ...] | None = None, src_loc_at: int = 0) -> FrameInterface:
        """Its interface."""
        return FrameInterface(self, path=path, src_loc_at=1 + src_loc_at)


def outcome_layout(geometry: Geometry) -> data.StructLayout:
    """What is kept of the result of a sample: the prediction, whether more than one output was largest, and whether the
    prediction is not the label."""
    result = Ports(geometry).result
    return data.StructLayout(
        {"prediction": result["prediction"].shape, "tie": result["tie"].shape, "wrong": unsigned(1)}
    )


class ResultReadInterface(wiring.PureInterface):
    """Members of :class:`ResultReadSignature`."""

    count: Signal
    address: Signal
    word: Signal


class ResultReadSignature(wiring.Signature):
    """Results as the dispatcher reads them from the ring.

    Members
    -------
    count : In
        Results so far, modulo `RESULTS_KEPT`.
    address, word : Out, In
        A result by its number, two cycles later: the class, and the tie in the highest bit.
    """

    def __init__(self):
        super().__init__({"count": In(8), "address": Out(8), "word": In(8 * RESULT_BYTES)})

    def create(self, *, path: tuple[str | int, ...] | None = None, src_loc_at: int = 0) -> ResultReadInterface:
        """Its interface."""
        return ResultReadInterface(self, path=path, src_loc_at=1 + src_loc_at)


class FlashCommandInterface(wiring.PureInterface):
    """Members of :class:`FlashCommandSignature`."""

    start: Signal
    command: Signal
    first_epoch: Signal
    epochs: Signal
    busy: Signal
    hold: Signal
    changes: Signal
    index: Signal
    byte: Signal


class FlashCommandSignature(wiring.Signature):
    """RUN, SAVE and RESTORE from the dispatcher to the flash controller, and the status.

    Members
    -------
    start, command, first_epoch, epochs : Out
        One of these commands begins in this cycle, only while nothing is at work; the epochs of RUN.
    busy : In
        A command is at work.
    hold, changes : Out, In
        The status must not change; and it still may.
    index, byte : Out, In
        The number of a byte of :class:`ceprop.boards.protocol.Status`, and a cycle later this byte.
    """

    def __init__(self):
        super().__init__(
            {
                "start": Out(1),
                "command": Out(4),
                "first_epoch": Out(16),
                "epochs": Out(16),
                "busy": In(1),
                "hold": Out(1),
                "changes": In(1),
                "index": Out(range(Status.BYTES)),
                "byte": In(8),
            }
        )

    def create(self, *, path: tuple[str | int, ...] | None = None, src_loc_at: int = 0) -> FlashCommandInterface:
        """Its interface."""
        return FlashCommandInterface(self, path=path, src_loc_at=1 + src_loc_at)


class CoreAccessInterface(wiring.PureInterface):
    """Members of :class:`CoreAccessSignature`."""

    command: stream.Interface
    response: stream.Interface
    samples: stream.Interface


class CoreAccessSignature(wiring.Signature):
    """The core as the dispatcher and the flash controller use it.

    Members
    -------
    command, response : Out, In, streams
        The core's command port.
    samples : Out, stream
        Bytes of packed samples, for the unpacker.
    """

    def __init__(self, ports: Ports):
        super().__init__(
            {
                "command": Out(stream.Signature(ports.command)),
                "response": In(stream.Signature(ports.response)),
                "samples": Out(stream.Signature(8)),
            }
        )

    def create(self, *, path: tuple[str | int, ...] | None = None, src_loc_at: int = 0) -> CoreAccessInterface:
        """Its interface."""
        return CoreAccessInterface(self, path=path, src_loc_at=1 + src_loc_at)


class FlashPinInterface(wiring.PureInterface):
    """Members of :class:`FlashPinSignature`."""

    select: Signal
    clock: Signal
    dq_out: Signal
    dq_in: Signal
    dq_enable: Signal


class FlashPinSignature(wiring.Signature):
    """The pins of a flash that is read over one, two or four lines.

    Members
    -------
    select : Out
        1 while the part is to listen.
    clock : Out
        Mode 0.
    dq_out, dq_in, dq_enable : Out, In, Out
        The data lines, and which of them are driven: two, or four with WP and HOLD, which are lines 2 and 3.
    """

    def __init__(self, lines: int):
        wires = max(2, lines)
        super().__init__(
            {
                "select": Out(1),
                "clock": Out(1),
                "dq_out": Out(wires),
                "dq_in": In(wires),
                "dq_enable": Out(wires),
            }
        )

    def create(self, *, path: tuple[str | int, ...] | None = None, src_loc_at: int = 0) -> FlashPinInterface:
        """Its interface."""
        return FlashPinInterface(self, path=path, src_loc_at=1 + src_loc_at)


REPLY_BYTE = data.StructLayout({"byte": 8, "last": 1})
"""A byte of a reply's body, and whether it is the last."""
