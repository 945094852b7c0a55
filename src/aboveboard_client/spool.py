"""Events on their way, on disk: bounded in bytes, the oldest dropped first; each process has its files."""

from __future__ import annotations

import errno
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aboveboard_client import frames
from aboveboard_client.segment import SUFFIX, UNNAMED, Batch, Segment, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aboveboard_client.tally import Tally

SMALLEST = 1024 * 1024
SEGMENTS = 8
# How many files of processes that are gone are held open at once: a host has few descriptors to spare.
ADOPTED = 8
MOST_FILES = 2 * SEGMENTS
# How long nothing is tried after a write has failed: a full disk does not get emptier by asking.
PAUSE_SECONDS = 1.0
# How long a file may be without its name before it counts as left behind.
UNNAMED_SECONDS = 60.0


class Spool:
    """The files of one source in a folder. A file is written, sent and deleted by the process that locks it.

    `max_bytes` (at least 1 MiB) bounds what this process holds: its own files and those it adopted.
    """

    def __init__(self, folder: Path, source: bytes, max_bytes: int, tally: Tally) -> None:
        self._folder = folder
        self._source = source
        self._max_bytes = max(max_bytes, SMALLEST)
        self._tally = tally
        self._broken_until = 0.0
        self.renew()

    def renew(self) -> None:
        """Begin with no files: in a child after a fork, whose parent keeps those there were."""
        # Reentrant, since a signal handler of the host may record while this thread is recording. Held for
        # no longer than a write into the page cache: never while something is synced, read or sent.
        self._lock = threading.RLock()
        self._segments: list[Segment] = []
        self._current: Segment | None = None

    @property
    def left(self) -> int:
        """How many events wait, as far as is known."""
        with self._lock:
            return sum(segment.left for segment in self._segments)

    def append(self, event: bytes, *, durable: bool = False) -> bool:
        """Keep an event: once this returns True, SIGKILL of the process does not lose it.

        With `durable`, it waits until a power cut does not either; False where that cannot be had.
        """
        frame = frames.frame(frames.EVENT, event)
        try:
            with self._lock:
                if self._broken_until and time.monotonic() < self._broken_until:
                    self._tally.add("unwritable")
                    return False
                self._broken_until = 0.0
                segment = self._room_for(len(frame))
                segment.append(frame)
        except OSError as error:
            self._broken_until = time.monotonic() + PAUSE_SECONDS
            # A full disk may empty again; any other fault stays with its file, so the next one is tried.
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                self._current = None
            self._tally.add("unwritable")
            self._tally.trouble("spool", "telemetry cannot be kept in %s: %s", self._folder, error)
            return False
        self._tally.add("recorded")
        if durable:
            return self._sync(segment)
        return True

    def peek(self, max_events: int, max_bytes: int) -> Batch | None:
        """Return the oldest events, of one source; None where there are none. One thread settles them."""
        for segment in self.segments():
            with self._lock:
                sealed = segment is not self._current
            try:
                batch = segment.read(segment.measure(), max_events, max_bytes, self._source)
            except OSError as error:
                self._give_up(segment, error)
                continue
            if batch.events or batch.damaged:
                return batch
            if sealed:
                self._remove(segment)
        return None

    @contextmanager
    def under_way(self, batch: Batch) -> Iterator[None]:
        """While a batch is sent: where its file is dropped meanwhile, its events are counted here alone.

        Counted as dropped they are where they are not `done` in the end.
        """
        segment = batch.segment
        with self._lock:
            segment.under_way = len(batch.events)
        try:
            yield
        finally:
            with self._lock:
                unsettled, segment.under_way = segment.under_way, 0
                if segment.dropped_as:
                    self._tally.add(segment.dropped_as, unsettled)

    def done(self, batch: Batch) -> None:
        """Forget a batch, durably: it is delivered or dropped."""
        self._tally.add("damaged", batch.damaged)
        self._tally.add("dropped_category", batch.unwanted)
        batch.segment.under_way = 0
        if batch.segment not in self.segments():
            return  # dropped meanwhile to make room
        try:
            batch.segment.advance(batch)
        except OSError as error:
            self._tally.trouble("cursor", "telemetry that was sent may be sent again: %s", error)

    def sync(self) -> None:
        """Make what was appended survive a power cut, as far as the disk lets it."""
        for segment in self.segments():
            if segment.dirty:
                self._sync(segment)

    def adopt(self) -> None:
        """Take over the oldest files of processes that are gone; what is over the bound is dropped."""
        held = {segment.path for segment in self.segments()}
        kept = sum(segment.size for segment in self.segments())
        places = max(0, ADOPTED - len(held))
        adopted: list[Segment] = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}"), reverse=True):
            segment = None if path in held else self._adopt(path)
            if segment is None:
                continue
            kept += segment.size
            if kept > self._max_bytes:
                self._drop(segment, "dropped_full")
            else:
                # The newest are let go again where there are too many: their turn comes.
                adopted = [segment, *adopted][:places]
        with self._lock:
            self._segments[:0] = adopted
        self._sweep_unnamed()

    def purge(self) -> None:
        """Delete every event: ours, and what processes that are gone have left."""
        with self._lock:
            dropped, self._segments, self._current = self._segments, [], None
        for segment in dropped:
            self._drop(segment, "dropped_disabled")
        if not self._folder.is_dir():
            return
        for path in self._folder.glob(f"*{SUFFIX}"):
            if left_behind := self._adopt(path):
                self._drop(left_behind, "dropped_disabled")
        sync_folder(self._folder)

    def close(self) -> None:
        """Leave what waits to whoever adopts it: the next process, or a parent. Recording may go on."""
        self.sync()
        with self._lock:
            segments, self._segments, self._current = self._segments, [], None
        for segment in segments:
            if self._holds_events(segment):
                segment.release()
            else:
                self._drop(segment, "dropped_full")

    def segments(self) -> list[Segment]:
        """Return the files held, the oldest first."""
        with self._lock:
            return list(self._segments)

    def _room_for(self, size: int) -> Segment:
        """Return the file to append to, a new one where there is none or it is full."""
        limit = self._max_bytes // SEGMENTS
        current = self._current
        if current is not None and current.size + size <= limit:
            return current
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while len(self._segments) > 1 and (
            sum(segment.size for segment in self._segments) + limit > self._max_bytes
            or len(self._segments) > MOST_FILES
        ):
            self._drop(self._segments.pop(0), "dropped_full")
        segment = Segment.create(self._folder, self._source)
        self._segments.append(segment)
        self._current = segment
        return segment

    def _drop(self, segment: Segment, why: str) -> None:
        segment.dropped_as = why
        self._tally.add(why, max(0, segment.left - segment.under_way))
        try:
            segment.remove()
        except OSError as error:
            self._tally.trouble("remove", "telemetry that was dropped is still on disk: %s", error)

    def _adopt(self, path: Path) -> Segment | None:
        """Take over a file; None where it is another's, or cannot be read: it keeps nobody from the next."""
        try:
            return Segment.adopt(path)
        except OSError as error:
            self._tally.trouble("adopt", "telemetry that was left behind cannot be read: %s", error)
            return None

    def _give_up(self, segment: Segment, error: OSError) -> None:
        """Drop a file that the disk gives back no more, and what it held."""
        self._tally.trouble("read", "telemetry that was kept cannot be read: %s", error)
        with self._lock:
            if segment not in self._segments:
                return  # another thread, which flushes, has found it so too
            self._segments.remove(segment)
            if segment is self._current:
                self._current = None
        self._drop(segment, "damaged")

    def _remove(self, segment: Segment) -> None:
        """Delete a file that is done."""
        with self._lock:
            if segment in self._segments:
                self._segments.remove(segment)
        segment.left = 0
        self._drop(segment, "dropped_full")

    def _holds_events(self, segment: Segment) -> bool:
        """Whether there may be something in it for whoever adopts it."""
        try:
            return bool(segment.read(segment.measure(), 1, 1, self._source).events)
        except OSError:
            return True

    def _sync(self, segment: Segment) -> bool:
        try:
            segment.sync()
        except OSError as error:
            self._tally.trouble("sync", "telemetry may not survive a power cut: %s", error)
            return False
        return True

    def _sweep_unnamed(self) -> None:
        """Delete what a process left behind that was killed between making a file and naming it."""
        for path in self._folder.glob(f"*{UNNAMED}"):
            if _size(path) >= 0 and time.time() - path.stat().st_mtime > UNNAMED_SECONDS:
                path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
