"""Whatever a host asks for, the board answers or refuses within a bounded time, and goes on: every combination of
command, memory, address, count and length at a small core, in one simulation of all the hardware behind AXI4-Stream.

This file is long, because its tests share that simulation."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import pytest

from ceprop.boards.host.data_sets import data_set_image
from ceprop.boards.host.frames import encode
from ceprop.boards.host.packing import pack_samples
from ceprop.boards.protocol import (
    HEAD_BYTES,
    LONGEST_PAYLOAD,
    PROTOCOL,
    REFUSAL,
    REPLY,
    Address,
    Command,
    Feature,
    Flash,
    Identity,
    Refusal,
    Status,
    board_number,
    specification_number,
)
from ceprop.boards.rtl.requests.request_decoder import CHANGING
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.model import Dataset
from ceprop.sim.expectation import COUNTERS
from ceprop.specification import Geometry, Specification, registers

# On one worker, which then compiles the board once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("every request")]

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [5, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 6, "weight_fraction": 5},
        "phases": {"free_steps": 12, "nudged_steps": 4},
        "update": {"shifts": [1, 1]},
        "array": {"rows": 1, "cols": 2, "memory_words": 64},
    }
)
GEOMETRY = Geometry(SPECIFICATION)
PORTS = Ports(GEOMETRY)
GROUP = PORTS.group_bytes
MOST_GROUPS = min(LONGEST_PAYLOAD // GROUP, 2 ** (PORTS.address_bits + 1) - 1)
MOST_WRITTEN = (LONGEST_PAYLOAD - Address.BYTES) // GROUP
MOST_RESULTS = (LONGEST_PAYLOAD - 1) // 2
CLOCK_HZ = 12_000_000
LENGTHS = {
    Command.IDENTIFY: range(1),
    Command.WRITE: range(Address.BYTES + GROUP, LONGEST_PAYLOAD + 1, GROUP),
    Command.READ: range(Address.BYTES + 1, Address.BYTES + 2),
    Command.SAMPLES: range(1, LONGEST_PAYLOAD + 1),
    Command.RESULTS: range(2, 3),
    **dict.fromkeys((Command.RUN, Command.READ_FLASH), range(4, 5)),
    **dict.fromkeys((Command.RESET, Command.STATUS, Command.SAVE, Command.RESTORE), range(1)),
}
"""Lengths of payloads, as docs/protocol.md has them."""

FLASH_TASKS = (Command.RUN, Command.SAVE, Command.RESTORE, Command.READ_FLASH)
"""Commands that are carried out after their reply."""

WITHIN = 5_000
"""Cycles from a request's last byte to its reply's while no sample is at work, as docs/protocol.md promises."""

LEARNING = 700
"""Cycles that a sample of this network takes at most."""

LEAST_SAMPLE = 2
"""Bytes of a packed sample without inputs."""


@dataclass
class Host:
    """Writes a script for the simulation, and what must come back; `expected` is the number of the next request, and
    `at_work` counts the samples that the core may have to finish before it answers."""

    expected: int = 0
    at_work: int = 0
    scripts: list[bytes] = field(default_factory=list)
    checks: list[tuple[str, tuple[bytes | int, ...]]] = field(default_factory=list)

    def send(self, line: bytes, what: str, *replies: bytes | int) -> None:
        """Bytes, and the bodies that must answer them, or their lengths."""
        limit = WITHIN + self.at_work * LEARNING
        self.scripts.append(struct.pack("<III", len(replies), limit, len(line)) + line)
        self.checks.append((what, replies))

    def ask(
        self, command: int, payload: bytes = b"", *, reply: bytes | int = b"", reason: Refusal | None = None
    ) -> None:
        """A request with the number expected, and the payload of its reply, or that one's length, or the reason for a
        refusal."""
        what = f"{command} {payload.hex(' ')}"
        number = self.expected
        if command == Command.SAMPLES:
            self.at_work = len(payload) // LEAST_SAMPLE
        line = encode(bytes([number, command]) + payload)
        if reason is not None:
            return self.send(line, what, bytes([number, REFUSAL, reason, command, number]))
        if command != Command.IDENTIFY:
            self.expected = (number + 1) % 256
        right = HEAD_BYTES + reply if isinstance(reply, int) else bytes([number, command | REPLY]) + reply
        return self.send(line, what, right)

    def identify(self) -> None:
        """The board is there."""
        digest = specification_number(SPECIFICATION.build_digest)
        known = Identity(PROTOCOL, self.expected, Feature.FLASH, digest, board_number("generic"), CLOCK_HZ, CLOCK_HZ)
        self.ask(Command.IDENTIFY, reply=known.pack())

    def reset(self) -> None:
        """It is in order."""
        self.ask(Command.RESET)
        self.at_work = 0
        self.identify()


@pytest.fixture(scope="module")
def bench(script_bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The board, built once."""
    return script_bench.build(GEOMETRY, CLOCK_HZ, tmp_path_factory.mktemp("bench"))


