"""Takes requests, whichever door they came through: gate, validate, row, group commit, verdict."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server import metrics
from aboveboard_server.errors import ServiceError, StoreUnavailableError
from aboveboard_server.ingest.group_commit import NOTHING
from aboveboard_server.ingest.verdicts import duplicate, opted_out
from aboveboard_server.schema.rows import micros
from aboveboard_server.schema.validate import is_storable_time
from aboveboard_server.storage.ports import CommitResult, EventBatch

if TYPE_CHECKING:
    from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
    from aboveboard.telemetry.v1 import verdict_pb2 as v
    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.ingest.gate import Gate
    from aboveboard_server.ingest.group_commit import Future, GroupCommitter
    from aboveboard_server.ingest.sorter import Sorted, Sorter
    from aboveboard_server.ingest.sources import Sender, SourceReader

MAX_EVENTS = 1_000
# How often a request is sorted that deletions of its Subject overtake, before it is sent back.
ATTEMPTS = 4
# What becomes of a request without a commit where what forbids it is news.
STALE = CommitResult(stale=True)
# A request of fewer events waits to be sorted until its commit begins, when all of a group are, one after the
# other: what sorting takes is then in the processor's caches, and lets a small request cost half as much.
# Sorting a larger one meanwhile keeps the store from waiting for it.
FEW_EVENTS = 8


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
    """A request on its way to the disk. `await` its answer or outcome once `done`, or at once.

    `is_bound` is what the gate must know of its caller, whoever sorts and answers it later.
    """

    def __init__(
        self, service: IngestService, request: ingest.PublishEventsRequest, *, is_bound: bool
    ) -> None:
        self._service = service
        self.request = request
        self._is_bound = is_bound
        self.received_at = time.time_ns() // 1_000
        self.sender: Sender
        self._epoch = 0
        self._sorted: Sorted | None = None
        self._became: CommitResult | Future | None = NOTHING

    def sent_by(self, sender: Sender, epoch: int) -> None:
        """Begin anew, with what was known of its sender at an epoch."""
        self.sender, self._epoch = sender, epoch
        self._sorted, self._became = None, NOTHING

    @property
    def is_held(self) -> bool:
        """Whether it has events that are not queued, as nothing is kept of their sender yet."""
        return self._became is None

    def hold(self) -> None:
        """Have nothing queued before `IngestService.record` has kept its sender."""
        self._became = None

    def wait_for(self, became: CommitResult | Future) -> None:
        """Let the answer wait for a commit; without one nothing is to be stored, or its sender opted out."""
        self._became = became

    def sort(self) -> Sorted:
        """Sort the events by what is known now."""
        self._sorted = self._service.sort(
            self.request, self.received_at, self.sender, is_bound=self._is_bound
        )
        return self._sorted

    def batch(self) -> EventBatch | None:
        """Sort the events of a sender whose record is known, and return the rows; None if there are none."""
        done, record = self._sorted or self.sort(), self.sender.record
        if not done.values or record is None:
            return None
        batch = EventBatch(record, self.received_at, done.values, done.size, self._epoch)
        # The batch has them: they are gone the sooner, and from a warm cache.
        done.values = {}
        return batch

    @property
    def done(self) -> bool:
        """Whether the answer is there without waiting."""
        became = self._became
        return became is not None and (isinstance(became, CommitResult) or became.done())

    async def answer(self) -> ingest.PublishEventsResponse:
        """Return the whole answer, once everything accepted is durable."""
        outcome = await self.outcome()
        gate = self._service.gate
        response = gate.response(self.sender, enabled=outcome.enabled, is_bound=self._is_bound)
        response.accepted_count = outcome.accepted
        if outcome.verdicts:
            response.verdicts.extend(outcome.verdicts)
        return response

    def tell(self, status: v.CollectionStatus, outcome: Outcome) -> None:
        """Fill in an answer's status."""
        self._service.gate.tell(status, self.sender, enabled=outcome.enabled, is_bound=self._is_bound)

    async def outcome(self) -> Outcome:
        """Return the verdicts, once everything accepted is durable, and count them."""
        for attempt in range(ATTEMPTS):
            if attempt:
                # A Subject of the source was deleted meanwhile.
                self._service.submit(self)
            if self.is_held:
                await self._service.record(self)
            if isinstance(self._became, asyncio.Future):
                await self._became
            outcome = self.outcome_by_now()
            if outcome is not None:
                return outcome
        raise StoreUnavailableError

    def outcome_by_now(self) -> Outcome | None:
        """Return what `outcome` does where that is known without waiting, None where it is not."""
        became = self._became
        if isinstance(became, asyncio.Future):
            if not became.done():
                return None
            became = became.result()
        if became is None:
            return None
        if self._sorted is None or became.opted_out:
            outcome = self._opted_out()
        elif became.stale:
            return None
        else:
            verdicts = self._sorted.verdicts
            if became.duplicates:
                verdicts = self._with_duplicates(self._sorted, became.duplicates)
            outcome = Outcome(len(self.request.events) - len(verdicts), verdicts, enabled=True)
        metrics.count_events(outcome.accepted, outcome.verdicts)
        return outcome

    def _opted_out(self) -> Outcome:
        verdicts = [opted_out(index, event) for index, event in enumerate(self.request.events)]
        return Outcome(0, verdicts, enabled=False)

    def _with_duplicates(self, done: Sorted, duplicates: dict[str, list[int]]) -> list[v.EventVerdict]:
        by_index = {verdict.index: verdict for verdict in done.verdicts}
        for table, positions in duplicates.items():
            for position in positions:
                index = done.indices[table][position]
                by_index[index] = duplicate(index, self.request.events[index])
        return [by_index[index] for index in sorted(by_index)]


