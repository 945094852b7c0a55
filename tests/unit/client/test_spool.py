"""The spool: bounded, oldest dropped first, and never anybody else's files."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from aboveboard_client import spool as spools
from aboveboard_client.spool import SMALLEST, Spool
from aboveboard_client.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = b"who sends"
PAYLOAD = b"x" * 4000


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def spool(tmp_path: Path, tally: Tally) -> Spool:
    return Spool(tmp_path / "spool", SOURCE, SMALLEST, tally)


def waiting(spool: Spool) -> list[bytes]:
    """Take out everything that waits."""
    found = []
    while batch := spool.peek(100, 1 << 20):
        found += batch.events
        assert batch.source == SOURCE
        spool.done(batch)
    return found


def numbered(spool: Spool, numbers: range, size: int = 8) -> list[bytes]:
    events = [f"{n:0{size}}".encode() for n in numbers]
    assert all(spool.append(event) for event in events)
    return events


def test_what_was_appended_comes_out_in_order_once(spool: Spool, tally: Tally) -> None:
    """Events are batched in order, are still there until they are done, and are gone then."""
    events = numbered(spool, range(250))
    first, again = spool.peek(100, 1 << 20), spool.peek(100, 1 << 20)
    assert first is not None
    assert again is not None
    assert first.events == again.events == events[:100]
    assert waiting(spool) == events
    assert spool.peek(100, 1 << 20) is None
    assert tally.stats().recorded == 250


def test_a_batch_is_bounded_in_bytes_but_holds_one_event(spool: Spool) -> None:
    """A request stays under its limit; an event over it goes alone."""
    numbered(spool, range(3), size=1000)
    assert [len(batch.events) for limit in (2500, 10) if (batch := spool.peek(100, limit))] == [2, 1]


def test_full_it_drops_the_oldest_and_counts_them(spool: Spool, tmp_path: Path, tally: Tally) -> None:
    """It never holds more bytes than it may; what is dropped is the oldest, and every one is counted."""
    events = numbered(spool, range(2000), size=1000)
    assert sum(path.stat().st_size for path in (tmp_path / "spool").iterdir()) <= SMALLEST
    left = waiting(spool)
    assert left == events[-len(left) :]
    assert len(left) * 1000 > SMALLEST / 2
    assert tally.stats().dropped_full == 2000 - len(left)


def test_a_full_disk_is_survived(spool: Spool, tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is full events are not kept and counted so; those before and after it are whole."""
    before = numbered(spool, range(10))
    write = os.write

    def full(fd: int, data: bytes) -> int:
        # The disk takes a part of it: the torn frame must not stay.
        if len(data) > 10:
            return write(fd, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert not spool.append(b"y" * 20)
        assert not spool.append(b"y" * 20)
    monkeypatch.setattr(spools, "PAUSE_SECONDS", 0.0)
    spool._broken_until = 0.0  # noqa: SLF001  # in place of waiting for the pause to end
    after = numbered(spool, range(10, 20))
    assert waiting(spool) == before + after
    assert tally.stats().unwritable == 2
    assert tally.stats().damaged == 0


def test_a_file_that_cannot_grow_is_left_for_a_new_one(tmp_path: Path) -> None:
    """Under a real limit of the file size events go on into the next file; no exception, no signal."""
    program = """
import resource, sys
from pathlib import Path
from aboveboard_client import spool
from aboveboard_client.tally import Tally
spool.PAUSE_SECONDS = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
tally = Tally()
it = spool.Spool(Path(sys.argv[1]), b"source", spool.SMALLEST, tally)
kept = [n for n in range(100) if it.append(str(n).encode() * 500)]
found = []
while batch := it.peek(10, 1 << 20):
    found += batch.events
    it.done(batch)
assert found == [str(n).encode() * 500 for n in kept], (len(found), len(kept))
assert len(kept) > 50 and tally.stats().unwritable == 100 - len(kept)
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_a_process_left_is_adopted_and_the_source_is_its_own(tmp_path: Path, tally: Tally) -> None:
    """The next process delivers what the last one recorded, as the source that recorded it, and once."""
    last = Spool(tmp_path, SOURCE, SMALLEST, tally)
    events = numbered(last, range(10))
    batch = last.peek(4, 1 << 20)
    assert batch is not None
    last.done(batch)
    last.close()
    following = Spool(tmp_path, b"a newer version", SMALLEST, tally)
    following.adopt()
    assert waiting(following) == events[4:]
    assert list(tmp_path.iterdir()) == []


def test_files_of_the_living_are_left_alone(tmp_path: Path, tally: Tally) -> None:
    """A file that another spool holds is neither adopted nor purged; what it holds stays its own to send."""
    living = Spool(tmp_path, SOURCE, SMALLEST, tally)
    events = numbered(living, range(10))
    other = Spool(tmp_path, SOURCE, SMALLEST, tally)
    other.adopt()
    other.purge()
    assert other.peek(10, 1 << 20) is None
    assert waiting(living) == events


def test_a_crash_loop_cannot_fill_the_disk(tmp_path: Path, tally: Tally) -> None:
    """Of the files of many dead processes few are held open, and those over the bound are dropped."""
    for _ in range(30):
        dead = Spool(tmp_path, SOURCE, SMALLEST, tally)
        numbered(dead, range(50), size=1000)
        dead.close()
    following = Spool(tmp_path, SOURCE, SMALLEST, tally)
    following.adopt()
    assert len(following.segments()) <= spools.ADOPTED
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= SMALLEST
    assert tally.stats().dropped_full >= 400


@pytest.mark.parametrize("seed", range(10))
def test_damage_to_a_file_costs_what_it_hit(tmp_path: Path, tally: Tally, seed: int) -> None:
    """Flip a bit or cut the file at a random place: at most one event is lost, and that is counted."""
    chance = random.Random(seed)
    last = Spool(tmp_path, SOURCE, SMALLEST, tally)
    events = numbered(last, range(50))
    last.close()
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    place = chance.randrange(len(data))
    data[place] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    following = Spool(tmp_path, SOURCE, SMALLEST, tally)
    following.adopt()
    found = waiting(following)
    assert [event for event in events if event in found] == found
    assert len(events) - len(found) <= 1
    assert tally.stats().damaged >= len(events) - len(found)


def test_threads_do_not_tear_each_others_frames(spool: Spool, tally: Tally) -> None:
    """Eight threads append while another reads: everything comes out once, nothing is damaged."""
    found: list[bytes] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found.extend(waiting(spool))

    reader = threading.Thread(target=read)
    writers = [
        threading.Thread(target=numbered, args=(spool, range(place * 1000, place * 1000 + 500)))
        for place in range(8)
    ]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    found += waiting(spool)
    assert sorted(found) == sorted(f"{p * 1000 + n:08}".encode() for p in range(8) for n in range(500))
    assert tally.stats().damaged == 0


def test_purged_nothing_is_left_on_disk(spool: Spool, tmp_path: Path, tally: Tally) -> None:
    """After an opt-out no byte of an event stays in the folder, what a dead process left included."""
    dead = Spool(tmp_path / "spool", SOURCE, SMALLEST, tally)
    numbered(dead, range(5))
    dead.close()
    numbered(spool, range(5))
    spool.purge()
    assert list((tmp_path / "spool").iterdir()) == []
    assert tally.stats().dropped_disabled == 10


def test_a_file_that_cannot_be_read_is_counted_once_by_two_threads(
    spool: Spool, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever flushes looks at the files beside the sender: both find one that is broken."""
    numbered(spool, range(3))
    both = threading.Barrier(2)

    def broken(_fd: int, _size: int, _place: int) -> bytes:
        both.wait(20)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    threads = [threading.Thread(target=spool.peek, args=(1, 1)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.stats().damaged == 3
