"""The PostgreSQL store: any number of servers on one database.

Each process has two connections in the event loop, where a commit costs the least: one takes events, one does
what is as short. Units of work have others, in threads: who reads for long holds up nobody who writes, and
neither of them what is urgent. More processes, not more connections, make it faster.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import structlog

from aboveboard_server import metrics
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.schema import catalog as schema_catalog
from aboveboard_server.schema import rows, tables
from aboveboard_server.storage import postgres_sql as sql
from aboveboard_server.storage import postgres_wire as wire
from aboveboard_server.storage import unit_of_work
from aboveboard_server.storage.columns import UtcMicros, postgresql_type
from aboveboard_server.storage.ports import QUARANTINE, QUARANTINE_COLUMNS, QuarantinedEvent
from aboveboard_server.storage.postgres_alone import alone
from aboveboard_server.storage.postgres_connect import UnfitError
from aboveboard_server.storage.postgres_copy import TableCopy, table_copy
from aboveboard_server.storage.postgres_known import Known
from aboveboard_server.storage.postgres_link import Link, first_line
from aboveboard_server.storage.postgres_loss import estimate_loss
from aboveboard_server.storage.postgres_registry import PostgresRegistry
from aboveboard_server.storage.postgres_sessions import PostgresSessions
from aboveboard_server.storage.postgres_writer import PostgresWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import MetaData, Table

    from aboveboard_server.background import Background, Loop
    from aboveboard_server.schema.catalog import Catalog, EventType
    from aboveboard_server.storage.forbidden import Forbidden
    from aboveboard_server.storage.maintenance import Maintenance
    from aboveboard_server.storage.ports import CommitResult, EventBatch, Loss, P, Replay, Unit
    from aboveboard_server.storage.postgres_link import Connection

T = TypeVar("T")
log = structlog.get_logger()

# Connections for units that write, and for those that read; they are made when they are first needed.
WORKING = 2
READING = 2
# Seconds that the database may take for what is urgent. It waits for nobody, so that it is asked again soon.
URGENT_SECONDS = 3
# Seconds between two looks at the epoch: what another server changed is known within one.
POLL_SECONDS = 0.5
# Seconds between two looks at the partitions, which are made months ahead.
MAINTENANCE_SECONDS = 3_600.0


class PostgresStore:
    """Keeps the EventStore contract on a database whose schema is up to date.

    `parameters` are libpq's; `maintenance` is called now and then in a thread.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        maintenance: Maintenance,
        background: Background,
        catalog: Catalog | None = None,
    ) -> None:
        catalog = catalog or schema_catalog.default()
        metadata = tables.import_all()
        self._source_columns = rows.source_columns(catalog)
        self._source_reads = [_plain(metadata.tables["source"], name) for name in self._source_columns]
        self._maintenance = maintenance
        self._parameters = parameters
        self._background = background
        self._events = [event.name for event in catalog.events]
        self._forbidden = Known()
        self._writer = PostgresWriter(
            table_copies(catalog, metadata), PostgresRegistry(metadata, self._source_columns), self._forbidden
        )
        self._ingest = Link("ingest", parameters, self._prepare_ingest, background)
        self._service = Link("service", parameters, self._prepare_service, background)
        self._working = PostgresSessions("work", parameters, WORKING)
        self._reading = PostgresSessions("read", parameters, READING)
        self._urgent = PostgresSessions("urgent", parameters, 1, URGENT_SECONDS)
        self._loops: list[Loop] = []
        # The fingerprints of the keys that the database belongs to; whether another one has taken its place.
        self._pinned: dict[str, str] = {}
        self._is_foreign = False

    async def open(self) -> None:
        """Connect; StartupError where that cannot be done."""
        try:
            await self._ingest.open()
            await self._service.open()
        except BaseException:
            await self.close()
            raise
        self._loops = [
            self._background.start("epoch", self._poll),
            self._background.start("partitions", self._keep_partitions),
        ]

    def prepare(self, batch: EventBatch) -> None:
        """See EventStore.prepare."""
        self._writer.prepare(batch)

    async def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """See EventStore.commit."""
        async with self._ingest.use() as connection:
            return await self._writer.commit(connection, batches)

    async def probe(self) -> None:
        """See EventStore.probe."""
        async with self._ingest.use() as connection:
            if self._forbidden.suspended.is_set():
                raise StoreUnavailableError
            await wire.commit(connection.pgconn, f"BEGIN;{sql.PROBE}")

    async def size(self) -> int:
        """See EventStore.size."""
        async with self._service.use() as connection:
            ((size,),) = await (await connection.execute(sql.SIZE)).fetchall()
            return int(size)

    async def replay(self, items: Sequence[Replay]) -> list[str]:
        """See EventStore.replay."""
        # On the connection of events: the registry and its memory know one transaction at a time.
        async with self._ingest.use() as connection:
            return await self._writer.replay(connection, items)

    async def work(self, unit: Unit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """See EventStore.work."""
        if self._is_foreign or (unit_of_work.is_obeying(unit) and self._forbidden.suspended.is_set()):
            raise StoreUnavailableError
        done = await self._working.work(unit, args, kwargs)
        if unit_of_work.is_forbidding(unit) or unit_of_work.is_obeying(unit):
            async with self._service.use() as connection:
                await self._forbidden.load(connection)
        return done

    async def read(self, unit: Unit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """See EventStore.read."""
        if self._is_foreign:
            raise StoreUnavailableError
        sessions = self._urgent if unit_of_work.is_urgent(unit) else self._reading
        return await sessions.read(unit, args, kwargs)

    def alone(self, task: str) -> AbstractAsyncContextManager[bool]:
        """See EventStore.alone."""
        return alone(self._parameters, task)

    @property
    def forbidden(self) -> Forbidden:
        """See EventStore.forbidden."""
        return self._forbidden

    async def rolled_back(self) -> int:
        """See EventStore.rolled_back."""
        await self._forbidden.suspended.wait()
        return self._forbidden.falls

    def resume(self, rollbacks: int) -> None:
        """See EventStore.resume."""
        self._forbidden.resume(rollbacks)

    async def quarantined(
        self, *, before: int | None = None, after: int | None = None, limit: int, whole: bool = False
    ) -> list[QuarantinedEvent]:
        """See EventStore.quarantined."""
        where, order, bound = (
            ("quarantined_event_id > %s", "ASC", after)
            if after is not None
            else ("quarantined_event_id < coalesce(%s, 9223372036854775807)", "DESC", before)
        )
        extra = ["envelope", "source_id", "origin", *self._source_reads] if whole else []
        async with self._service.use() as connection:
            cursor = await connection.execute(sql.quarantined(where, order, extra), (bound, limit))
            found = await cursor.fetchall()
        head = 10 if whole else 7
        return [QuarantinedEvent(*row[:head], *([row[head:]] if whole else [])) for row in found]

    @property
    def scrubs(self) -> bool:
        """See EventStore.scrubs. Its files are PostgreSQL's own, and so are its log and its statistics."""
        return False

    async def scrub(self, *, quiet_seconds: float) -> bool:  # noqa: ARG002  # as the port has it
        """See EventStore.scrub."""
        return False

    async def empty_log(self) -> bool:
        """See EventStore.empty_log: PostgreSQL's log is its operator's, and goes with its archives."""
        return False

    async def make_room(self) -> None:
        """See EventStore.make_room: PostgreSQL's disk is its operator's."""

    async def pin_keys(self, fingerprints: Mapping[str, str]) -> list[str]:
        """See EventStore.pin_keys."""
        async with self._service.use() as connection:
            await connection.execute("BEGIN")
            for pin in fingerprints.items():
                await connection.execute(sql.PIN_KEYS, pin)
            known: dict[str, str] = dict(await (await connection.execute(sql.PINNED_KEYS)).fetchall())
            await wire.commit(connection.pgconn)
        self._pinned |= {name: known[name] for name in fingerprints if known[name] == fingerprints[name]}
        return [name for name, fingerprint in fingerprints.items() if known[name] != fingerprint]

    async def loss(self, *, first_day: int, last_day: int, solution: str) -> list[Loss]:
        """See EventStore.loss."""
        return await estimate_loss(self._parameters, self._events, first_day, last_day, solution)

    async def close(self) -> None:
        """See EventStore.close."""
        for loop in self._loops:
            await loop.stop()
        # Its thread goes on without the task that waited for it.
        await asyncio.to_thread(self._maintenance.stop)
        await self._ingest.close()
        await self._service.close()
        for sessions in (self._working, self._reading, self._urgent):
            sessions.close()

    async def _prepare_ingest(self, connection: Connection) -> None:
        self._writer.forget()
        await self._prepare_service(connection)

    async def _prepare_service(self, connection: Connection) -> None:
        await self._refuse_foreign(connection)
        await self._forbidden.load(connection, whole=True)

    async def _refuse_foreign(self, connection: Connection) -> None:
        """Raise UnfitError where what is reached now belongs to other keys: its opt-outs bind nobody here."""
        known: dict[str, str] = dict(await (await connection.execute(sql.PINNED_KEYS)).fetchall())
        # An older state of our own may not have been pinned yet.
        foreign = [name for name, ours in self._pinned.items() if known.get(name, ours) != ours]
        self._is_foreign = bool(foreign)
        if foreign:
            raise UnfitError(
                f"the {foreign[0]} key of this server is not the one this database belongs to: another"
                " has taken its own's place; put that back, or start the server with the right --key-dir"
            )

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                async with self._service.use() as connection:
                    await self._forbidden.refresh(connection)
            except StoreUnavailableError:
                # The link tries again by itself; until then no commit works either.
                continue
            except psycopg.Error as error:
                # As where a table is gone for a moment: the epoch is looked at as long as the server runs.
                log.warning("epoch_not_read", error=first_line(error))

    async def _keep_partitions(self) -> None:
        while True:
            missing = await asyncio.to_thread(self._maintenance)
            if missing is not None:
                metrics.PARTITIONS_MISSING.set(missing)
            await asyncio.sleep(MAINTENANCE_SECONDS)


def table_copies(catalog: Catalog, metadata: MetaData) -> dict[str, TableCopy]:
    """Return how to copy rows of each table that events go to, by its name."""
    copies = {
        event.name: table_copy(
            metadata.tables[event.name], rows.columns(catalog, event), ("event_id",), _repetitive(event)
        )
        for event in catalog.events
    }
    copies[QUARANTINE] = table_copy(
        metadata.tables[QUARANTINE], QUARANTINE_COLUMNS, ("event_id", "event_field_number")
    )
    return copies


def _repetitive(event: EventType) -> frozenset[str]:
    """Return the fields that hold one of a few texts."""
    return frozenset(
        field.name
        for field in event.fields
        if field.descriptor.enum_type is not None or field.policy.format in {"OPEN_ENUM", "VERSION"}
    )


def _plain(table: Table, name: str) -> str:
    """Read a column as the plain value that a row holds."""
    column_type = table.columns[name].type
    if isinstance(column_type, UtcMicros):
        return sql.micros(f"{table.name}.{name}")
    as_text = postgresql_type(column_type) in {"UUID", "JSONB"}
    return f"{table.name}.{name}{'::text' if as_text else ''}"
