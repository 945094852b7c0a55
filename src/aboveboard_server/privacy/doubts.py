"""Opt-outs of which the journal has told, while nobody knows whether the store has followed: it failed then.

A restart does what the journal says. So what is answered meanwhile of the same Subject must not be decided by
what the store says alone: first the two are brought together. Of this process alone; a restart leaves none.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from aboveboard_server.errors import OverloadedError
from aboveboard_server.storage.work import opt_outs
from aboveboard_server.storage.work import refusals as work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.audit import Act

# Beyond it sources are refused; administrators are not. Some 5 MiB.
MOST = 10_000


class Doubt(NamedTuple):
    """The digest of an opt-out's Subject; where it was to be lifted when, and what the audit log is told."""

    digest: bytes
    lifted_at: datetime | None
    act: Act | None


class Doubts:
    """Remembers such opt-outs by their ids."""

    def __init__(self, store: EventStore, journal: JournalWriter) -> None:
        self._store = store
        self._journal = journal
        self._doubts: dict[str, Doubt] = {}

    @asynccontextmanager
    async def unless_done(
        self,
        digest: bytes,
        opt_out_ids: Iterable[str],
        *,
        lifted_at: datetime | None = None,
        act: Act | None = None,
    ) -> AsyncIterator[None]:
        """Around journal and store: doubt these opt-outs where it is not done to its end."""
        try:
            yield
        except BaseException:
            self._doubts |= dict.fromkeys(opt_out_ids, Doubt(digest, lifted_at, act))
            raise

    def require_room(self) -> None:
        """OverloadedError where no more may be remembered: anyone may ask for any number."""
        if len(self._doubts) >= MOST:
            raise OverloadedError

    async def settle(self, digest: bytes) -> None:
        """Bring journal and store together on a Subject; to be done before its opt-outs are looked at."""
        if self._doubts:
            mine = {key: doubt for key, doubt in self._doubts.items() if doubt.digest == digest}
            await self._lift(mine)
            await self._end(mine)

    async def settle_all(self) -> None:
        """Settle what was to be set, for another process may be asked to lift it, and does not know of it.

        Not what was to be lifted: whoever saw that fail may have refused again since, by another process.
        """
        await self._end(self._doubts)

    async def _lift(self, doubts: Mapping[str, Doubt]) -> None:
        """Lift what was to be lifted: the journal takes no revocation back."""
        for opt_out_id, doubt in doubts.items():
            if doubt.lifted_at is None:
                continue
            if doubt.act is None:
                await self._store.work(work.lift, [opt_out_id], revoked_at=doubt.lifted_at)
            else:
                await self._store.work(opt_outs.revoke, opt_out_id, revoked_at=doubt.lifted_at, act=doubt.act)
            self._forget(opt_out_id, doubt)

    async def _end(self, doubts: Mapping[str, Doubt]) -> None:
        """End in the journal what was to be set and is not: whoever asked for it was told that it failed."""
        due = {opt_out_id: doubt for opt_out_id, doubt in doubts.items() if doubt.lifted_at is None}
        if not due:
            return
        found = await self._store.work(work.stored, list(due))
        await self._journal.revocation([one for one in due if one not in found], datetime.now(UTC))
        for opt_out_id, doubt in due.items():
            self._forget(opt_out_id, doubt)

    def _forget(self, opt_out_id: str, doubt: Doubt) -> None:
        """Forget what is settled, unless it came to be in doubt again meanwhile."""
        if self._doubts.get(opt_out_id) is doubt:
            del self._doubts[opt_out_id]