def places() -> Iterator[Address]:
    """Every memory and more, at both edges; lanes and addresses at their ends, beyond, and as large as they can be."""
    last, register = 2**PORTS.address_bits - 1, len(registers(SPECIFICATION)) - 1
    for space in range(8):
        for column in (False, True):
            for lane, address in ((0, 0), (1, last), (2, last + 1), (255, 2**24 - 1), (0, register)):
                yield Address(space, address, lane, column)


def register_words(first: int, count: int) -> bytes | int:
    """What READ gives of registers after RESET; how many bytes where a counter is among them, or no register."""
    bank = {register.address: register for register in registers(SPECIFICATION)}
    asked = [bank.get(first + k) for k in range(count)]
    if any(register is None or register.name in COUNTERS for register in asked):
        return count * GROUP
    return b"".join(register.initial.to_bytes(GROUP, "little") for register in asked if register)


def test_every_read(bench: Any) -> None:
    host = Host()
    host.reset()
    for place in places():
        for count in (*range(MOST_GROUPS + 3), 127, 128, 255):
            payload = place.pack() + bytes([count])
            if 1 <= count <= MOST_GROUPS:
                words = register_words(place.address, count) if place.space == 0 else count * GROUP
                host.ask(Command.READ, payload, reply=words)
            else:
                host.ask(Command.READ, payload, reason=Refusal.LENGTH)
            host.identify()
            if count % 16 == 1:
                host.reset()
    bench.run(host.scripts, host.checks)


def test_every_write(bench: Any) -> None:
    host = Host()
    for place in places():
        for count in (*range(4), MOST_WRITTEN - 1, MOST_WRITTEN):
            for more in (0, 1):
                size = count * GROUP + more
                payload = (place.pack() + bytes(range(1, 256)))[: Address.BYTES + size]
                whole = count > 0 and not more and len(payload) <= LONGEST_PAYLOAD
                if len(payload) <= LONGEST_PAYLOAD:
                    host.ask(Command.WRITE, payload, reason=None if whole else Refusal.LENGTH)
                    host.identify()
        host.reset()
    bench.run(host.scripts, host.checks)


@pytest.mark.parametrize("filling", [0x00, 0x01, 0xFF])
def test_every_command_of_every_length(filling: int, bench: Any) -> None:
    host = Host()
    for command in (*range(len(Command) + 3), *range(0x7E, 0x83), 0xFE, 0xFF):
        for length in (*range(20), 127, 128, LONGEST_PAYLOAD - 1, LONGEST_PAYLOAD):
            payload = bytes([filling]) * length
            reply, reason = answer(command, payload)
            if command == Command.IDENTIFY and reason is None:
                host.identify()
            else:
                host.ask(command, payload, reply=reply, reason=reason)
            host.identify()
            # From whatever was begun.
            host.reset()
    bench.run(host.scripts, host.checks)


def answer(command: int, payload: bytes) -> tuple[bytes | int, Refusal | None]:
    """The payload of a reply or its length, or why there is none, of a board that is between samples."""
    if command >= len(Command):
        return b"", Refusal.UNKNOWN
    if len(payload) not in LENGTHS[Command(command)]:
        return b"", Refusal.LENGTH
    if command in CHANGING:
        return b"", None
    most = {Command.READ: MOST_GROUPS, Command.RESULTS: MOST_RESULTS}.get(Command(command), 0)
    count = payload[-1] if most else 0
    if count > most or (command == Command.READ and not count):
        return b"", Refusal.LENGTH
    sizes = {Command.READ: GROUP * count, Command.RESULTS: 1 + 2 * count, Command.STATUS: Status.BYTES}
    return sizes.get(Command(command), 0), None


