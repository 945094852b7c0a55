"""What must hold of any request that was read, whatever bytes it was read from."""

from __future__ import annotations

import marshal
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.support.batches import KEY, FixedKey

from aboveboard_server.errors import ServiceError
from aboveboard_server.ingest.service import MAX_EVENTS
from aboveboard_server.ingest.sorter import Sorter
from aboveboard_server.ingest.sources import SourceReader
from aboveboard_server.ingest.verdicts import ID_LENGTH
from aboveboard_server.schema import catalog, tables
from aboveboard_server.storage.forbidden import Forbidden
from aboveboard_server.storage.postgres import table_copies

if TYPE_CHECKING:
    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
    from aboveboard_server.ingest.sorter import Sorted

SCHEMA = catalog.default()
FAST, REFERENCE = Sorter(SCHEMA), Sorter(SCHEMA, fast={})
COPIES = table_copies(SCHEMA, tables.import_all())


def published(request: PublishEventsRequest) -> None:
    """Sort a request's events as the service does: each has one row or one verdict, and stores take the rows.

    AssertionError where that does not hold.
    """
    events = list(request.events)[:MAX_EVENTS]
    with suppress(ServiceError):
        # A reader of its own: what one remembers would grow with every input.
        SourceReader(SCHEMA, KEY, FixedKey(), Forbidden()).read(request.source)
    done = FAST.sort(events, 0)
    assert repr(done) == repr(REFERENCE.sort(events, 0)), (
        "the compiled extractors disagree with the reference"
    )
    _check_verdicts(done, len(events))
    marshal.dumps(done.values)
    for table, values in done.values.items():
        assert len(COPIES[table].encode(values, 1, 0)) == len(done.rows(table)) == len(done.indices[table])
        assert not any(isinstance(value, str) and "\0" in value for value in values)


def _check_verdicts(done: Sorted, count: int) -> None:
    judged = [verdict.index for verdict in done.verdicts]
    assert judged == sorted(set(judged))
    quarantined = {index for table in done.indices for index in done.indices[table]} & set(judged)
    stored = sum(map(len, done.indices.values()))
    assert stored + len(judged) - len(quarantined) == count
    for verdict in done.verdicts:
        assert len(verdict.event_id) <= ID_LENGTH
