"""A board in Python behind a line that may be noisy: frames, the rule of sequence numbers, memories, and a golden
model that learns."""

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest

from ceprop.boards.host.frames import FrameDecoder, encode
from ceprop.boards.host.link import Link, Timing
from ceprop.boards.host.memories import GroupCodec, Memories
from ceprop.boards.protocol import (
    LONGEST_PAYLOAD,
    PROTOCOL,
    REFUSAL,
    REPLY,
    TIE,
    Address,
    Command,
    Identity,
    Refusal,
    StatusFlag,
    board_number,
    specification_number,
)
from ceprop.boards.virtual.noise import LineNoise
from ceprop.hdl.lanes.messages import Space
from ceprop.model import Network, run_sample
from ceprop.specification import Geometry, Specification, registers

_TIMING = Timing(quiet=0.0005, reply=0.01, patience=0.3)
_READING = (Command.IDENTIFY, Command.READ, Command.RESULTS, Command.STATUS)


class Refused(Exception):  # noqa: N818 (an answer, no error)
    """The board's answer to what it does not do."""


class BoardDouble:
    """Answers every write at once; what it says is read later, as through a pipe. `executed` counts what was carried
    out, `network` is in its memories, `flash` has the contents of its flash, `deaf` is for tests to set."""

    def __init__(self, specification: Specification, board: str = "icebreaker", noise: float = 0.0, seed: int = 1):
        self.name, self.baud = "double", 1_000_000
        self.specification = specification
        self.geometry = Geometry(specification)
        self.network = Network.initial(specification.override("seed=99"))
        self.executed = dict.fromkeys(Command, 0)
        self.deaf = False
        self.flash_requests: list[tuple[Command, bytes]] = []
        self.flash = b""
        self._status = bytes([StatusFlag.FAILED, 2, 1, 0, 0, 3, 0, 4, 0, 0, 5, 0, 0])
        self._identity = (specification_number(specification.build_digest), board_number(board))
        self._there, self._back = LineNoise(noise, seed), LineNoise(noise, seed + 1)
        self._decoder = FrameDecoder()
        self._expected = 0
        self._out = bytearray()
        self._memories = Memories(self.geometry)
        self._groups = GroupCodec(self.geometry)
        self._names = {r.address: r.name for r in registers(specification)}
        self._reset()

    def _reset(self) -> None:
        self.registers = {r.name: r.initial for r in registers(self.specification)}
        self._results: list[int] = []
        self._stream = bytearray()

    # --- the line

    def read(self, seconds: float) -> bytes:
        """As a transport."""
        if not self._out:
            time.sleep(seconds)
        found = bytes(self._out)
        self._out.clear()
        return found

    def write(self, data: bytes) -> None:
        """As a transport."""
        arrived = b"" if self.deaf else self._there.pass_on(data)
        for body in self._decoder.feed(arrived):
            if body is None:
                self._answer(0, REFUSAL, bytes([Refusal.DAMAGED, 0, self._expected]))
            else:
                self._answer(*self._carry_out(body))

    def say(self, data: bytes) -> None:
        """Bytes that the host will read, whatever they are."""
        self._out += data

    def _answer(self, sequence: int, command: int, payload: bytes) -> None:
        assert len(payload) <= LONGEST_PAYLOAD
        self._out += self._back.pass_on(encode(bytes([sequence, command]) + payload))

    # --- requests

    def _carry_out(self, body: bytes) -> tuple[int, int, bytes]:
        sequence, command, payload = body[0], body[1], body[2:]
        try:
            return sequence, command | REPLY, self._reply(sequence, command, payload)
        except Refused as refused:
            return sequence, REFUSAL, bytes([refused.args[0], command, self._expected])

    def _reply(self, sequence: int, number: int, payload: bytes) -> bytes:
        if number not in list(Command):
            raise Refused(Refusal.UNKNOWN)
        command = Command(number)
        behind = (self._expected - sequence) % 256
        if command != Command.IDENTIFY and behind > 127:
            raise Refused(Refusal.ORDER)
        if behind and command not in _READING:
            return b""
        reply = getattr(self, f"_do_{command.name.lower()}")(payload)
        self.executed[command] += 1
        if command != Command.IDENTIFY and not behind:
            self._expected = (self._expected + 1) % 256
        return reply

    def _do_identify(self, payload: bytes) -> bytes:
        return Identity(PROTOCOL, self._expected, 0, *self._identity, 12_000_000, 12_000_000).pack()

    def _do_reset(self, payload: bytes) -> bytes:
        self._reset()
        return b""

    def _do_status(self, payload: bytes) -> bytes:
        return self._status

    def _do_read_flash(self, payload: bytes) -> bytes:
        address = int.from_bytes(payload, "little")
        self._status = bytes(1) + self.flash[address : address + 12].ljust(12, b"\xff")
        return b""

    def _do_save(self, payload: bytes) -> bytes:
        raise Refused(Refusal.ABSENT)

    def _do_run(self, payload: bytes) -> bytes:
        self.flash_requests.append((Command.RUN, payload))
        return b""

    def _do_restore(self, payload: bytes) -> bytes:
        self.flash_requests.append((Command.RESTORE, payload))
        return b""

    def _place(self, payload: bytes) -> Address:
        column = bool(payload[0] >> Address.COLUMN_BIT)
        return Address(payload[0] & 0x7F, int.from_bytes(payload[2:5], "little"), payload[1], column)

    def _do_write(self, payload: bytes) -> bytes:
        place, content = self._place(payload), payload[Address.BYTES :]
        if not content or len(content) % self._groups.size:
            raise Refused(Refusal.LENGTH)
        if place.space == Space.REGISTER.value:
            register = registers(self.specification)[place.address]
            value = int.from_bytes(content[:4], "little")
            if register.writable and register.least <= value <= register.most:
                self.registers[register.name] = value
            return b""
        words = self._memories.words_of(self.network)
        found = self._groups.unpack(
            [content[k : k + self._groups.size] for k in range(0, len(content), self._groups.size)]
        )
        region = next(r for r in words if (r.space.value, r.lane, r.column) == (place.space, place.lane, place.column))
        words[region][place.address : place.address + len(found)] = found[:, : words[region].shape[1]]
        self.network = self._memories.network_of(words)
        return b""

    def _do_read(self, payload: bytes) -> bytes:
        if len(payload) != Address.BYTES + 1 or payload[-1] * self._groups.size > LONGEST_PAYLOAD:
            raise Refused(Refusal.LENGTH)
        place, count = self._place(payload), payload[-1]
        if place.space == Space.REGISTER.value:
            return self.registers[self._names[place.address]].to_bytes(self._groups.size, "little")
        words = self._memories.words_of(self.network)
        region = next(r for r in words if (r.space.value, r.lane, r.column) == (place.space, place.lane, place.column))
        return b"".join(self._groups.pack(words[region][place.address : place.address + count]))

    def _do_results(self, payload: bytes) -> bytes:
        first, count = payload
        asked = [self._result(first + k) for k in range(count)]
        return bytes([len(self._results) % 256]) + b"".join(word.to_bytes(2, "little") for word in asked)

    def _result(self, number: int) -> int:
        """The newest result with that number modulo 256; what a number has that none had yet is anything."""
        same = self._results[number % 256 :: 256]
        return same[-1] if same else 0x5A5A

    # --- samples

    def _do_samples(self, payload: bytes) -> bytes:
        self._stream += payload
        while (sample := self.unpacked(bytes(self._stream), self.specification)) is not None:
            inputs, label, size = sample
            self._run(inputs, label)
            del self._stream[:size]
        return b""

    def _run(self, inputs: np.ndarray, label: int) -> None:
        values = self.registers
        shifts = [values[f"rate_shift_{l}"] for l in self.specification.connections]
        learned = label if values["learn"] else None
        record = run_sample(self.network, inputs, learned, shifts=shifts, negative=bool(values["nudge_negative"]))
        self._results.append(record.prediction | (TIE if record.tie else 0))
        values["samples"] += 1
        values["cycles"] += 1000

    @staticmethod
    def unpacked(stream: bytes, specification: Specification) -> tuple[np.ndarray, int, int] | None:
        """Quantised inputs, int64 (n_0,), and label of the first sample in a stream, and its bytes; None where it is
        not whole. Bit by bit, as docs/protocol.md says it."""
        bits = np.unpackbits(np.frombuffer(stream, np.uint8), bitorder="little").tolist()
        place = 0

        def number(count: int) -> int:
            nonlocal place
            taken = bits[place : place + count]
            place += count
            return sum(bit << k for k, bit in enumerate(taken))

        inputs = np.zeros(specification.layers[0] + 7, np.int64)
        label = number(16 if specification.classes > 256 else 8)
        for block in range(0, specification.layers[0], 8):
            mask = number(8)
            for k in range(8):
                if mask >> k & 1:
                    inputs[block + k] = number(specification.formats.input_bits)
        return (inputs[: specification.layers[0]], label, -(-place // 8)) if place <= len(bits) else None


@pytest.fixture(scope="session")
def board_double() -> type[BoardDouble]:
    """The class, for tests cannot import what is beside them."""
    return BoardDouble


@pytest.fixture(scope="session")
def connect() -> Callable[[BoardDouble], Link]:
    """Connect a host to a double: a link with short waits, the board identified."""

    def connected(double: BoardDouble) -> Link:
        link = Link(double, _TIMING)
        link.identify()
        return link

    return connected


@pytest.fixture(scope="session")
def serve() -> Callable[[BoardDouble], AbstractContextManager[str]]:
    """Put a double behind a pseudo-terminal, whose path the context gives."""

    @contextmanager
    def served(double: BoardDouble) -> Iterator[str]:
        master, slave = pty.openpty()
        tty.setraw(slave)
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                if select.select([master], [], [], 0.02)[0]:
                    double.write(os.read(master, 4096))
                    os.write(master, double.read(0))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield os.ttyname(slave)
        finally:
            over.set()
            thread.join()
            os.close(slave)
            os.close(master)

    return served
