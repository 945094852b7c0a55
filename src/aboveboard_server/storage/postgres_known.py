"""What may not be stored, as a PostgreSQL database says it, whose epoch may go back.

An epoch goes back where changes are lost that were acknowledged: a failover to a standby that lacked them, a
recovery to an earlier point in time, an older dump. Its number alone does not show it, for new changes reuse
the numbers. So each epoch has a random incarnation, and the newest ones are kept: what was read before is a
part of the database's history only where its incarnation stands in its place among them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import structlog

from aboveboard_server.storage import postgres_sql as sql
from aboveboard_server.storage.forbidden import EPOCH, PARAMETERS, Forbidden
from aboveboard_server.storage.incarnations import stands_at

if TYPE_CHECKING:
    from aboveboard_server.storage.forbidden import Change
    from aboveboard_server.storage.postgres_link import Connection

log = structlog.get_logger()


class Known(Forbidden):
    """What may not be stored, as it was at an epoch of the database.

    `epoch` never goes back: after a fall of the database's own it counts from `base` on. From a fall on it is
    `suspended`: nothing may be stored until `resume` says that the lost changes were made again.
    """

    def __init__(self) -> None:
        super().__init__()
        # The incarnation of the database's epoch.
        self.incarnation = 0
        self.falls = 0
        self.suspended = asyncio.Event()
        # One load at a time, so that each reads a later state than the one before it: an earlier one would
        # look like a fall.
        self._loading = asyncio.Lock()

    @property
    def moment(self) -> tuple[int, int]:
        """The epoch that the database counts, and its incarnation."""
        return self.epoch - self.base, self.incarnation

    async def load(self, connection: Connection, *, whole: bool = False) -> None:
        """Read what has changed since, or all of it."""
        async with self._loading:
            before = -1 if whole or self.epoch < 0 else self.moment[0]
            changes = await _read(connection, before)
            _, recent, epoch, incarnation = next(change for change in changes if change[0] == EPOCH)
            fell = self.epoch >= 0 and not stands_at(recent or b"", epoch, *self.moment)
            if fell and before >= 0:
                changes = await _read(connection, -1)
                _, _, epoch, incarnation = next(change for change in changes if change[0] == EPOCH)
            if fell:
                self._fall(epoch)
            if fell or before < 0:
                self.clear()
            self.take(changes)
            self.incarnation = incarnation

    async def refresh(self, connection: Connection) -> None:
        """Load where another process has changed something."""
        found = await (await connection.execute(sql.EPOCH)).fetchall()
        if found != [self.moment]:
            await self.load(connection)

    def resume(self, falls: int) -> None:
        """Let events be stored again, unless the database has fallen more often than so."""
        if falls == self.falls:
            self.suspended.clear()

    def _fall(self, epoch: int) -> None:
        log.error("database_went_back", from_epoch=self.moment[0], to_epoch=epoch)
        # Whatever was read before is older than anything that is read from here on.
        self.base = self.epoch + 1
        self.falls += 1
        self.suspended.set()


async def _read(connection: Connection, epoch: int) -> list[Change]:
    changes: list[Change] = await (await connection.execute(sql.FORBIDDEN, (epoch,) * PARAMETERS)).fetchall()
    if not any(change[0] == EPOCH for change in changes):
        # As while a dump is being restored.
        raise psycopg.OperationalError("the database has no epoch")
    return changes
