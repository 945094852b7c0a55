"""A journal compared with a store: what of two lines about one deletion counts."""

from __future__ import annotations

import pytest

from aboveboard_server.privacy.journal_lines import Entry, Rejection, Tombstone
from aboveboard_server.privacy.journal_replay import Replay
from aboveboard_server.storage.work.journalled import Held

CONFIRMED = Tombstone("d1", "SERVER", b"s" * 32, None, 1)
REJECTED = Rejection("d1", 2)


@pytest.mark.parametrize("entries", [[CONFIRMED, REJECTED], [REJECTED, CONFIRMED]])
def test_of_a_confirmation_and_a_rejection_the_later_line_counts(entries: list[Entry]) -> None:
    """The store failed after the first one's line, and the other was answered; or a journal was merged."""
    replay = Replay(Held(set(), set(), set(), set()))
    replay.take(entries)
    begins = bool(replay.due.deletions)
    assert begins == (entries[-1] is CONFIRMED)
    assert bool(replay.due.rejections) != begins
