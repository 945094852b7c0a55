"""What the PostgreSQL store writes, each in one transaction on a connection it is lent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import psycopg.errors as pg
import structlog
from psycopg.pq import ExecStatus

from aboveboard_server.errors import MonthBeingMadeError, StoreUnavailableError
from aboveboard_server.storage import postgres_sql as sql
from aboveboard_server.storage import postgres_wire as wire
from aboveboard_server.storage.partition_making import WITHOUT
from aboveboard_server.storage.ports import CommitResult
from aboveboard_server.storage.postgres_copy import HEADER, TRAILER
from aboveboard_server.storage.postgres_few import FEW, FewRows
from aboveboard_server.storage.postgres_link import first_line, roll_back
from aboveboard_server.storage.postgres_rows import BatchEncoder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from psycopg.pq.abc import PGresult

    from aboveboard_server.schema.rows import Row
    from aboveboard_server.storage.ports import EventBatch, Replay
    from aboveboard_server.storage.postgres_copy import TableCopy
    from aboveboard_server.storage.postgres_known import Known
    from aboveboard_server.storage.postgres_link import Connection
    from aboveboard_server.storage.postgres_registry import PostgresRegistry

log = structlog.get_logger()
T = TypeVar("T")

# How often a transaction is begun anew that others got in the way of, before the store counts as unavailable.
ATTEMPTS = 8
# No fault of the rows: a deadlock, or a partition that came to be meanwhile (CheckViolation: no table has a
# check of its own, but for a default partition beside which one is being made).
PASSING = (pg.DeadlockDetected, pg.SerializationFailure, pg.CheckViolation)
# The database is being restored, or is of an older schema since it was, or its role has lost a right.
NOT_WHOLE = (pg.UndefinedTable, pg.UndefinedColumn, pg.InsufficientPrivilege)


@dataclass(slots=True)
class _Load:
    """The rows of one table in one transaction, encoded, and where each came from."""

    rows: list[bytes] = field(default_factory=list)
    origins: list[tuple[CommitResult, int]] = field(default_factory=list)


class PostgresWriter:
    """Stores batches, optimistically by COPY: most of the time no event comes twice.

    Where one does, COPY fails as a whole, and the transaction is done again through staging tables.
    """

    def __init__(self, copies: Mapping[str, TableCopy], registry: PostgresRegistry, forbidden: Known) -> None:
        self._copies = copies
        self._encoder = BatchEncoder(copies)
        self._registry = registry
        self._forbidden = forbidden
        self._registry_epoch = -1
        self._few = FewRows(copies)

    def forget(self) -> None:
        """Forget which rows there are: the connection is a new one, and the database may be another."""
        self._registry.seen.forget()
        self._few.forget()

    def prepare(self, batch: EventBatch) -> None:
        """Encode a batch's rows; see EventStore.prepare."""
        self._encoder.prepare(batch, self._registry.known_id(batch))

    async def commit(self, connection: Connection, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """Store batches in one transaction; see EventStore.commit."""
        return await self._repeat(connection, lambda staged: self._commit(connection, batches, staged=staged))

    async def replay(self, connection: Connection, items: Sequence[Replay]) -> list[str]:
        """Move quarantined events to their tables; see EventStore.replay."""
        return await self._repeat(connection, lambda _: self._replay(connection, items))

    async def _repeat(self, connection: Connection, work: Callable[[bool], Awaitable[T]]) -> T:
        """Do a transaction, and do it again where its ground has moved; `work` is told whether to stage."""
        try:
            return await self._until_done(connection, work)
        except NOT_WHOLE as error:
            # Whatever it was done for, such as to read what another server has changed.
            log.error("store_unavailable", error=first_line(error))  # noqa: TRY400  # its text may repeat data
            raise StoreUnavailableError from error

    async def _until_done(self, connection: Connection, work: Callable[[bool], Awaitable[T]]) -> T:
        staged = False
        last: Exception | None = None
        seen = self._registry.seen
        for _ in range(ATTEMPTS):
            if self._forbidden.suspended.is_set():
                raise StoreUnavailableError
            if self._registry_epoch != self._forbidden.epoch:
                # Rows of the registry may have been erased at the same time.
                seen.forget()
                self._registry_epoch = self._forbidden.epoch
            try:
                done = await work(staged)
            except pg.DivisionByZero:
                # The epoch is another, see postgres_sql.begin.
                await roll_back(connection)
                await self._forbidden.load(connection)
            except pg.InvalidSqlStatementName as error:
                # Somebody has dropped what this session had prepared, all of it or a part.
                await roll_back(connection)
                await connection.execute("DEALLOCATE ALL")
                self._few.forget()
                last = error
            except (pg.UniqueViolation, *PASSING) as error:
                await roll_back(connection)
                if WITHOUT in (error.diag.constraint_name or ""):
                    raise MonthBeingMadeError from error
                log.debug("commit_repeated", error=type(error).__name__, staged=staged)
                staged = True
                last = error
            else:
                seen.keep_committed()
                return done
            finally:
                seen.forget_uncommitted()
        raise StoreUnavailableError from last

    async def _commit(
        self, connection: Connection, batches: Sequence[EventBatch], *, staged: bool
    ) -> list[CommitResult]:
        begin, forbidden = sql.begin(*self._forbidden.moment), self._forbidden
        results = [
            CommitResult(
                opted_out=not forbidden.allows(batch.source.subjects),
                stale=forbidden.erased_since(batch.source.subjects, batch.epoch),
            )
            for batch in batches
        ]
        taken = [
            (batch, result)
            for batch, result in zip(batches, results, strict=True)
            if not (result.opted_out or result.stale)
        ]
        if due := self._registry.due(batch for batch, _ in taken):
            await wire.run(connection.pgconn, begin)
            await self._registry.touch(connection, due)
            begin = ""
        loads: dict[str, _Load] = {}
        for batch, result in taken:
            for table, encoded in self._encoder.rows(batch, self._registry.source_id(batch)).items():
                load = loads.setdefault(table, _Load())
                load.rows += encoded
                if staged:
                    load.origins += [(result, position) for position in range(len(encoded))]
        await (self._stage if staged else self._copy)(connection, begin, loads)
        return results

    async def _copy(self, connection: Connection, begin: str, loads: Mapping[str, _Load]) -> None:
        """Copy into the tables themselves and commit; UniqueViolation where any row is there already."""
        for load in loads.values():
            # In the order of the keys: it spares the index work, and two transactions a deadlock.
            load.rows.sort()
        tables = sorted(loads)
        if begin and sum(len(load.rows) for load in loads.values()) <= FEW:
            rows = [(table, row) for table in tables for row in loads[table].rows]
            await self._few.store(connection.pgconn, self._forbidden.moment, rows)
            return
        await _finish(
            connection,
            [begin, *(self._copies[table].into for table in tables)],
            [[HEADER, *loads[table].rows, TRAILER] for table in tables],
        )

    async def _stage(self, connection: Connection, begin: str, loads: Mapping[str, _Load]) -> None:
        """Store what is not there already and commit; mark every other row as a duplicate."""
        tables = sorted(loads)
        firsts: list[list[bytes]] = []
        for table in tables:
            key_of = self._copies[table].key_of
            # Of two rows with one key in this transaction the first counts.
            first = {key_of(row): row for row in reversed(loads[table].rows)}
            firsts.append([HEADER, *first.values(), TRAILER])
        results = await _finish(
            connection, [begin, *(sql.staged(self._copies[table]) for table in tables)], firsts
        )
        returned = [result for result in results if result.status == ExecStatus.TUPLES_OK]
        # What `begin` returns comes first; there may be no table, where nothing may be stored any more.
        for table, result in zip(tables, returned[len(returned) - len(tables) :], strict=True):
            stored = _keys(result)
            for row, (became, position) in zip(loads[table].rows, loads[table].origins, strict=True):
                key = self._copies[table].key_of(row)
                if key in stored:
                    stored.remove(key)
                else:
                    became.duplicates.setdefault(table, []).append(position)

    async def _replay(self, connection: Connection, items: Sequence[Replay]) -> list[str]:
        await wire.run(connection.pgconn, sql.begin(*self._forbidden.moment))
        sources = [item.source_id for item in items]
        living = await _ids(connection, sql.LIVING_SOURCES, sources)
        # What is left of the others is the deletion's to remove, and to count.
        wanted = [item.quarantined_event_id for item in items if item.source_id in living]
        taken = await _ids(connection, sql.TAKE_QUARANTINED, wanted)
        outcomes: list[str | CommitResult] = []
        loads: dict[str, _Load] = {}
        for item in items:
            if item.source_id not in living:
                outcomes.append("SUBJECT_ERASED")
            elif item.quarantined_event_id not in taken:
                # Another server has replayed it meanwhile, or it has expired: it must not come back.
                outcomes.append("DUPLICATE")
            elif not self._forbidden.allows(item.subjects):
                outcomes.append("OPTED_OUT")
            elif self._forbidden.erased_since(item.subjects, item.epoch):
                outcomes.append("SUBJECT_ERASED")
            elif item.row is None:
                outcomes.append("DROPPED")
            else:
                outcomes.append(self._load(loads, item, item.row))
        await self._stage(connection, "", loads)
        return [
            outcome if isinstance(outcome, str) else "DUPLICATE" if outcome.duplicates else "REPLAYED"
            for outcome in outcomes
        ]

    def _load(self, loads: dict[str, _Load], item: Replay, row: Row) -> CommitResult:
        result = CommitResult()
        load = loads.setdefault(item.table, _Load())
        load.rows += self._copies[item.table].encode(row, item.source_id, item.received_at)
        load.origins.append((result, 0))
        return result


async def _finish(
    connection: Connection, statements: Sequence[str], payloads: Sequence[Iterable[bytes]]
) -> list[PGresult]:
    """Run statements and commit; return only when the database has said that it is committed."""
    return await wire.commit(connection.pgconn, ";".join(filter(None, statements)), payloads)


async def _ids(connection: Connection, statement: str, ids: Sequence[int]) -> set[int]:
    """Return which of these ids a statement finds."""
    return {found for (found,) in await (await connection.execute(statement, [ids])).fetchall()}


def _keys(result: PGresult) -> set[bytes]:
    values = (result.get_value(row, 0) for row in range(result.ntuples))
    return {bytes.fromhex(value.decode()) for value in values if value is not None}