def test_a_request_that_is_cut_short_or_damaged(bench: Any) -> None:
    host = Host()
    requests = [
        (Command.WRITE, Address(1, 0).pack() + bytes(range(1, 1 + 3 * GROUP))),
        (Command.SAMPLES, SAMPLE),
        (Command.READ, Address(0, 0).pack() + b"\x05"),
    ]
    for command, payload in requests:
        line = encode(bytes([host.expected, command]) + payload)
        whole = len(line) - 1
        for length in range(2, whole):
            damaged = bytes([0, REFUSAL, Refusal.DAMAGED, 0, host.expected])
            # What comes next ends it; and so does a zero.
            host.send(line[:length] + b"\0", f"{command.name} cut to {length} bytes", damaged)
            host.identify()
            flipped = bytearray(line)
            flipped[length] ^= 0x80 if flipped[length] != 0x80 else 0x40
            host.send(bytes(flipped), f"{command.name} with byte {length} flipped", damaged)
            host.identify()
            line = encode(bytes([host.expected, command]) + payload)
        host.reset()
        host.ask(command, payload, reply=answer(command, payload)[0])
        host.reset()
    bench.run(host.scripts, host.checks)


SAMPLE = next(iter(pack_samples(SPECIFICATION, np.array([[7, 1, 0, 2, 5]]), np.array([1]))))


def test_requests_while_it_learns(bench: Any) -> None:
    host = Host()
    host.reset()
    for command in Command:
        for samples in range(1, 6):
            for part in (0, 3):
                payload = _shortest(command)
                host.ask(Command.SAMPLES, SAMPLE * samples + SAMPLE[:part])
                reply, reason = answer(command, payload)
                if command == Command.IDENTIFY:
                    host.identify()
                elif part and command in FLASH_TASKS:
                    host.ask(command, payload, reason=Refusal.BUSY)
                elif not part and command in FLASH_TASKS:
                    # Whether it is still at work is not asked here.
                    host.send(encode(bytes([host.expected + 1, command]) + payload), "order", 5)
                else:
                    host.ask(command, payload, reply=reply, reason=reason)
                host.identify()
                host.reset()
    bench.run(host.scripts, host.checks)


def _shortest(command: Command) -> bytes:
    """A payload that a command takes; of READ and RESULTS, with a count of 1."""
    return bytes([0] * (LENGTHS[command][0] - 1) + [1]) if LENGTHS[command][0] else b""


def test_requests_while_flash_is_at_work(bench: Any) -> None:
    nothing = np.zeros((0, 5), np.uint16), np.zeros(0, np.int64)
    image = data_set_image(SPECIFICATION, Dataset("threes", np.full((40, 5), 3), np.ones(40, np.int64), *nothing), 500)
    endless = image[:8] + (2**24 - 1).to_bytes(4, "little") + image[12:]
    for contents in (image, endless):
        with bench.flash.open("r+b") as file:
            file.seek(Flash.DATA_SET)
            file.write(contents)
        host = Host()
        for work in (Command.RUN, Command.SAVE, Command.RESTORE):  # READ_FLASH may end before the next request
            for command in Command:
                payload = _shortest(command)
                host.ask(work, b"\0\0\xf4\1" if work == Command.RUN else b"")
                if command == Command.IDENTIFY:
                    host.identify()
                elif command in (Command.RESULTS, Command.RESET, Command.STATUS):
                    host.ask(command, payload, reply=answer(command, payload)[0])
                else:
                    host.ask(command, payload, reason=Refusal.BUSY)
                host.identify()
                host.reset()
        # It is as it was: a sample is learned.
        host.ask(Command.SAMPLES, SAMPLE)
        bench.run(host.scripts, host.checks)


def test_garbage(bench: Any) -> None:
    draw = Random(1)
    host = Host()
    for _ in range(2000):
        pieces = [draw.randbytes(draw.randrange(1, 40)).replace(b"\0", b"\1") for _ in range(draw.randrange(1, 4))]
        for piece in pieces:
            host.send(b"\0" + piece + b"\0", f"garbage {piece.hex(' ')}", bytes([0, REFUSAL, 0, 0, host.expected]))
        host.identify()
    host.reset()
    bench.run(host.scripts, host.checks)
