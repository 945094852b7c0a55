"""A journal's lines out of a key directory, and into another one that has the same digest key."""

from __future__ import annotations

import fcntl
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_codec import VERSION, is_of_version_1, key_name, sealed, unsealed
from aboveboard_server.privacy.journal_lines import JournalError
from aboveboard_server.privacy.keys import digest_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from aboveboard_server.privacy.journal_lines import Entry

_CLOSING = b'"entry":"End"'
UNCLOSED = "the closing line is missing: the file was cut, or `aboveboard journal export` did not write it"


class Merged(NamedTuple):
    """What became of an import: entries that were added, those that there were, whether it was closed."""

    added: int
    entries: int
    is_closed: bool


def export(folder: Path) -> Iterator[bytes]:
    """Yield the journal's lines, each with its newline, and a closing line; errors as for `journal.stream`.

    The closing line tells how many there are and their digest, so that `merge` notices a file that was cut.
    """
    key = digest_key(folder)
    count, digest = 0, hashlib.sha256()
    for count, line in enumerate(journal.whole_lines(folder, key), 1):
        journal.checked(key, line, count)
        digest.update(line + b"\n")
        yield line + b"\n"
    yield _closing_line(key, count, digest.hexdigest())


def merge(folder: Path, lines: Iterable[bytes], *, unclosed: bool = False) -> Merged:
    """Add what another journal of the same digest key says and this one does not.

    JournalError, and nothing added, where a line is not as it was exported, or where the closing line is
    missing: unless `unclosed`, or where version 1 has written the file, which closed none. Other errors as
    for `journal.append`.
    """
    key = digest_key(folder)
    imported, is_closed = _imported(key, lines, unclosed=unclosed)
    missing = dict(imported)
    with journal.opened(folder, fcntl.LOCK_EX) as descriptor:
        end, _ = journal.last_line(descriptor, key)
        for place, line in enumerate(journal.lines_between(descriptor, 0, end), 1):
            missing.pop(journal.checked(key, line, place).entry_id, None)
        if missing:
            journal.append_to(folder, descriptor, key, missing.items())
    return Merged(len(missing), len(imported), is_closed)


def _imported(key: bytes, lines: Iterable[bytes], *, unclosed: bool) -> tuple[dict[str, Entry], bool]:
    """Return an export's entries by their ids, and whether it was closed."""
    entries: dict[str, Entry] = {}
    digest = hashlib.sha256()
    is_closed, is_old = False, False
    for place, raw in enumerate(lines, 1):
        line = raw.removesuffix(b"\n")
        if is_closed:
            raise JournalError(f"line {place} stands behind the closing line")
        if _CLOSING in line:
            unsealed(key, line, f"line {place}")
            if line + b"\n" != _closing_line(key, place - 1, digest.hexdigest()):
                raise JournalError(f"line {place} closes another export: what stands before it is not whole")
            is_closed = True
            continue
        found = journal.checked(key, line, place)
        entries[found.entry_id] = found.entry
        digest.update(line + b"\n")
        is_old = is_of_version_1(line) and (is_old or place == 1)
    if not (is_closed or is_old or unclosed):
        raise JournalError(UNCLOSED)
    return entries, is_closed


def _closing_line(key: bytes, count: int, digest: str) -> bytes:
    head = {"version": VERSION, "digest_key": key_name(key), "entry": "End"}
    return sealed(key, head | {"count": count, "digest": digest})
