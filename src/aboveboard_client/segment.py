"""One file of the spool: first how far it was delivered, then frames, only ever appended."""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from time import time_ns
from typing import TYPE_CHECKING

from aboveboard_client import frames, locks
from aboveboard_client.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SUFFIX = ".spool"
UNNAMED = ".new"
CURSOR = struct.Struct("<QI4x")
START = CURSOR.size
# macOS has no fdatasync.
sync_data = getattr(os, "fdatasync", os.fsync)


@dataclass(slots=True)
class Batch:
    """Events of one segment that go into one request, in order."""

    segment: Segment
    source: bytes
    events: list[bytes] = field(default_factory=list)
    damaged: int = 0
    # Of a category that may not be collected.
    unwanted: int = 0
    end: int = START


class Handle:
    """An open file, closed when the last who uses it lets go: another thread may be syncing or reading it."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        close(self.fd)


class Segment:
    """A file that this process holds by flock. Its Spool guards it against its own threads."""

    def __init__(self, path: Path, handle: Handle) -> None:
        self.path = path
        self.handle = handle
        self.size = os.fstat(handle.fd).st_size
        self.cursor = START
        self.left = 0
        self.dirty = True
        # How many of its events are being sent: what becomes of them is counted by the answer.
        self.under_way = 0
        # As what its events were counted when it was dropped.
        self.dropped_as = ""
        self._name_is_synced = False
        self._appends = 0

    @classmethod
    def create(cls, folder: Path, source: bytes) -> Segment:
        """Make a new file that begins with the source its events are recorded of; OSError."""
        # It gets its name only when it is locked: before, another process would think it left behind.
        path = folder / f"{uuid7(time_ns())}{SUFFIX}"
        unnamed = path.with_suffix(UNNAMED)
        handle = Handle(
            os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        )
        try:
            if not locks.try_lock(handle.fd):
                raise BlockingIOError("another process has locked a file that is ours")
            segment = cls(path, handle)
            segment.append(_cursor(START) + frames.frame(frames.SOURCE, source))
            segment.left = 0
            unnamed.rename(path)
        except OSError:
            unnamed.unlink(missing_ok=True)
            raise
        return segment

    @classmethod
    def adopt(cls, path: Path) -> Segment | None:
        """Take over a file whose process is gone; None where it lives, or the file is gone too; OSError."""
        try:
            handle = Handle(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC))
        except FileNotFoundError:
            return None
        if not locks.try_lock(handle.fd) or not os.fstat(handle.fd).st_nlink:
            return None
        segment = cls(path, handle)
        head = os.pread(handle.fd, START, 0)
        if len(head) == START:
            place, checksum = CURSOR.unpack(head)
            # Where the mark of delivery is damaged all is sent again: the server knows it by its ids.
            if zlib.crc32(head[:8]) == checksum and START <= place <= segment.size:
                segment.cursor = place
        segment.left = sum(
            frame.mark == frames.EVENT for frame in segment._frames(segment.cursor, segment.size)
        )
        return segment

    def append(self, frame: bytes) -> None:
        """Write a frame in one go; OSError, and then nothing of it is left."""
        before, written = self._appends, 0
        try:
            while written < len(frame):
                written += os.write(self.handle.fd, frame[written:])
        except OSError:
            # Cut off a torn frame, unless a signal handler has appended another behind it.
            if written and self._appends == before:
                os.ftruncate(self.handle.fd, self.measure() - written)
            raise
        self._appends += 1
        self.size += len(frame)
        self.left += 1
        self.dirty = True

    def measure(self) -> int:
        """Return its true size in bytes; `size` misses what a signal handler appended meanwhile."""
        return os.fstat(self.handle.fd).st_size

    def read(self, size: int, max_events: int, max_bytes: int, fallback: bytes) -> Batch:
        """Return the next events of the first `size` bytes, at least one where there is one.

        `fallback` is the source where that of the file is damaged.
        """
        source = frames.read(os.pread(self.handle.fd, frames.HEAD.size + frames.MAX_PAYLOAD, START), 0)
        readable = source is not None and source.mark == frames.SOURCE
        cursor = self.cursor
        batch = Batch(self, source.payload if source and readable else fallback, end=cursor)
        total = 0
        for frame in self._frames(cursor, size):
            if frame.mark == frames.EVENT:
                total += len(frame.payload)
                if batch.events and (len(batch.events) == max_events or total > max_bytes):
                    break
                batch.events.append(frame.payload)
            batch.damaged += not frame.mark
            batch.end = cursor + frame.end
        return batch

    def advance(self, batch: Batch) -> None:
        """Note durably that a batch is done; OSError, and then it may be sent again."""
        self.cursor = batch.end
        self.left = max(0, self.left - len(batch.events))
        # Another file descriptor: what is written through ours goes to the end.
        fd = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(fd, _cursor(self.cursor), 0)
            sync_data(fd)
        finally:
            os.close(fd)

    def sync(self) -> None:
        """Make everything appended survive a power cut; OSError."""
        handle, self.dirty = self.handle, False
        try:
            sync_data(handle.fd)
            if not self._name_is_synced:
                sync_folder(self.path.parent)
                # The folder may be new too, and those above it; which of them we may open is not ours to say.
                for above in self.path.parent.parents:
                    with suppress(OSError):
                        sync_folder(above)
                self._name_is_synced = True
        except OSError:
            self.dirty = True
            raise

    def remove(self) -> None:
        """Delete the file; OSError."""
        self.path.unlink(missing_ok=True)

    def release(self) -> None:
        """Leave the file to whoever adopts it."""
        locks.unlock(self.handle.fd)

    def _frames(self, cursor: int, size: int) -> Iterator[frames.Frame]:
        return frames.walk(os.pread(self.handle.fd, max(0, size - cursor), cursor))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut; OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _cursor(place: int) -> bytes:
    return CURSOR.pack(place, zlib.crc32(place.to_bytes(8, "little")))
