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
from aboveboard_server.storage.forbidden import (
    BEGINNING,
    CHANGES_AT_ONCE,
    EPOCH,
    EPOCH_AS_CHANGE,
    PARAMETERS,
    Forbidden,
)
from aboveboard_server.storage.incarnations import stands_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard_server.storage.forbidden import Change
    from aboveboard_server.storage.postgres_link import Connection

log = structlog.get_logger()


class Known(Forbidden):
    """What may not be stored, as it was at an epoch of the database.

    `epoch` never goes back: after a fall of the database's own it goes on from `floor`. From a fall on it is
    `suspended`: nothing may be stored until `resume` says that the lost changes were made again.
    """

    def __init__(self) -> None:
        super().__init__()
        # The incarnation of the database's epoch.
        self.incarnation = 0
        self.falls = 0
        self._is_loaded = False
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
            if self._is_loaded and not whole:
                changes = await _read(connection, self.moment[0])
                epoch = _epoch(changes)
                if self._continues(epoch):
                    self.take(changes)
                    _, _, _, self.incarnation = epoch
                    return
            await self._load_whole(connection)

    async def _load_whole(self, connection: Connection) -> None:
        """Read all of it, a part at a time: there may be a million opt-outs.

        What was known before holds until the last part is there: events are stored meanwhile.
        """
        # The epoch and all parts as of one moment.
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = await (await connection.execute(EPOCH_AS_CHANGE)).fetchall()
        _, _, epoch, incarnation = head = _epoch(found)
        if self._is_loaded and not self._continues(head):
            self._fall(epoch)
        known = Forbidden()
        known.base, known.floor = self.base, self.floor
        known.clear()
        async with connection.cursor(name="forbidden") as cursor:
            await cursor.execute(sql.FORBIDDEN, (BEGINNING,) * PARAMETERS)
            while part := await cursor.fetchmany(CHANGES_AT_ONCE):
                known.learn(part, self.base + epoch)
        await connection.execute("COMMIT")
        self.opted_out, self.erased, self.erased_epoch = known.opted_out, known.erased, known.erased_epoch
        self.epoch, self.incarnation = self.base + epoch, incarnation
        self._is_loaded = True

    async def refresh(self, connection: Connection) -> None:
        """Load where another process has changed something."""
        found = await (await connection.execute(sql.EPOCH)).fetchall()
        if found != [self.moment]:
            await self.load(connection)

    def resume(self, falls: int) -> None:
        """Let events be stored again, unless the database has fallen more often than so."""
        if falls == self.falls:
            self.suspended.clear()

    def _continues(self, head: Change) -> bool:
        """Whether what was known is a part of the history of an epoch that was read."""
        _, recent, epoch, _ = head
        return stands_at(recent or b"", epoch, *self.moment)

    def _fall(self, epoch: int) -> None:
        log.error("database_went_back", from_epoch=self.moment[0], to_epoch=epoch)
        # Whatever was read before is older than anything that is read from here on.
        self.floor = self.epoch + 1
        self.base = self.floor - epoch
        self.falls += 1
        self.suspended.set()


def _epoch(changes: Iterable[Change]) -> Change:
    for change in changes:
        if change[0] == EPOCH:
            return change
    # As while a dump is being restored.
    raise psycopg.OperationalError("the database has no epoch")


async def _read(connection: Connection, epoch: int) -> list[Change]:
    return await (await connection.execute(sql.FORBIDDEN, (epoch,) * PARAMETERS)).fetchall()
