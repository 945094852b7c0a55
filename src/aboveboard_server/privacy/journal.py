"""The deletion journal: what forbids, in a file beside the keys that outlives the database.

The database is a copy that a backup can turn back; the journal only grows, but for what has lapsed
(`journal_compaction`). At its start the server reads it before the first answer, so that a restored backup
resurrects nobody. Every entry has an id of its own, by which files are merged; its place in a file says
nothing but that none is missing before it. One entry may stand before another that it refers to.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

from aboveboard_server.privacy.journal_codec import Line, decode, encode
from aboveboard_server.privacy.journal_lines import Entry, JournalError
from aboveboard_server.privacy.keys import digest_key, sync_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

JOURNAL = "journal"
# Bytes in which the last whole line must end and begin, and a torn one behind it; a line has about 600.
LONGEST_END = 1 << 16
# Lines that are written at once.
LINES_AT_ONCE = 1_000


def append(folder: Path, entries: Sequence[Entry]) -> None:
    """Add entries, and return when they will be there after a power cut; any number of processes may do so.

    OSError where they cannot be written, JournalError where the journal's end is damaged: then they may be
    there or not, and may be appended again. StartupError where the folder holds no digest key.
    """
    key = digest_key(folder)
    with opened(folder, fcntl.LOCK_EX) as descriptor:
        append_to(folder, descriptor, key, [(str(uuid4()), entry) for entry in entries])


def read(folder: Path) -> list[Entry]:
    """Return every entry, in the order they were written; errors as for `stream`."""
    return [line.entry for line in stream(folder)]


def stream(folder: Path) -> Generator[Line, None, None]:
    """Yield every line that is there now, in order; none where there is no journal yet.

    A last line that a power cut has torn was never acknowledged, and is left out. Any other line that is not
    as it was written is a JournalError that names it. StartupError where the folder holds no digest key.
    Holds up nobody who appends.
    """
    key = digest_key(folder)
    for place, line in enumerate(whole_lines(folder, key), 1):
        yield checked(key, line, place)


def has_entries(folder: Path) -> bool:
    """Whether a journal was begun in a folder, and is still there."""
    path = folder / JOURNAL
    if not path.exists():
        return False
    with path.open("rb") as file:
        return b"\n" in file.read(LONGEST_END)


def size(folder: Path) -> int:
    """Return the journal's bytes, 0 where there is none."""
    path = folder / JOURNAL
    return path.stat().st_size if path.exists() else 0


def whole_lines(folder: Path, key: bytes) -> Iterator[bytes]:
    """Yield the bytes of the whole lines that are there now, without their newlines."""
    if has_entries(folder):
        with snapshot(folder, key) as (descriptor, end):
            yield from lines_between(descriptor, 0, end)


@contextmanager
def snapshot(folder: Path, key: bytes) -> Iterator[tuple[int, int]]:
    """Open the journal as it is now, and say where its last whole line ends; holds up nobody."""
    with opened(folder, fcntl.LOCK_SH) as descriptor:
        end, _ = last_line(descriptor, key)
        # Whole lines stay as they are: what leaves some out writes another file.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        yield descriptor, end


def lines_between(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """Yield the lines between two places of a file, both the beginnings of lines, without their newlines."""
    with os.fdopen(os.dup(descriptor), "rb", buffering=1 << 20) as file:
        file.seek(start)
        while start < end:
            # No longer than a line may be, so that a damaged file takes no memory.
            line = file.readline(min(LONGEST_END, end - start))
            start += len(line)
            yield line.removesuffix(b"\n")


def checked(key: bytes, line: bytes, place: int) -> Line:
    """Return what a line says that stands at a place, counted from 1; JournalError where it does not."""
    found = decode(key, line, f"line {place}")
    if found.sequence != place:
        raise JournalError(f"line {place} is out of place: it was written as line {found.sequence}")
    return found


@contextmanager
def opened(folder: Path, lock: int) -> Iterator[int]:
    """Open the journal under a lock; one that writes makes it where it is not there."""
    path = folder / JOURNAL
    make = os.O_CREAT if lock == fcntl.LOCK_EX else 0
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | make, 0o600)
        try:
            fcntl.flock(descriptor, lock)
            # Compaction puts another file in its place: what is written to this one would be lost.
            if is_at(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def is_at(path: Path, descriptor: int) -> bool:
    """Whether the file that was opened is the one that is there by this name now."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def append_to(folder: Path, descriptor: int, key: bytes, entries: Iterable[tuple[str, Entry]]) -> None:
    """Write entries, each with its id, behind the last whole line of a file; a torn line gives way."""
    end, last = last_line(descriptor, key)
    sequence = decode(key, last, "the last line").sequence if last else 0
    os.ftruncate(descriptor, end)
    lines = (Line(number, *entry) for number, entry in enumerate(entries, sequence + 1))
    write_lines(descriptor, key, lines)
    os.fsync(descriptor)
    if not end:
        sync_folder(folder)


def write_lines(descriptor: int, key: bytes, lines: Iterable[Line]) -> None:
    """Write lines to a file, few of them in one write; OSError where the disk is full."""
    encoded = (encode(key, line) for line in lines)
    while content := b"".join(islice(encoded, LINES_AT_ONCE)):
        if os.write(descriptor, content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def last_line(descriptor: int, key: bytes) -> tuple[int, bytes]:
    """Return where the last whole line ends, and that line; 0 and nothing where there is none."""
    found = os.fstat(descriptor).st_size
    start = max(0, found - LONGEST_END)
    *before, torn = os.pread(descriptor, found - start, start).split(b"\n")
    _refuse_damaged_end(key, torn)
    if not before:
        if start:
            raise JournalError("the journal is damaged: its end is no line")
        return 0, b""
    return found - len(torn), before[-1]


def _refuse_damaged_end(key: bytes, torn: bytes) -> None:
    """Tell a line that was cut short from one whose newline became something else: that one counted."""
    try:
        decode(key, torn[:-1], "")
    except JournalError:
        return
    raise JournalError("the last line is damaged: it does not end as it was written")
