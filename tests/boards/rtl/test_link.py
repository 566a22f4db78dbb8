"""The link's RTL, from the bytes of a transport to the core's streams and back."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.sim import Simulator
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from ceprop import CepropError
from ceprop.boards.parts.baud import uart_divisor
from ceprop.boards.protocol import (
    LONGEST_PAYLOAD,
    PROTOCOL,
    REFUSAL,
    REPLY,
    Address,
    Command,
    Identity,
    Refusal,
    check_value,
)
from ceprop.boards.rtl.frame_receiver import FrameReceiver
from ceprop.boards.rtl.frame_sender import FrameSender
from ceprop.boards.rtl.requests import Dispatcher
from ceprop.boards.rtl.sample_unpacker import SampleUnpacker
from ceprop.boards.rtl.uart import UartReceiver, UartSender
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
IDENTITY = Identity(PROTOCOL, 0, 0, bytes(range(8)), 0x12345678, 30_000_000)
GROUP_BYTES = 6
"""Three words of 16 bits: a generator is the widest."""
MOST_GROUPS = LONGEST_PAYLOAD // GROUP_BYTES
QUIET = 4000
"""Cycles without a sign of life after which none is expected."""


def frame(body: bytes) -> bytes:
    """A body as it goes over the line."""
    return b"\0" + cobs.encode(body + check_value(body).to_bytes(4, "little")) + b"\0"


def bodies(line: bytes) -> list[bytes]:
    """Bodies of the frames on a line, their CRCs checked."""
    found = []
    for block in filter(None, line.split(b"\0")):
        whole = cobs.decode(block)
        assert check_value(whole[:-4]).to_bytes(4, "little") == whole[-4:]
        found.append(whole[:-4])
    return found


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

    def run(self, incoming: bytes) -> list[bytes]:
        """Replies to what comes in."""

        async def everything(context: Any) -> None:
            left, rest = list(incoming), 0
            context.set(self.link.sender.bytes.ready, 1)
            context.set(self.link.dispatcher.core.samples.ready, 1)
            context.set(self.link.dispatcher.core.command.ready, 1)
            pause = 0
            while left or rest < QUIET:
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
        return bodies(bytes(self.line))

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
        if context.get(samples.valid):
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
    return frame(bytes([sequence % 256, command]) + payload)


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
    assert board.run(request(0, Command.RESULTS, bytes([first, count]))) == [done(0, Command.RESULTS, payload)]


def test_numbers_wrap() -> None:
    board = Board()
    line = b"".join(request(k, Command.RESET) for k in range(258))
    assert board.run(line) == [done(k, Command.RESET) for k in range(258)]
    assert board.resets == 258 * 4


@pytest.mark.parametrize(
    ("command", "payload", "reason"),
    [
        (10, b"", Refusal.UNKNOWN),
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
        (Command.RESTORE, b"x", Refusal.LENGTH),
        (Command.RUN, b"\1\0", Refusal.ABSENT),
        (Command.SAVE, b"", Refusal.ABSENT),
        (Command.RESTORE, b"", Refusal.ABSENT),
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
    assert board.run(line) == [done(0, Command.SAMPLES), done(1, Command.READ, bytes(MOST_GROUPS * GROUP_BYTES))]
    assert board.samples == payload


def damaged_lines() -> Iterator[tuple[str, bytes]]:
    """Bytes that are no frame."""
    whole = frame(bytes([0, Command.SAMPLES]) + b"payload")
    yield "truncated", whole[:6] + b"\0"
    yield "without its end", whole[:-4] + b"\0"
    yield "a wrong byte", whole[:5] + bytes([whole[5] ^ 4]) + whole[6:]
    yield "a repeated byte", whole[:5] + whole[4:]
    yield "oversized", b"\0" + cobs.encode(bytes(range(1, 251)) * 3) + b"\0"
    yield "too short", b"\0\3ab\0"
    yield "too short, with a CRC", frame(b"a")
    assert whole[2] == len(whole) - 3, "all but the first zero is one block"
    yield "a block that ends too soon", whole[:2] + bytes([whole[2] + 1]) + whole[3:]
    longest = bytes([0, Command.SAMPLES]) + bytes(range(1, LONGEST_PAYLOAD + 1))
    yield "a whole one with more behind it", b"\0" + cobs.encode(cobs.decode(frame(longest)[1:-1]) + b"more") + b"\0"
    yield "no code", b"\0" + b"\xff" * 300 + b"\0"


@pytest.mark.parametrize("line", [pytest.param(line, id=name) for name, line in damaged_lines()])
def test_a_damaged_frame_is_refused_and_the_next_one_works(line: bytes) -> None:
    board = Board()
    found = board.run(line + request(0, Command.SAMPLES, b"ok"))
    assert found == [refused(0, 0, Refusal.DAMAGED, 0), done(0, Command.SAMPLES)]
    assert board.samples == b"ok"


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=60))
def test_garbage_changes_nothing(garbage: bytes) -> None:
    board = Board()
    found = board.run(garbage + request(0, Command.SAMPLES, b"ok"))
    assert found[-1] == done(0, Command.SAMPLES)
    assert set(found[:-1]) <= {refused(0, 0, Refusal.DAMAGED, 0)}
    assert not board.memory
    assert board.samples == b"ok"


# --- packed samples


def unpack(packed: bytes, geometry: Geometry, pause: Callable[[], int]) -> list[tuple[int, int, list[int], int]]:
    """Groups that the unpacker gives: slot, label, values, last."""
    unpacker = SampleUnpacker(geometry)
    simulator = Simulator(unpacker)
    simulator.add_clock(1e-6)
    found = []

    async def everything(context: Any) -> None:
        source, target = unpacker.bytes, unpacker.sample
        left, rest, wait = list(packed), 0, 0
        while left or rest < 3000:
            context.set(source.valid, bool(left))
            context.set(source.payload, left[0] if left else 0)
            context.set(target.ready, wait == 0)
            if left and context.get(source.ready):
                left.pop(0)
            rest, wait = rest + 1, max(0, wait - 1)
            if context.get(target.valid) and context.get(target.ready):
                payload = context.get(target.payload)
                found.append((payload.slot, payload.label, list(payload["values"]), payload.last))
                rest, wait = 0, pause()
            await context.tick()

    simulator.add_testbench(everything)
    simulator.run()
    return found


@pytest.mark.parametrize(("inputs", "cols", "bits"), [(7, 3, 4), (5, 1, 8), (700, 4, 12), (9, 9, 1), (300, 7, 8)])
def test_packed_samples_become_groups(inputs: int, cols: int, bits: int) -> None:
    from ceprop.boards.host.packing import pack_sample

    specification = SPECIFICATION.override(
        f"layers=[{inputs}, 4, 3]", f"formats.input_bits={bits}", f"array.cols={cols}", "update.shifts=[8, 8]"
    )
    geometry = Geometry(specification)
    generator = np.random.default_rng(inputs)
    samples = []
    for share in (0.0, 0.1, 0.6, 1.0, 0.02):
        values = generator.integers(0, 1 << bits, inputs) * (generator.random(inputs) < share)
        samples.append((values, int(generator.integers(3))))
    samples.append((np.eye(1, inputs, inputs - 1, dtype=np.int64)[0], 2))
    packed = b"".join(pack_sample(values, label, 1 if bits <= 8 else 2) for values, label in samples)
    found = unpack(packed, geometry, lambda: int(generator.integers(0, 3)))
    for values, label in samples:
        got = np.zeros(geometry.slots(0) * cols, np.int64)
        last, before = 0, -1
        while not last:
            slot, its_label, group_values, last = found.pop(0)
            assert (its_label, slot > before) == (label, True)
            assert any(group_values) or last
            got[slot * cols : slot * cols + cols] = group_values
            before = slot
        assert got[:inputs].tolist() == values.tolist()
        assert not got[inputs:].any()
    assert not found


def test_an_entry_beyond_the_inputs_is_left_out() -> None:
    packed = bytes([2, 0, 1, 0, 2, 5, 200, 9, 1, 0, 2, 0, 1, 6])
    geometry = Geometry(SPECIFICATION.override("layers=[7, 4, 3]"))
    assert unpack(packed, geometry, lambda: 0) == [(0, 1, [0, 5, 0], 0), (2, 1, [0, 0, 0], 1), (0, 2, [6, 0, 0], 1)]


# --- the line


@pytest.mark.parametrize("divisor", [4, 5, 12])
def test_bytes_pass_a_uart(divisor: int) -> None:
    sender, receiver = UartSender(divisor), UartReceiver(divisor)
    m = Module()
    m.submodules += [sender, receiver]
    m.d.comb += receiver.rx.eq(sender.tx)
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    sent, found = bytes([0, 255, 0x55, 0xAA, 1, 128]), bytearray()

    async def host(context: Any) -> None:
        left = list(sent)
        for _ in range(12 * divisor * len(sent)):
            context.set(sender.bytes.valid, bool(left))
            context.set(sender.bytes.payload, left[0] if left else 0)
            if left and context.get(sender.bytes.ready):
                left.pop(0)
            if context.get(receiver.valid):
                found.append(context.get(receiver.byte))
            await context.tick()

    simulator.add_testbench(host)
    simulator.run()
    assert found == sent


def test_a_clock_too_slow_for_the_line_is_refused() -> None:
    assert uart_divisor(12_000_000, 3_000_000) == 4
    with pytest.raises(CepropError, match=r"baud rate 4,000,000: must be at most 3,000,000 with a clock of 12 MHz"):
        uart_divisor(12_000_000, 4_000_000)
