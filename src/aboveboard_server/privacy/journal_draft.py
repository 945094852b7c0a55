"""A journal written anew beside the old one, and put in its place whole or not at all."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_codec import Line
from aboveboard_server.privacy.keys import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from aboveboard_server.privacy.journal_lines import Entry

DRAFT = "journal.draft"


class Draft:
    """A journal that nobody reads yet; `lines` counts what was written to it."""

    def __init__(self, folder: Path, descriptor: int, key: bytes) -> None:
        self.lines = 0
        self._folder = folder
        self._descriptor = descriptor
        self._key = key

    def write(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Add entries, each with its id; OSError where the disk is full."""
        journal.write_lines(self._descriptor, self._key, self._numbered(entries))

    def replace(self) -> None:
        """Put it in the journal's place; whoever appends to it waits until the draft is closed.

        The journal must be under an exclusive lock, and everything that it holds in the draft.
        """
        os.fsync(self._descriptor)
        (self._folder / DRAFT).rename(self._folder / journal.JOURNAL)
        # Before anybody may add to the new file: a power cut must not bring the old one back then.
        sync_folder(self._folder)

    def _numbered(self, entries: Iterable[tuple[str, Entry]]) -> Iterator[Line]:
        for entry_id, entry in entries:
            self.lines += 1
            yield Line(self.lines, entry_id, entry)


@contextmanager
def drafted(folder: Path, key: bytes) -> Iterator[Draft | None]:
    """Begin a draft; None while another process has one. What was not put in place is gone afterwards."""
    path = folder / DRAFT
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        if not journal.is_at(path, descriptor):
            # Another process has put it in place since it was opened.
            yield None
            return
        os.ftruncate(descriptor, 0)
        try:
            yield Draft(folder, descriptor, key)
        finally:
            if journal.is_at(path, descriptor):
                path.unlink()
    finally:
        os.close(descriptor)
