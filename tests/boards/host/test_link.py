"""Requests over a line that loses and damages bytes: each is carried out once, and silence ends in one line."""

import random

import pytest

from ceprop.boards.host.frames import encode
from ceprop.boards.host.link import Link
from ceprop.boards.host.link_protocol import LEAST_PAYLOAD
from ceprop.boards.host.requests import RefusedError
from ceprop.boards.protocol import LONGEST_PAYLOAD, PROTOCOL, REFUSAL, REPLY, Address, Command, Identity, Refusal
from ceprop.common.errors import CepropError
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Specification, registers

SMALL = Specification.from_mapping(
    {
        "layers": [6, 4, 3],
        "formats": {"weight_bits": 8, "weight_fraction": 7},
        "update": {"shifts": [2, 2]},
        "array": {"rows": 1, "cols": 1},
    }
)
FREE_STEPS = next(r.address for r in registers(SMALL) if r.name == "free_steps")


def write(value: int) -> bytes:
    """Payload of a WRITE to a register."""
    return Address(Space.REGISTER.value, FREE_STEPS).pack() + value.to_bytes(4, "little")


READ = Address(Space.REGISTER.value, FREE_STEPS).pack() + b"\x01"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.04])
def test_every_request_is_carried_out_once_and_in_order(board_double, connect, noise: float, seed: int) -> None:
    double = board_double(SMALL, noise=noise, seed=seed)
    link = connect(double)
    written: list[int] = []
    answer = double._do_write

    def note(payload: bytes) -> bytes:
        written.append(int.from_bytes(payload[Address.BYTES :], "little"))
        return answer(payload)

    double._do_write = note
    for value in range(1, 701):
        link.send(Command.WRITE, write(value))
        if value % 100 == 0:
            assert int.from_bytes(link.ask(Command.READ, READ), "little") == value
    assert written == list(range(1, 701))
    assert link.statistics.requests == 701 + 7
    assert (link.statistics.frames_resent > 0) == (noise > 0)


def test_at_most_two_requests_wait_for_their_answers(board_double, connect) -> None:
    double = board_double(SMALL)
    link = connect(double)
    held, answer = [], double._answer
    double._answer = lambda *reply: held.append(reply)
    link.send(Command.WRITE, write(1))
    link.send(Command.WRITE, write(2))
    assert len(held) == 2
    double._answer = answer
    link.send(Command.WRITE, write(3))
    link.drain()
    assert (double.executed[Command.WRITE], double.registers["free_steps"]) == (3, 3)


def test_a_session_goes_on_where_the_last_one_ended(board_double, connect) -> None:
    double = board_double(SMALL)
    first = connect(double)
    for value in range(1, 300):
        first.send(Command.WRITE, write(value))
    double.say(encode(bytes([7, Command.READ | REPLY, 1, 2, 3, 4])) + b"rest of a fra")
    second = connect(double)
    assert int.from_bytes(second.ask(Command.READ, READ), "little") == 299


def test_payloads_shrink_on_a_bad_line_and_grow_again(board_double, connect) -> None:
    double = board_double(SMALL, noise=0.05)
    link = connect(double)
    for value in range(200):
        link.send(Command.WRITE, write(1 + value))
    link.drain()
    assert link.payload_bytes < LONGEST_PAYLOAD // 2
    assert link.payload_bytes >= LEAST_PAYLOAD
    double._there, double._back = board_double(SMALL)._there, board_double(SMALL)._back
    for value in range(60):
        link.send(Command.WRITE, write(1 + value))
    link.drain()
    assert link.payload_bytes == LONGEST_PAYLOAD


def test_repeated_frames_are_carried_out_once(board_double, connect) -> None:
    double = board_double(SMALL)
    link = connect(double)
    write_once = double.write
    double.write = lambda data: write_once(data * 3)
    for value in range(1, 20):
        link.send(Command.WRITE, write(value))
    assert int.from_bytes(link.ask(Command.READ, READ), "little") == 19
    assert double.executed[Command.WRITE] == 19


def test_garbage_from_the_line_is_no_answer(board_double, connect) -> None:
    double = board_double(SMALL)
    link = connect(double)
    noise = random.Random(1)
    for value in range(1, 100):
        double.say(noise.randbytes(noise.randrange(600)) + encode(noise.randbytes(noise.randrange(2, 20))))
        link.send(Command.WRITE, write(value))
    assert int.from_bytes(link.ask(Command.READ, READ), "little") == 99
    assert double.executed[Command.WRITE] == 99


def test_refusals_that_a_retry_does_not_cure(board_double, connect) -> None:
    double = board_double(SMALL)
    link = connect(double)
    link.send(Command.SAVE)
    link.send(Command.WRITE, write(5))
    with pytest.raises(
        RefusedError, match=r"^port double: the board refuses SAVE: it has no flash, or nothing"
    ) as found:
        link.drain()
    assert (found.value.command, found.value.reason) == (Command.SAVE, Refusal.ABSENT)
    with pytest.raises(RefusedError, match="READ: the request is too short or too long"):
        link.ask(Command.READ, READ[:-1] + b"\xff")
    link.send(Command.WRITE, write(6))
    assert int.from_bytes(link.ask(Command.READ, READ), "little") == 6


def test_a_silent_board_is_one_line(board_double, connect) -> None:
    double = board_double(SMALL)
    link = connect(double)
    double.deaf = True
    with pytest.raises(CepropError, match=r"^port double: the board does not answer IDENTIFY \(for 0.3 s, \d+ times\)"):
        connect(double)
    link.send(Command.WRITE, write(1))
    with pytest.raises(CepropError, match="does not answer WRITE"):
        link.drain()


def test_a_port_with_other_bytes_than_frames_is_one_line(board_double, connect) -> None:
    double = board_double(SMALL)
    double.write = lambda _: double.say(b"login: \0")
    with pytest.raises(CepropError, match="does not answer IDENTIFY"):
        connect(double)


def test_a_board_that_was_reset_meanwhile_is_one_line(board_double, connect) -> None:
    double = board_double(SMALL)
    link = connect(double)
    for value in range(1, 10):
        link.send(Command.WRITE, write(value))
    link.drain()
    double._expected = 0
    double.say(encode(bytes([9, REFUSAL, Refusal.ORDER, Command.WRITE, 0])))
    link.send(Command.WRITE, write(5))
    with pytest.raises(CepropError, match="the board expects request 0, not 9: it was reset, or another"):
        link.drain()


def test_another_version_of_the_protocol_is_one_line(board_double, connect) -> None:
    double = board_double(SMALL)
    double._do_identify = lambda _: Identity(PROTOCOL + 1, 0, 0, bytes(8), 0, 1, 1).pack()
    with pytest.raises(CepropError, match=r"speaks version 5 of the protocol, this program version 4"):
        connect(double)


def test_frames_that_the_board_must_not_act_on(board_double, connect) -> None:
    double = board_double(SMALL)
    connect(double)
    expected = double._expected
    for frame in (
        encode(bytes([0, Command.WRITE]) + write(3))[:-3],
        b"\0" + bytes([9]) * 700 + b"\0",
        encode(bytes([40, Command.WRITE]) + write(3)),
        encode(bytes([expected, 99])),
        encode(bytes([expected, Command.WRITE]) + write(3)[:-1]),
    ):
        double.write(frame)
    assert double.executed[Command.WRITE] == 0
    assert Link(double).identify().expected == expected
