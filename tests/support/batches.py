"""What tests give a store: rows made of events as the service makes them."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.contract.filled import fill
from tests.support.clients import element, new_id, ping

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.ids import uuid7
from aboveboard_server.ingest.sources import SourceReader
from aboveboard_server.privacy import pseudonyms
from aboveboard_server.privacy.users import Users
from aboveboard_server.schema import catalog, rows
from aboveboard_server.storage.forbidden import Forbidden
from aboveboard_server.storage.ports import ADMINISTRATOR, QUARANTINE, EventBatch, SubjectRecord
from aboveboard_server.storage.work import opt_outs, tombstones
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.privacy.company_keys import Company
    from aboveboard_server.schema.catalog import EventType
    from aboveboard_server.schema.rows import Row
    from aboveboard_server.storage.ports import EventStore, SourceRecord

SCHEMA = catalog.default()
KEY = b"k" * 32


class FixedKey(Users):
    """Users whose companies have one key, known without a store."""

    def __init__(self) -> None:
        """Need no store."""

    def known(self, company: Company, user_id: str) -> str:
        """Key with the one key."""
        del company
        return pseudonyms.rekey(KEY, user_id)


SOURCES = SourceReader(SCHEMA, KEY, FixedKey(), Forbidden())
MAKERS = {event.name: rows.row_maker(SCHEMA, event) for event in SCHEMA.events}
# Far from the clock of the test, and not a whole second.
RECEIVED_AT = 1_783_944_000_123_456

# Seconds for what takes one, on a machine that is busy with other tests.
PATIENCE = 30

# What a newer client's event may look like: bytes of any kind.
UNKNOWN_BYTES = b"\0bytes\xff"


def record(source: Source) -> SourceRecord:
    """Return a source as the store is given it."""
    found = SOURCES.read(source).record
    assert found is not None
    return found


def row(event: EventEnvelope, skew: int = 0) -> Row:
    """Return an event's row."""
    return MAKERS[str(event.WhichOneof("event"))](event, skew)


def batch_of(source: Source, *events: EventEnvelope, received_at: int = RECEIVED_AT) -> EventBatch:
    """Return a request's rows."""
    found: dict[str, list[Row]] = {}
    for event in events:
        found.setdefault(str(event.WhichOneof("event")), []).append(row(event))
    return batch_of_rows(record(source), found, received_at=received_at)


def batch_of_rows(
    source: SourceRecord, found: Mapping[str, list[Row]], *, received_at: int = RECEIVED_AT, epoch: int = 0
) -> EventBatch:
    """Return a request's rows, given by table."""
    values = {table: [value for one in made for value in one] for table, made in found.items()}
    return EventBatch(source, received_at, values, sum(map(len, found.values())), epoch)


def quarantined_batch(
    source: Source, *ids: str, received_at: int = RECEIVED_AT, number: int = 900
) -> EventBatch:
    """Return a request's events that this server does not know."""
    made: list[Row] = [
        (received_at - 1_000, event_id, received_at - 3_000, number, 2, UNKNOWN_BYTES) for event_id in ids
    ]
    return batch_of_rows(record(source), {QUARANTINE: made}, received_at=received_at)


async def opt_out(
    store: EventStore,
    subject: bytes,
    *,
    disabled: bool = True,
    origin: str = ADMINISTRATOR,
    stored_digest: bytes | None = None,
) -> None:
    """Switch a Subject's collection off, or on again."""
    named = SubjectRecord("SERVER", subject, stored_digest)
    act = Act("test", "opt out", subject)
    now = datetime.now(UTC)
    if disabled:
        made = str(uuid7())
        await store.work(opt_outs.create, named, opt_out_id=made, origin=origin, created_at=now, act=act)
    else:
        for made in await store.read(opt_outs.in_force, named, origin):
            await store.work(opt_outs.revoke, made, revoked_at=now, act=act)


def subject_of(source: Source) -> SubjectRecord:
    """Return a source's widest Subject."""
    return SubjectRecord("any", record(source).subjects[0])


async def entomb(store: EventStore, subject: SubjectRecord, cut_off: datetime) -> None:
    """Leave a tombstone, as a deletion does."""
    await store.work(tombstones.place, subject, cut_off, str(uuid7()))


def elements(*ids: str) -> list[EventEnvelope]:
    """Return an event for each id."""
    return [element(event_id=event_id) for event_id in ids]


def pings(*ids: str) -> list[EventEnvelope]:
    """Return a ping for each id."""
    return [ping(event_id=event_id) for event_id in ids]


def ids(count: int) -> list[str]:
    """Return so many new ids, in their order."""
    return sorted(new_id() for _ in range(count))


def random_id() -> str:
    """Return an id that says nothing of its time."""
    return str(uuid.uuid4())


def full(event: EventType) -> EventEnvelope:
    """Return an event with a value in every field."""
    envelope = EventEnvelope(event_id=random_id(), sequence=(1 << 32) - 1)
    envelope.occurred_at.FromMicroseconds(RECEIVED_AT)
    getattr(envelope, event.name).CopyFrom(fill(event.message))
    return envelope


def duplicates(results: list[Any]) -> list[Mapping[str, list[int]]]:
    """Return the duplicates of each batch."""
    return [result.duplicates for result in results]


async def comes_to_hold(holds: Callable[[], bool]) -> None:
    """Wait until something holds, which takes a second where nothing else keeps the machine busy."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it does not come to hold"
        await asyncio.sleep(0.01)
