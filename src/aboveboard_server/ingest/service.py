"""Takes requests, whichever door they came through: gate, validate, row, group commit, verdict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server.errors import ServiceError
from aboveboard_server.ingest.verdicts import duplicate, opted_out
from aboveboard_server.schema.rows import micros
from aboveboard_server.schema.validate import is_storable_time
from aboveboard_server.storage.ports import EventBatch

if TYPE_CHECKING:
    from aboveboard.telemetry.v1 import verdict_pb2 as v
    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.ingest.gate import Gate
    from aboveboard_server.ingest.group_commit import Future, GroupCommitter
    from aboveboard_server.ingest.sorter import Sorted, Sorter
    from aboveboard_server.ingest.sources import SourceReader

MAX_EVENTS = 1_000


def check_count(events: int) -> None:
    """Raise ServiceError where a request holds more events than are taken."""
    if events > MAX_EVENTS:
        text = f"{events} events; at most {MAX_EVENTS} are taken"
        raise ServiceError(reasons.ERROR_REASON_TOO_MANY_EVENTS, text, field="events")


class Outcome(NamedTuple):
    """What became of a request's events; `enabled` is whether its source may go on collecting."""

    accepted: int
    verdicts: list[v.EventVerdict]
    enabled: bool


class Publication:
    """A request on its way to the disk. `await` its answer or outcome once `done`, or at once."""

    def __init__(self, gate: Gate, request: ingest.PublishEventsRequest) -> None:
        self._gate = gate
        self._request = request
        self._sorted: Sorted | None = None
        self._commit: Future | None = None

    def wait_for(self, done: Sorted, commit: Future | None) -> None:
        """Let the answer wait for a commit of what was sorted."""
        self._sorted, self._commit = done, commit

    @property
    def done(self) -> bool:
        """Whether the answer is there without waiting."""
        return self._commit is None or self._commit.done()

    async def answer(self) -> ingest.PublishEventsResponse:
        """Return the whole answer, once everything accepted is durable."""
        outcome = await self.outcome()
        response = ingest.PublishEventsResponse(accepted_count=outcome.accepted, verdicts=outcome.verdicts)
        self.tell(response.collection_status, outcome)
        return response

    def tell(self, status: v.CollectionStatus, outcome: Outcome) -> None:
        """Fill in an answer's status."""
        self._gate.tell(status, enabled=outcome.enabled)

    async def outcome(self) -> Outcome:
        """Return the verdicts, once everything accepted is durable."""
        if self._sorted is None:
            return self._opted_out()
        verdicts = self._sorted.verdicts
        if self._commit is not None:
            result = await self._commit
            if result.opted_out:
                return self._opted_out()
            if result.duplicates:
                verdicts = self._with_duplicates(self._sorted, result.duplicates)
        return Outcome(len(self._request.events) - len(verdicts), verdicts, enabled=True)

    def _opted_out(self) -> Outcome:
        verdicts = [opted_out(index, event) for index, event in enumerate(self._request.events)]
        return Outcome(0, verdicts, enabled=False)

    def _with_duplicates(self, done: Sorted, duplicates: dict[str, list[int]]) -> list[v.EventVerdict]:
        by_index = {verdict.index: verdict for verdict in done.verdicts}
        for table, positions in duplicates.items():
            for position in positions:
                index = done.indices[table][position]
                by_index[index] = duplicate(index, self._request.events[index])
        return [by_index[index] for index in sorted(by_index)]


class IngestService:
    """What IngestService promises of events and collection status."""

    def __init__(self, sources: SourceReader, sorter: Sorter, gate: Gate, committer: GroupCommitter) -> None:
        self._sources = sources
        self._sorter = sorter
        self._gate = gate
        self._committer = committer

    async def publish(self, request: ingest.PublishEventsRequest) -> ingest.PublishEventsResponse:
        """Store a request's events; see PublishEvents in ingest_service.proto."""
        return await self.begin(request).answer()

    def begin(self, request: ingest.PublishEventsRequest) -> Publication:
        """Check and sort a request, and queue its rows; ServiceError where it is refused as a whole."""
        if not request.HasField("source"):
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        count = len(request.events)
        if not count:
            raise ServiceError(reasons.ERROR_REASON_EVENTS_MISSING, "at least 1 is required", field="events")
        check_count(count)
        source = self._sources.read(request.source)
        publication = Publication(self._gate, request)
        if self._gate.allows(source):
            received_at = time.time_ns() // 1_000
            done = self._sorter.sort(request.events, _skew(request, received_at))
            batch = EventBatch(source, received_at, done.rows, self._gate.epoch)
            publication.wait_for(done, self._committer.submit(batch) if done.rows else None)
        return publication

    def collection_status(self, source: Source) -> v.CollectionStatus:
        """Tell a source whether it may collect."""
        return self._gate.status(enabled=self._gate.allows(self._sources.read(source)))


def _skew(request: ingest.PublishEventsRequest, received_at: int) -> int:
    """Return how far the client's clock is behind the server's, in µs; 0 where it does not say."""
    # A time that is absent reads as 1970.
    sent_at = request.sent_at
    return received_at - micros(sent_at) if is_storable_time(sent_at) else 0
