"""Everything held on a Subject, as the protos themselves, a page at a time."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from aboveboard.admin.v1.admin_service_pb2 import (
    ExportedEvent,
    ExportedQuarantinedEvent,
    ExportedSource,
    ExportSubjectDataRequest,
)
from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataResponse as Record
from aboveboard.admin.v1.quarantine_pb2 import QuarantinedEvent
from aboveboard_server.privacy.companies import company_message
from aboveboard_server.privacy.deletion_messages import deletion_message
from aboveboard_server.privacy.installations import deployments_of
from aboveboard_server.privacy.key_messages import key_message
from aboveboard_server.privacy.opt_outs import opt_out_message
from aboveboard_server.schema import messages
from aboveboard_server.schema.rows import CORRECTED
from aboveboard_server.storage.access_tables import AccessKeyRow
from aboveboard_server.storage.ports import QUARANTINE
from aboveboard_server.storage.privacy_tables import DeletionRow, OptOutRow
from aboveboard_server.storage.tables import CompanyRow
from aboveboard_server.storage.work import audit
from aboveboard_server.storage.work import exporting as work
from aboveboard_server.storage.work.audit import Act
from aboveboard_server.storage.work.installations import Start

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import timedelta

    from sqlmodel import SQLModel

    from aboveboard_server.privacy.named import SubjectReader
    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.storage.ports import EventStore, SubjectRecord
    from aboveboard_server.storage.work.exporting import Stored

    Row = TypeVar("Row", bound=SQLModel)

# Rows that one transaction reads, and what is in memory of an export: as many as a request may have sent.
PAGE = 1_000
SOURCES_AT_ONCE = 200

# The tables that erasure reaches and that have records of their own, beside those of what sources have sent.
TOLD = {"company", "access_key", "deployment", "opt_out", "deletion", "source"}
# Those that it reaches and that have none, and why.
LEFT_OUT = {
    "company_key": "a random key that only the server can open, and no data of anyone",
    "server": "a server's UUID and when it was seen, as its sources tell",
}


class Exporter:
    """What ExportSubjectData promises; `lapse` is how long a deletion may wait."""

    def __init__(
        self, store: EventStore, subjects: SubjectReader, catalog: Catalog, lapse: timedelta | None = None
    ) -> None:
        self._store = store
        self._lapse = lapse
        self._subjects = subjects
        self._event = {event.name: messages.event_maker(catalog, event) for event in catalog.events}
        self._source = {origin.name: messages.source_maker(origin) for origin in catalog.origins}

    async def records(self, request: ExportSubjectDataRequest, actor: str) -> AsyncGenerator[Record, None]:
        """Yield all records; the audit log tells of it before the first."""
        subject = await self._subjects.read(request)
        act = Act(actor, "ExportSubjectData", subject.digest, details=subject.kind)
        await self._store.work(audit.append, act)
        for part in (self._registry, self._requests, self._sent):
            async with aclosing(part(subject)) as found:
                async for record in found:
                    yield record

    def tells_of(self, table: str) -> bool:
        """Whether an export tells of a table, or leaves it out for a reason."""
        return table in TOLD or table in LEFT_OUT or table in self._event or table == QUARANTINE

    async def _registry(self, subject: SubjectRecord) -> AsyncGenerator[Record, None]:
        async for company in self._rows(CompanyRow, subject, "company_id"):
            yield Record(company=company_message(company))
        async for key in self._rows(AccessKeyRow, subject, "key_id"):
            yield Record(key=key_message(key))
        start = None
        while chunk := await self._store.read(work.deployments, subject, start=start, limit=PAGE):
            for installation in chunk:
                for message in deployments_of(installation):
                    yield Record(deployment=message)
            start = Start(chunk[-1].key)

    async def _requests(self, subject: SubjectRecord) -> AsyncGenerator[Record, None]:
        async for opt_out in self._rows(OptOutRow, subject, "opt_out_id"):
            yield Record(opt_out=opt_out_message(opt_out))
        async for deletion in self._rows(DeletionRow, subject, "deletion_id"):
            yield Record(deletion=deletion_message(deletion, self._lapse))

    async def _rows(
        self, row_class: type[Row], subject: SubjectRecord, key: str
    ) -> AsyncGenerator[Row, None]:
        after = None
        while page := await self._store.read(work.keyed, row_class, subject, after=after, limit=PAGE):
            for row in page:
                yield row
            after = (getattr(page[-1], key),)

    async def _sent(self, subject: SubjectRecord) -> AsyncGenerator[Record, None]:
        after = 0
        while sources := await self._store.read(work.sources, subject, after=after, limit=SOURCES_AT_ONCE):
            for source in sources:
                yield self._source_record(source)
            ids = [_number(source, "source_id") for source in sources]
            left = await self._store.read(work.places, ids)
            while left:
                rows, left = await self._store.read(work.sent, left, limit=PAGE)
                for row in rows:
                    yield self._event_record(row)
            after = ids[-1]

    def _source_record(self, row: Stored) -> Record:
        return Record(
            source=ExportedSource(
                source_ref=_number(row, "source_id"),
                source=self._source[str(row.values["origin"])](row.values),
                first_seen_at=messages.timestamp(_number(row, "first_seen_at")),
                last_seen_at=messages.timestamp(_number(row, "last_seen_at")),
            )
        )

    def _event_record(self, row: Stored) -> Record:
        source_ref = _number(row, "source_id")
        if row.table == QUARANTINE:
            return Record(quarantined_event=_quarantined(row, source_ref))
        return Record(
            event=ExportedEvent(
                source_ref=source_ref,
                event=self._event[row.table](row.values),
                received_at=messages.timestamp(_number(row, "received_at")),
                occurred_at_corrected=messages.timestamp(_number(row, CORRECTED)),
            )
        )


def _quarantined(row: Stored, source_ref: int) -> ExportedQuarantinedEvent:
    payload: Any = row.values["envelope"]
    reason: Any = row.values["reason"]
    return ExportedQuarantinedEvent(
        source_ref=source_ref,
        quarantined_event=QuarantinedEvent(
            quarantined_event_id=_number(row, "quarantined_event_id"),
            event_field_number=_number(row, "event_field_number"),
            event_id=str(row.values["event_id"]),
            size_bytes=len(payload),
            received_at=messages.timestamp(_number(row, "received_at")),
            reason=reason,
        ),
        payload=payload,
    )


def _number(row: Stored, column: str) -> int:
    value: Any = row.values[column]
    return int(value)
