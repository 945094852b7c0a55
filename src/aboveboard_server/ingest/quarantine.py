"""Events that a newer client sent before this server knew them: listed, and replayed after an upgrade."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from aboveboard.admin.v1 import quarantine_pb2 as q
from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.privacy import arguments
from aboveboard_server.storage.ports import QUARANTINE, Replay

if TYPE_CHECKING:
    from aboveboard_server.ingest.gate import Gate
    from aboveboard_server.ingest.sorter import Sorter
    from aboveboard_server.ingest.sources import SourceReader
    from aboveboard_server.storage.ports import EventStore, QuarantinedEvent

# Events that one transaction moves: a replay must not keep other commits waiting.
REPLAY_CHUNK = 200


class Quarantine:
    """What the admin service may do with quarantined events."""

    def __init__(self, store: EventStore, sources: SourceReader, sorter: Sorter, gate: Gate) -> None:
        self._store = store
        self._sources = sources
        self._sorter = sorter
        self._gate = gate

    async def page(self, request: q.ListQuarantinedEventsRequest) -> q.ListQuarantinedEventsResponse:
        """Return a page of quarantined events, the newest first, without their bytes."""
        size = arguments.page_size(request.page_size)
        before = arguments.number(request.page_token)
        events = await self._store.quarantined(before=before, limit=size + 1)
        response = q.ListQuarantinedEventsResponse(
            quarantined_events=[_described(event) for event in events[:size]]
        )
        if len(events) > size:
            response.next_page_token = str(events[size - 1].quarantined_event_id)
        return response

    async def replay(self, *, validate_only: bool) -> q.ReplayQuarantinedEventsResponse:
        """Take in the events known by now; with `validate_only`, tell what would become of them.

        Told without doing it, an event held already counts as replayed: only the store can tell.
        """
        counts: Counter[str] = Counter()
        position = 0
        while True:
            # From before they are read: a deletion in between is then newer than what they are judged by.
            epoch = self._gate.epoch
            events = await self._store.quarantined(after=position, limit=REPLAY_CHUNK, whole=True)
            if not events:
                break
            position = events[-1].quarantined_event_id
            items = []
            for event in events:
                outcome, item = self._judge(event, epoch)
                if item is None or validate_only:
                    counts[outcome] += 1
                else:
                    items.append((outcome, item))
            if items:
                done = await self._store.replay([item for _, item in items])
                # What breaks a rule is dropped; the store does not know why.
                counts.update(
                    outcome if became == "DROPPED" else became
                    for (outcome, _), became in zip(items, done, strict=True)
                )
        return q.ReplayQuarantinedEventsResponse(
            examined_count=counts.total(),
            replayed_count=counts["REPLAYED"],
            duplicate_count=counts["DUPLICATE"],
            opted_out_count=counts["OPTED_OUT"],
            subject_erased_count=counts["SUBJECT_ERASED"],
            rejected_count=counts["REJECTED"],
            still_unknown_count=counts["UNKNOWN"],
        )

    def _judge(self, event: QuarantinedEvent, epoch: int) -> tuple[str, Replay | None]:
        """Return what will become of an event, and how; nothing is to be done with one still unknown."""
        source = self._sources.stored(event.origin, event.source)
        replay = Replay(
            quarantined_event_id=event.quarantined_event_id,
            source_id=event.source_id,
            subjects=source.subjects,
            received_at=event.received_at,
            table=QUARANTINE,
            row=None,
            epoch=epoch,
        )
        if not self._gate.allows(source):
            return "OPTED_OUT", replay
        # The skew of its clock was known when it came, and stands in its row.
        envelopes = [EventEnvelope.FromString(event.envelope)]
        done = self._sorter.sort(envelopes, event.skew)
        # Exact: it is the server that takes it again, and no caller learns of it.
        cut_off = self._gate.cut_off(source, is_bound=True)
        if cut_off is not None:
            done.drop_erased(envelopes, cut_off)
            if any(verdict.outcome == v.OUTCOME_SUBJECT_ERASED for verdict in done.verdicts):
                return "SUBJECT_ERASED", replay
        if QUARANTINE in done.values:
            return "UNKNOWN", None
        if not done.values:
            return "REJECTED", replay
        (table,) = done.values
        (row,) = done.rows(table)
        return "REPLAYED", replay.into(table, row)


def _described(event: QuarantinedEvent) -> q.QuarantinedEvent:
    received_at = Timestamp()
    received_at.FromMicroseconds(event.received_at)
    return q.QuarantinedEvent(
        quarantined_event_id=event.quarantined_event_id,
        event_field_number=event.event_field_number,
        event_id=event.event_id,
        size_bytes=event.size_bytes,
        received_at=received_at,
        reason=event.reason,
    )
