"""Frames of a spool file: damage costs the frame it hit, and no other."""

from __future__ import annotations

import random

import pytest

from aboveboard_client import frames


def written(chance: random.Random, count: int = 40) -> tuple[list[bytes], bytes]:
    payloads = [chance.randbytes(chance.choice([0, 1, 52, 116, 500])) for _ in range(count)]
    return payloads, b"".join(frames.frame(frames.EVENT, payload) for payload in payloads)


def readable(data: bytes) -> list[bytes]:
    return [frame.payload for frame in frames.walk(data) if frame.mark]


def damaged(data: bytes) -> int:
    return sum(not frame.mark for frame in frames.walk(data))


def test_what_was_written_is_read() -> None:
    """Every payload comes back, whole and in order, even where it looks like a frame's beginning."""
    payloads = [b"", frames.EVENT, b"\xab" * 50, frames.SOURCE * 9, bytes(range(256))]
    data = b"".join(frames.frame(frames.EVENT, payload) for payload in payloads)
    assert readable(data) == payloads
    assert damaged(data) == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_costs_its_frame_alone(seed: int) -> None:
    """Wherever a bit is flipped, mark, length, checksum or payload, one frame is lost and counted."""
    chance = random.Random(seed)
    payloads, whole = written(chance)
    ends = [frame.end for frame in frames.walk(whole)]
    for _ in range(50):
        place = chance.randrange(len(whole))
        data = bytearray(whole)
        data[place] ^= 1 << chance.randrange(8)
        hit = next(index for index, end in enumerate(ends) if place < end)
        assert readable(bytes(data)) == payloads[:hit] + payloads[hit + 1 :]
        assert damaged(bytes(data)) == 1


def test_frames_of_one_size_do_not_hide_each_other() -> None:
    """A flipped length that leads exactly to a later frame does not skip those in between."""
    payloads = [bytes([n]) * 52 for n in range(16)]  # 64 bytes a frame: many flips lead to another one
    whole = b"".join(frames.frame(frames.EVENT, payload) for payload in payloads)
    for bit in range(32):
        data = bytearray(whole)
        data[64 * 3 + 4 + bit // 8] ^= 1 << bit % 8
        assert readable(bytes(data)) == payloads[:3] + payloads[4:]


def test_two_damaged_neighbours_count_as_two() -> None:
    """Where only payloads were hit, each damaged frame is counted."""
    payloads = [b"a" * 30] * 5
    data = bytearray(b"".join(frames.frame(frames.EVENT, payload) for payload in payloads))
    data[42 + 20] ^= 1
    data[84 + 20] ^= 1
    assert len(readable(bytes(data))) == 3
    assert damaged(bytes(data)) == 2


@pytest.mark.parametrize("seed", range(10))
def test_a_cut_costs_the_last_frame_alone(seed: int) -> None:
    """Cut off anywhere, all frames before the cut are read; a torn one is counted."""
    chance = random.Random(seed)
    payloads, whole = written(chance)
    ends = [frame.end for frame in frames.walk(whole)]
    for _ in range(20):
        cut = chance.randrange(len(whole))
        intact = sum(end <= cut for end in ends)
        assert readable(whole[:cut]) == payloads[:intact]
        assert damaged(whole[:cut]) == (cut not in {0, *ends})


@pytest.mark.parametrize("seed", range(10))
def test_rubbish_is_no_event(seed: int) -> None:
    """Random bytes yield no frame and no exception."""
    assert readable(random.Random(seed).randbytes(20_000)) == []
