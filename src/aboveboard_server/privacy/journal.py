"""The deletion journal: what forbids, in a file beside the keys that outlives the database.

The database is a copy that a backup can turn back; the journal only grows. At its start the server reads it
before the first answer, so that a restored backup resurrects nobody. Its order says nothing but this: no
revocation stands before its opt-out.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aboveboard_server.privacy.journal_lines import Entry, JournalError, Revocation, decode, encode
from aboveboard_server.privacy.keys import digest_key, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

JOURNAL = "journal"
# Bytes in which the last whole line must end and begin, and a torn one behind it; a line has about 600.
LONGEST_END = 1 << 16


def append(folder: Path, entries: Sequence[Entry]) -> None:
    """Add entries, and return when they will be there after a power cut; any number of processes may do so.

    OSError where they cannot be written, JournalError where the journal's end is damaged: then they may be
    there or not, and may be appended again. StartupError where the folder holds no digest key.
    """
    key = digest_key(folder)
    with _opened(folder, fcntl.LOCK_EX) as descriptor:
        _append(folder, descriptor, key, entries)


def read(folder: Path) -> list[Entry]:
    """Return every entry, in the order they were written; none where there is no journal yet.

    A last line that a power cut has torn was never acknowledged, and is left out. Any other line that is not
    as it was written is a JournalError that names it. StartupError where the folder holds no digest key.
    """
    key = digest_key(folder)
    return _decoded(key, _locked_lines(folder, key))


def export(folder: Path) -> list[str]:
    """Return the journal's lines, each with its newline, as `merge` takes them; errors as for `read`."""
    key = digest_key(folder)
    lines = _locked_lines(folder, key)
    _decoded(key, lines)
    return [line.decode("ascii") + "\n" for line in lines]


def merge(folder: Path, lines: Iterable[str]) -> int:
    """Add what another journal of the same digest key says and this one does not; return how many entries.

    JournalError, and nothing added, where a line is not as it was exported; other errors as for `append`.
    """
    key = digest_key(folder)
    imported = _decoded(key, [line.removesuffix("\n").encode() for line in lines])
    with _opened(folder, fcntl.LOCK_EX) as descriptor:
        present = set(_decoded(key, _lines(descriptor, key)))
        # Compared whole and not by id: whatever two journals of one key say, neither is forgotten.
        missing = {entry for entry in imported if entry not in present}
        # By time, but revocations last: a clock may have been set back between an opt-out and its revocation.
        added = sorted(missing, key=lambda entry: (isinstance(entry, Revocation), entry.at, repr(entry)))
        _append(folder, descriptor, key, added)
    return len(added)


@contextmanager
def _opened(folder: Path, lock: int) -> Iterator[int]:
    descriptor = os.open(folder / JOURNAL, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, lock)
        yield descriptor
    finally:
        os.close(descriptor)


def _append(folder: Path, descriptor: int, key: bytes, entries: Sequence[Entry]) -> None:
    """Write entries behind the last whole line, in one write; a torn line gives way."""
    end, last = _end(descriptor, key)
    content = b"".join(encode(key, sequence, entry) for sequence, entry in enumerate(entries, last + 1))
    os.ftruncate(descriptor, end)
    if os.write(descriptor, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)
    if not end:
        sync_folder(folder)


def _end(descriptor: int, key: bytes) -> tuple[int, int]:
    """Return where the last whole line ends, and its sequence; 0 and 0 where there is none."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - LONGEST_END)
    *before, torn = os.pread(descriptor, size - start, start).split(b"\n")
    _refuse_damaged_end(key, torn)
    if not before:
        if start:
            raise JournalError("the journal is damaged: its end is no line")
        return 0, 0
    sequence, _ = decode(key, before[-1], "the last line")
    return size - len(torn), sequence


def _locked_lines(folder: Path, key: bytes) -> list[bytes]:
    with _opened(folder, fcntl.LOCK_SH) as descriptor:
        return _lines(descriptor, key)


def _lines(descriptor: int, key: bytes) -> list[bytes]:
    """Return the whole lines, without their newlines."""
    *lines, torn = os.pread(descriptor, os.fstat(descriptor).st_size, 0).split(b"\n")
    _refuse_damaged_end(key, torn)
    return lines


def _decoded(key: bytes, lines: Sequence[bytes]) -> list[Entry]:
    entries = []
    for place, line in enumerate(lines, 1):
        sequence, entry = decode(key, line, f"line {place}")
        if sequence != place:
            raise JournalError(f"line {place} is out of place: it was written as line {sequence}")
        entries.append(entry)
    return entries


def _refuse_damaged_end(key: bytes, torn: bytes) -> None:
    """Tell a line that was cut short from one whose newline became something else: that one counted."""
    try:
        decode(key, torn[:-1], "")
    except JournalError:
        return
    raise JournalError("the last line is damaged: it does not end as it was written")