class IngestService:
    """What IngestService promises of events and collection status.

    `is_bound` is whether the caller's write key is bound to the source's company; see `Gate`.
    """

    def __init__(self, sources: SourceReader, sorter: Sorter, gate: Gate, committer: GroupCommitter) -> None:
        self._sources = sources
        self._sorter = sorter
        self.gate = gate
        self._committer = committer

    async def publish(
        self, request: ingest.PublishEventsRequest, *, is_bound: bool = False
    ) -> ingest.PublishEventsResponse:
        """Store a request's events; see PublishEvents in ingest_service.proto."""
        return await self.begin(request, is_bound=is_bound).answer()

    def begin(self, request: ingest.PublishEventsRequest, *, is_bound: bool = False) -> Publication:
        """Check and sort a request, and queue its rows; ServiceError where it is refused as a whole.

        Where it `is_held`, `record` queues them; whoever waits for its outcome need not ask.
        """
        if not request.HasField("source"):
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        count = len(request.events)
        if not count:
            raise ServiceError(reasons.ERROR_REASON_EVENTS_MISSING, "at least 1 is required", field="events")
        check_count(count)
        publication = Publication(self, request, is_bound=is_bound)
        self.submit(publication)
        return publication

    def submit(self, publication: Publication) -> None:
        """Queue what may be stored of a request by what is known now; once more where that was outdated."""
        request, epoch = publication.request, self.gate.epoch
        sender = self._sources.read(request.source)
        publication.sent_by(sender, epoch)
        if not self.gate.allows(sender):
            return
        count = len(request.events)
        if sender.record is None:
            if publication.sort().values:
                publication.hold()
        elif count < FEW_EVENTS:
            publication.wait_for(self._committer.submit_later(count, publication.batch))
        elif (batch := publication.batch()) is not None:
            publication.wait_for(self._committer.submit(batch))

    async def record(self, publication: Publication) -> None:
        """Keep the sender of a request that is held, and queue its rows."""
        if await self._sources.record(publication.sender) is None:
            publication.wait_for(STALE)
        elif (batch := publication.batch()) is not None:
            publication.wait_for(self._committer.submit(batch))

    def sort(
        self, request: ingest.PublishEventsRequest, received_at: int, sender: Sender, *, is_bound: bool
    ) -> Sorted:
        """Sort a request's events; what a deletion of its sender's forbids gets a verdict."""
        done = self._sorter.sort(request.events, _skew(request, received_at))
        cut_off = self.gate.cut_off(sender, is_bound=is_bound)
        if cut_off is not None:
            done.drop_erased(request.events, cut_off)
        return done

    def collection_status(self, source: Source, *, is_bound: bool = False) -> v.CollectionStatus:
        """Tell a source whether it may collect."""
        return self.gate.status(self._sources.read(source), is_bound=is_bound)


def _skew(request: ingest.PublishEventsRequest, received_at: int) -> int:
    """Return how far the client's clock is behind the server's, in µs; 0 where it does not say."""
    # A time that is absent reads as 1970.
    sent_at = request.sent_at
    return received_at - micros(sent_at) if is_storable_time(sent_at) else 0
