"""The archive: each month is released once, soon after it has ended, and never restated."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from aboveboard_server.privacy import archive_months, archive_release
from aboveboard_server.privacy.archive_cells import change_type_column, fixed_cells
from aboveboard_server.storage.work import archive as work
from aboveboard_server.storage.work.archive import Counted, Decision

if TYPE_CHECKING:
    from aboveboard_server.privacy.archive_cells import Cell
    from aboveboard_server.privacy.archive_decision import Tally
    from aboveboard_server.privacy.archive_release import Draw, Published
    from aboveboard_server.privacy.archive_settings import ArchiveSettings
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()


class Archive:
    """Releases months. StartupError where the settings name what the schema does not know."""

    def __init__(
        self, store: EventStore, catalog: Catalog, settings: ArchiveSettings, journal: JournalWriter
    ) -> None:
        self._store = store
        self._events = {event.name: event for event in catalog.events}
        self._settings = settings
        self._journal = journal
        self._cells = fixed_cells(catalog, settings)

    async def release_due(self, now: datetime | None = None) -> list[str]:
        """Release every month that has ended and whose rows all live still; return the months released.

        May be killed at any moment and called again; must not be called twice at once.
        """
        if not self._cells:
            return []
        now = now or datetime.now(UTC)
        published = await self._store.read(work.published_months)
        months = [
            month
            for month in archive_months.closed(now, await self._shortest_life())
            if month not in published
        ]
        for month in months:
            await self._release(month, now)
        return months

    async def _release(self, month: str, now: datetime) -> None:
        """Decide what is published, tell the journal, publish: killed anywhere, one decision is published.

        The journal comes first, so that a month that anybody has seen is restored as it was, and never drawn
        again. What was drawn for a decision that was not kept has been seen by nobody.
        """
        decided = await self._store.read(work.decision, month)
        if not isinstance(decided, Decision):
            decided = await self._decide(month, decided, now)
        released_at = datetime.now(UTC)
        await self._journal.release(
            month,
            decided.cells,
            settings=decided.settings,
            epsilon=decided.epsilon,
            released_at=released_at,
        )
        await self._store.work(work.publish, month, released_at=released_at)
        log.info("archive_released", month=month, published=len(decided.cells))

    async def _decide(self, month: str, kept: work.Draw | None, now: datetime) -> Decision:
        """Draw, count and decide; the noise is never written, unless an earlier version has."""
        if kept is None:
            # In a thread, for to load OpenDP takes a while.
            drawn = await asyncio.to_thread(archive_release.draw, self._settings, self._cells)
        else:
            drawn = archive_release.restored(kept.settings, kept.noise)
        exact = await self._exact(month, drawn)
        cells = [_columns(one) for one in archive_release.publish(drawn, exact)]
        decided = await self._store.work(
            work.decide, month, cells, settings=archive_release.stored_settings(drawn), decided_at=now
        )
        if kept is not None:
            await self._store.empty_log()
        assert isinstance(decided, Decision), "decided in this very transaction"  # noqa: S101  # for mypy
        return decided

    async def _exact(self, month: str, drawn: Draw) -> dict[Cell, Tally]:
        """Count a month into the cells that its noise was drawn for, whatever the settings are by now."""
        names = dict.fromkeys(cell.event_type for cell in drawn.noise)
        counted = [
            Counted(name, change_type_column(self._events[name])) for name in names if name in self._events
        ]
        solutions = sorted({cell.solution for cell in drawn.noise})
        found = await self._store.read(work.contributions, counted, solutions, *archive_months.bounds(month))
        contributions = ({cell: sent[cell] for cell in drawn.noise if cell in sent} for sent in found)
        # There may be very many.
        return await asyncio.to_thread(archive_release.tally, contributions, drawn.noise, drawn.settings.clip)

    async def _shortest_life(self) -> int:
        """Return how many days all events live that are archived."""
        changed = await self._store.read(work.retention_days)
        names = {cell.event_type for cell in self._cells}
        return min(changed.get(name, self._events[name].policy.retention_days) for name in names)


def _columns(published: Published) -> dict[str, Any]:
    values = asdict(published)
    cell = values.pop("cell")
    return {**cell._asdict(), **values}
