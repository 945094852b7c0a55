"""Decides once per source whether anything of it may be taken.

What the gate knows is told it soon; what must hold at every commit the store checks itself, in the
commit's transaction. The gate spares refused requests the work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse
from aboveboard.schema.v1 import annotations_pb2 as a
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus
from aboveboard_server.schema.validate import NANOS

if TYPE_CHECKING:
    from aboveboard_server.ingest.sources import Sender
    from aboveboard_server.storage.ports import EventStore, SourceRecord


@dataclass(frozen=True, slots=True)
class Announcement:
    """What every source is told: how often to ping, and the vendor's notice (at most 500 bytes)."""

    ping_interval_seconds: int = 12 * 3600
    notice: str = ""


# Callers who are not bound to a company know its cut-offs to the hour: in µs.
CUT_OFF_STEP = 3_600_000_000


class Gate:
    """Asks the store which Subjects are opted out, as far as it knows.

    `is_bound` is whether the caller's write key is bound to the source's company: to nobody else is a cut-off
    told, since anyone can name anyone.
    """

    def __init__(self, store: EventStore, announcement: Announcement) -> None:
        self._store = store
        # Made once: copying one costs a third of making it.
        self._statuses = {enabled: _status(announcement, enabled=enabled) for enabled in (True, False)}
        # As bytes: reading them costs two thirds of making the answer around a copy.
        self._responses = {
            enabled: PublishEventsResponse(collection_status=status).SerializeToString()
            for enabled, status in self._statuses.items()
        }

    def allows(self, source: Sender | SourceRecord) -> bool:
        """Whether anything of this source may be stored. An opt-out of a wider Subject covers it."""
        return self._store.forbidden.allows(source.subjects)

    def cut_off(self, source: Sender | SourceRecord, *, is_bound: bool) -> int | None:
        """Return the time, in µs, after which events of this source may be stored; None where any may.

        To a caller who is not bound it is rounded up to the hour, so that trying finds no more than that.
        """
        cut_off = self._store.forbidden.cut_off(source.subjects)
        return cut_off if is_bound or cut_off is None else -(-cut_off // CUT_OFF_STEP) * CUT_OFF_STEP

    @property
    def epoch(self) -> int:
        """The epoch of what the gate knows: a commit asks for it again."""
        return self._store.forbidden.epoch

    def status(self, source: Sender | SourceRecord, *, is_bound: bool) -> CollectionStatus:
        """Return what a source is told of whether it may collect."""
        status = CollectionStatus()
        self.tell(status, source, enabled=self.allows(source), is_bound=is_bound)
        return status

    def response(self, source: Sender, *, enabled: bool, is_bound: bool) -> PublishEventsResponse:
        """Return a request's answer, but for what became of its events."""
        response = PublishEventsResponse.FromString(self._responses[enabled])
        self._tell_now(response.collection_status, source, is_bound=is_bound)
        return response

    def tell(
        self, status: CollectionStatus, source: Sender | SourceRecord, *, enabled: bool, is_bound: bool
    ) -> None:
        """Fill in what a source is told, such as an answer's own status."""
        status.CopyFrom(self._statuses[enabled])
        self._tell_now(status, source, is_bound=is_bound)

    def _tell_now(self, status: CollectionStatus, source: Sender | SourceRecord, *, is_bound: bool) -> None:
        """Fill in what differs from one moment to the next."""
        # A key that ended with its company leaves a mark whose cut-off is 1970: nothing was erased.
        if is_bound and (cut_off := self.cut_off(source, is_bound=True)):
            status.erased_before.FromMicroseconds(cut_off)
        now = status.server_time
        now.seconds, now.nanos = divmod(time.time_ns(), NANOS)


def _status(announcement: Announcement, *, enabled: bool) -> CollectionStatus:
    """Return what a source is told, but for the time."""
    return CollectionStatus(
        state=CollectionStatus.STATE_ENABLED if enabled else CollectionStatus.STATE_DISABLED,
        ping_interval=Duration(seconds=announcement.ping_interval_seconds),
        notice=announcement.notice,
        categories=[a.CATEGORY_INTERACTION, a.CATEGORY_TECHNICAL] if enabled else [],
    )
