"""Leaves out of the journal what has lapsed, once that is most of it.

    python -m aboveboard_server.privacy.journal_compaction KEY_DIR NOW

A process of its own, for a long journal takes seconds that the server's event loop must not wait for. It
reads the journal up to three times without holding anybody up, and locks it only to take over what came
meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_draft import drafted
from aboveboard_server.privacy.journal_lapse import Lapse
from aboveboard_server.privacy.journal_lines import Begun
from aboveboard_server.privacy.keys import digest_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.privacy.journal_codec import Line
    from aboveboard_server.privacy.journal_lines import Entry

# A journal below this is left as it is.
LEAST_BYTES = 1 << 18
NICENESS = 19


class Compacted(NamedTuple):
    """How many lines a journal had that was looked at, and how many are left of them."""

    before: int
    after: int


def compact(folder: Path, now: int, *, least_bytes: int = LEAST_BYTES) -> Compacted | None:
    """Write the journal anew without what has lapsed by `now`, in µs since 1970, where that is most of it.

    None where nothing was done: it is small, most of it holds, or another process is at it. May be killed at
    any moment: the journal is the old one or the new one, and holds all that was appended meanwhile. Errors
    as for `journal.append`.
    """
    if journal.size(folder) < least_bytes:
        return None
    key = digest_key(folder)
    with journal.snapshot(folder, key) as (descriptor, end), drafted(folder, key) as draft:
        if draft is None:
            return None
        lapse = Lapse(now)
        before = 0
        for line in _lines(descriptor, key, 0, end):
            lapse.learn(line.entry)
            before += 1
        if lapse.must_weigh:
            for line in _lines(descriptor, key, 0, end):
                lapse.weigh(line.entry)
        if not lapse.is_begun:
            draft.write([(str(uuid4()), Begun(now))])
        draft.write(_kept(lapse, _lines(descriptor, key, 0, end)))
        after = draft.lines
        if after * 2 > before:
            return None
        with journal.opened(folder, fcntl.LOCK_EX) as current:
            if not os.path.samestat(os.fstat(current), os.fstat(descriptor)):
                return None
            newest, _ = journal.last_line(current, key)
            draft.write((line.entry_id, line.entry) for line in _lines(current, key, end, newest, before))
            draft.replace()
    return Compacted(before, after)


def _lines(descriptor: int, key: bytes, start: int, end: int, before: int = 0) -> Iterator[Line]:
    for place, line in enumerate(journal.lines_between(descriptor, start, end), before + 1):
        yield journal.checked(key, line, place)


def _kept(lapse: Lapse, lines: Iterator[Line]) -> Iterator[tuple[str, Entry]]:
    return ((line.entry_id, line.entry) for line in lines if lapse.keeps(line.entry))


if __name__ == "__main__":
    os.nice(NICENESS)
    done = compact(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{done.before} {done.after}\n" if done else "")
