"""Frames there and back, and what damage makes of them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceprop.boards.host.frames import FrameDecoder, encode
from ceprop.boards.protocol import HEAD_BYTES, LONGEST_PAYLOAD
from ceprop.boards.virtual.noise import LineNoise

BODIES = st.binary(min_size=HEAD_BYTES, max_size=HEAD_BYTES + LONGEST_PAYLOAD)


def test_the_layout_is_that_of_the_protocol() -> None:
    # Sequence 5, command 2, payload 00 11; CRC-32 is zlib's.
    assert encode(bytes([5, 2, 0, 0x11])) == bytes.fromhex("00 03 05 02 06 11 b2 db ae 7f 00")


@given(st.lists(BODIES), st.lists(st.integers(0, 600)))
def test_frames_come_back_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    line = b"".join(map(encode, bodies))
    decoder = FrameDecoder()
    places = sorted({0, len(line), *(cut for cut in cuts if cut < len(line))})
    found = [body for start, end in pairwise(places) for body in decoder.feed(line[start:end])]
    assert found == bodies


@given(BODIES, st.data())
def test_a_changed_byte_is_noticed(body: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode(body))
    place = data.draw(st.integers(1, len(frame) - 2))
    frame[place] ^= data.draw(st.integers(1, 255))
    found = FrameDecoder().feed(bytes(frame))
    assert found
    assert set(found) == {None}


@pytest.mark.parametrize(
    "frame",
    [
        encode(bytes(10))[:-2] + b"\0",
        encode(bytes(10))[3:],
        encode(bytes(10)).strip(b"\0").join([b"\0", b"\x01\x02\0"]),
        b"\x01" * 5 + b"\0",
        b"\x02\0",
        bytes([255]) * 5000 + b"\0",
        encode(b"1"),
        encode(bytes(HEAD_BYTES + LONGEST_PAYLOAD + 1)),
    ],
    ids=["truncated", "beginning lost", "longer", "zeros", "no code", "oversized", "no head", "payload too long"],
)
def test_what_is_no_frame_is_dropped_and_the_next_one_found(frame: bytes) -> None:
    assert FrameDecoder().feed(frame + encode(b"next one")) == [None, b"next one"]


def test_garbage_without_an_end_takes_no_memory() -> None:
    decoder = FrameDecoder()
    for _ in range(100):
        assert decoder.feed(bytes([7]) * 10_000) == []
    assert len(decoder._block) < 300
    assert decoder.feed(b"\0" + encode(b"next one")) == [None, b"next one"]


def test_a_frame_whose_end_was_lost_can_be_ended() -> None:
    decoder = FrameDecoder()
    assert decoder.end() == []
    assert decoder.feed(encode(b"a body")[:-1]) == []
    assert decoder.end() == [b"a body"]
    assert decoder.feed(encode(b"another")[:-4]) == []
    assert decoder.end() == [None]
    assert decoder.end() == []


def test_noise_is_as_often_as_asked_for_and_the_same_for_a_seed() -> None:
    data = bytes(range(256)) * 100
    first, again, other = LineNoise(0.01, 1), LineNoise(0.01, 1), LineNoise(0.01, 2)
    noisy = first.pass_on(data)
    assert noisy == b"".join(again.pass_on(data[k : k + 7]) for k in range(0, len(data), 7))
    assert noisy != other.pass_on(data)
    assert LineNoise(0.0, 1).pass_on(data) == data
    assert LineNoise(1.0, 1).pass_on(bytes(3000)).count(0) == pytest.approx(2000, rel=0.1)
    clean = LineNoise(0.01, 3).pass_on(bytes(30_000))
    assert len(clean) - clean.count(0) == pytest.approx(100, abs=40)
