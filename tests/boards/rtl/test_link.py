"""The RTL of the link, from the bytes of a transport to the core's streams and back.

This file is long, because its tests share a board that stands for the core."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from collections.abc import Iterator
from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.sim import Simulator
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from ceprop.boards.host.frames import FrameDecoder, encode
from ceprop.boards.protocol import (
    LONGEST_PAYLOAD,
    PROTOCOL,
    REFUSAL,
    REPLY,
    Address,
    Command,
    Identity,
    Refusal,
)
from ceprop.boards.rtl.frame_receiver import FrameReceiver
from ceprop.boards.rtl.frame_sender import FrameSender
from ceprop.boards.rtl.requests import Dispatcher
from ceprop.specification import Geometry, Specification

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [70, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 4, "weight_bits": 6, "weight_fraction": 5},
        "update": {"shifts": [1, 1]},
        "array": {"rows": 2, "cols": 3},
    }
)
GEOMETRY = Geometry(SPECIFICATION)
IDENTITY = Identity(PROTOCOL, 0, 0, bytes(range(8)), 0x12345678, 30_000_000, 47_000_000)
GROUP_BYTES = 6
"""Three words of 16 bits: a generator is the widest."""
MOST_GROUPS = LONGEST_PAYLOAD // GROUP_BYTES
QUIET, LONG_QUIET = 1000, 4000
"""Cycles without a sign of life after which none is expected. The second number is for a long reply, because nothing of
it is sent before all of it is there."""


class Link(wiring.Component):
    """Receiver, dispatcher and sender; the test is the core."""

    def __init__(self):
        super().__init__({})
        self.receiver, self.sender = FrameReceiver(), FrameSender()
        self.dispatcher = Dispatcher(GEOMETRY, IDENTITY)
        self.busy = Signal()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver, m.submodules.sender = receiver, sender = self.receiver, self.sender
        m.submodules.dispatcher = dispatcher = self.dispatcher
        wiring.connect(m, receiver.frames, dispatcher.frames)
        wiring.connect(m, dispatcher.reply, sender.body)
        return m


class Board:
    """Runs a link: bytes in, bytes out, and a core that is a dictionary of groups."""

    def __init__(self):
        self.link = Link()
        self.simulator = Simulator(self.link)
        self.simulator.add_clock(1e-6)
        self.line = bytearray()
        self.memory: dict[tuple[int, int, int, int], int] = {}
        self.reading: list[int] = []
        self.samples = bytearray()
        self.results = [37 * k % 2**16 for k in range(256)]
        self.resets = 0

    def run(self, incoming: bytes, quiet: int = QUIET) -> list[bytes | None]:
        """Bodies of the replies to what comes in, until `quiet` cycles say nothing; None for what is no frame."""

        async def everything(context: Any) -> None:
            left, rest = list(incoming), 0
            context.set(self.link.sender.bytes.ready, 1)
            context.set(self.link.dispatcher.core.samples.ready, 1)
            context.set(self.link.dispatcher.core.command.ready, 1)
            pause = 0
            while left or rest < quiet:
                pause = max(0, pause - 1)
                pause = pause or self._feed(context, left)
                rest = 0 if self._listen(context) else rest + 1
                self._core(context)
                # A memory, whose word comes a cycle after its address.
                word = self.results[context.get(self.link.dispatcher.results.address)]
                await context.tick()
                context.set(self.link.dispatcher.results.word, word)
                context.set(self.link.receiver.bytes.valid, 0)

        self.simulator.add_testbench(everything)
        self.simulator.run()
        return FrameDecoder().feed(bytes(self.line))

    def _feed(self, context: Any, left: list[int]) -> int:
        """The next byte, if there is one; how many cycles until the one after it: the parts are faster than any
        transport."""
        stream = self.link.receiver.bytes
        if left:
            assert context.get(stream.ready)
            context.set(stream.payload, left.pop(0))
            context.set(stream.valid, 1)
        return 24

    def _listen(self, context: Any) -> bool:
        """What comes out; whether anything did."""
        out, samples = self.link.sender.bytes, self.link.dispatcher.core.samples
        if context.get(out.valid):
            self.line.append(context.get(out.payload))
        if context.get(samples.valid) and context.get(samples.ready):
            self.samples.append(context.get(samples.payload))
        reset = context.get(self.link.dispatcher.reset)
        self.resets += reset
        return bool(context.get(out.valid) or context.get(samples.valid) or reset)

    def _core(self, context: Any) -> None:
        """Carries a command out in the cycle in which it comes, and gives a group whenever it is taken."""
        command, response = self.link.dispatcher.core.command, self.link.dispatcher.core.response
        if context.get(command.valid):
            payload = context.get(command.payload)
            place = (payload.space.value, payload.column, payload.lane)
            addresses = range(payload.address, payload.address + payload.count)
            if payload.write:
                words = sum(int(word) << (16 * k) for k, word in enumerate(payload.words))
                self.memory[*place, payload.address] = words
            else:
                self.reading += [self.memory.get((*place, address), 0) for address in addresses]
        context.set(response.valid, bool(self.reading))
        context.set(response.payload.as_value(), self.reading[0] if self.reading else 0)
        if self.reading and context.get(response.ready):
            self.reading.pop(0)


def request(sequence: int, command: int, payload: bytes = b"") -> bytes:
    """A request on the line."""
    return encode(bytes([sequence % 256, command]) + payload)


def done(sequence: int, command: int, payload: bytes = b"") -> bytes:
    """The body of its reply."""
    return bytes([sequence % 256, command | REPLY]) + payload


def refused(sequence: int, command: int, reason: Refusal, expected: int) -> bytes:
    """The body of a refusal."""
    return bytes([sequence, REFUSAL, reason, command, expected])


def group(number: int) -> bytes:
    """A group of words as a payload has it."""
    return (number * 0x0102_0304_0506 % 2**48).to_bytes(GROUP_BYTES, "little")


def test_a_board_says_who_it_is_whatever_the_number() -> None:
    assert Board().run(request(77, Command.IDENTIFY)) == [done(77, Command.IDENTIFY, IDENTITY.pack())]


def test_groups_that_were_written_are_read_back() -> None:
    board = Board()
    place = Address(space=2, address=9, lane=1, column=True)
    line = request(0, Command.WRITE, place.pack() + group(1) + group(2) + group(3))
    line += request(1, Command.READ, place.pack() + bytes([3]))
    line += request(2, Command.IDENTIFY)
    identity = bytearray(IDENTITY.pack())
    identity[1] = 2
    assert board.run(line) == [
        done(0, Command.WRITE),
        done(1, Command.READ, group(1) + group(2) + group(3)),
        done(2, Command.IDENTIFY, bytes(identity)),
    ]
    assert sorted(board.memory) == [(2, 1, 1, 9), (2, 1, 1, 10), (2, 1, 1, 11)]


def test_a_repeated_request_is_carried_out_once_and_answered_twice() -> None:
    board = Board()
    assert board.run(request(0, Command.SAMPLES, b"abc") * 2 + request(1, Command.SAMPLES, b"\0d")) == [
        done(0, Command.SAMPLES),
        done(0, Command.SAMPLES),
        done(1, Command.SAMPLES),
    ]
    assert board.samples == b"abc\0d"


def test_a_repeated_read_reads_again() -> None:
    place = Address(space=1, address=0).pack()
    line = request(0, Command.WRITE, place + group(5)) + request(1, Command.READ, place + b"\1") * 2
    assert Board().run(line)[1:] == [done(1, Command.READ, group(5))] * 2


def test_a_gap_is_refused_and_nothing_is_done() -> None:
    board = Board()
    assert board.run(request(1, Command.SAMPLES, b"x")) == [refused(1, Command.SAMPLES, Refusal.ORDER, 0)]
    assert not board.samples


@pytest.mark.parametrize(("first", "count"), [(0, 0), (7, 1), (250, 20), (0, 119)])
def test_results_are_given_by_their_number(first: int, count: int) -> None:
    board = Board()
    words = [board.results[(first + k) % 256] for k in range(count)]
    payload = bytes([0]) + b"".join(word.to_bytes(2, "little") for word in words)
    replies = board.run(request(0, Command.RESULTS, bytes([first, count])), LONG_QUIET)
    assert replies == [done(0, Command.RESULTS, payload)]


@pytest.mark.slow
def test_numbers_wrap() -> None:
    board = Board()
    line = b"".join(request(k, Command.RESET) for k in range(258))
    assert board.run(line) == [done(k, Command.RESET) for k in range(258)]
    assert board.resets == 258 * 4


@pytest.mark.parametrize(
    ("command", "payload", "reason"),
    [
        (11, b"", Refusal.UNKNOWN),
        (255, b"", Refusal.UNKNOWN),
        (Command.IDENTIFY, b"x", Refusal.LENGTH),
        (Command.SAMPLES, b"", Refusal.LENGTH),
        (Command.RESET, b"x", Refusal.LENGTH),
        (Command.WRITE, Address(1, 0).pack(), Refusal.LENGTH),
        (Command.WRITE, Address(1, 0).pack() + group(1)[1:], Refusal.LENGTH),
        (Command.WRITE, Address(1, 0).pack() + group(1) + b"x", Refusal.LENGTH),
        (Command.READ, Address(1, 0).pack(), Refusal.LENGTH),
        (Command.READ, Address(1, 0).pack() + b"\0", Refusal.LENGTH),
        (Command.READ, Address(1, 0).pack() + bytes([MOST_GROUPS + 1]), Refusal.LENGTH),
        (Command.RESULTS, b"\0\x78", Refusal.LENGTH),
        (Command.RESULTS, b"\0", Refusal.LENGTH),
        (Command.STATUS, b"x", Refusal.LENGTH),
        (Command.RUN, b"\1", Refusal.LENGTH),
        (Command.SAVE, b"x", Refusal.LENGTH),
        (Command.READ_FLASH, b"\0\0\x20", Refusal.LENGTH),
        (Command.RESTORE, b"x", Refusal.LENGTH),
        (Command.RUN, b"\0\0\1\0", Refusal.ABSENT),
        (Command.SAVE, b"", Refusal.ABSENT),
        (Command.RESTORE, b"", Refusal.ABSENT),
        (Command.READ_FLASH, b"\0\0\x20\0", Refusal.ABSENT),
    ],
)
def test_what_cannot_be_done_is_refused(command: int, payload: bytes, reason: Refusal) -> None:
    board = Board()
    line = request(0, command, payload) + request(0, Command.SAMPLES, b"next")
    assert board.run(line) == [refused(0, command, reason, 0), done(0, Command.SAMPLES)]
    assert not board.memory


def test_the_longest_payloads_fit() -> None:
    board = Board()
    payload = bytes(k % 251 for k in range(LONGEST_PAYLOAD))
    line = request(0, Command.SAMPLES, payload) + request(1, Command.READ, Address(1, 0).pack() + bytes([MOST_GROUPS]))
    replies = [done(0, Command.SAMPLES), done(1, Command.READ, bytes(MOST_GROUPS * GROUP_BYTES))]
    assert board.run(line, LONG_QUIET) == replies
    assert board.samples == payload


def damaged_lines() -> Iterator[tuple[str, bytes]]:
    """Bytes that are no frame."""
    whole = encode(bytes([0, Command.SAMPLES]) + b"payload")
    yield "truncated", whole[:6] + b"\0"
    yield "without its end", whole[:-4] + b"\0"
    yield "a wrong byte", whole[:5] + bytes([whole[5] ^ 4]) + whole[6:]
    yield "a repeated byte", whole[:5] + whole[4:]
    yield "oversized", b"\0" + cobs.encode(bytes(range(1, 251)) * 3) + b"\0"
    yield "too short", b"\0\3ab\0"
    yield "too short, with a CRC", encode(b"a")
    assert whole[2] == len(whole) - 3, "all but the first zero is one block"
    yield "a block that ends too soon", whole[:2] + bytes([whole[2] + 1]) + whole[3:]
    longest = bytes([0, Command.SAMPLES]) + bytes(range(1, LONGEST_PAYLOAD + 1))
    yield "a whole one with more behind it", b"\0" + cobs.encode(cobs.decode(encode(longest)[1:-1]) + b"more") + b"\0"
    yield "no code", b"\0" + b"\xff" * 300 + b"\0"


@pytest.mark.parametrize("line", [pytest.param(line, id=name) for name, line in damaged_lines()])
def test_a_damaged_frame_is_refused_and_the_next_one_works(line: bytes) -> None:
    board = Board()
    found = board.run(line + request(0, Command.SAMPLES, b"ok"))
    assert found == [refused(0, 0, Refusal.DAMAGED, 0), done(0, Command.SAMPLES)]
    assert board.samples == b"ok"


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=60))
def test_garbage_changes_nothing(garbage: bytes) -> None:
    board = Board()
    found = board.run(garbage + request(0, Command.SAMPLES, b"ok"))
    assert found[-1] == done(0, Command.SAMPLES)
    assert set(found[:-1]) <= {refused(0, 0, Refusal.DAMAGED, 0)}
    assert not board.memory
    assert board.samples == b"ok"


class BusyBoard(Board):
    """A core that takes no byte of a sample until only `later` bytes are left to come."""

    later = 0

    def _feed(self, context: Any, left: list[int]) -> int:
        context.set(self.link.dispatcher.core.samples.ready, len(left) <= self.later)
        return super()._feed(context, left)


def test_a_frame_without_room_is_refused_and_changes_nothing() -> None:
    """Two frames wait, so a third one finds no room. It is refused as damaged, and it is carried out when it comes
    again."""
    contents = [bytes([16 * number + 1] * 5) for number in range(3)]
    frames = [request(number, Command.SAMPLES, content) for number, content in enumerate(contents)]
    board = BusyBoard()
    board.later = len(frames[2])
    replies = board.run(b"".join([*frames, frames[2]]))
    assert bytes(board.samples) == b"".join(contents)
    refusal = refused(0, 0, Refusal.DAMAGED, 1)
    assert replies == [done(0, Command.SAMPLES), refusal, done(1, Command.SAMPLES), done(2, Command.SAMPLES)]
