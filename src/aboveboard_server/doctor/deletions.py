# a check's docstring is its title: it says what should hold, not what is done.
"""Does an administrator see to the deletions that wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aboveboard_server.doctor.finding import ok, warning
from aboveboard_server.storage.work import waiting_deletions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.doctor.finding import Finding, Host

LONG = timedelta(days=7)
DO = "confirm or reject each: aboveboard admin deletion list --state pending_confirmation"


def deletions_are_seen_to(host: Host) -> Iterator[Finding]:
    """No deletion waits for long for an administrator, and there is room for more."""
    with host.session() as session:
        number, oldest = waiting_deletions.waiting(session)
    since = datetime.now(UTC) - oldest if oldest else timedelta()
    if number >= waiting_deletions.MOST_WAITING // 2:
        yield warning(
            f"{number} deletions wait for confirmation, of {waiting_deletions.MOST_WAITING} at most", DO
        )
    elif since > LONG:
        days = host.settings.deletion_lapse_days
        yield warning(
            f"{number} deletions wait for confirmation, one for {since.days} days; it lapses after {days}", DO
        )
    else:
        yield ok(f"{number} wait for confirmation")


DATABASE_CHECKS = (deletions_are_seen_to,)
