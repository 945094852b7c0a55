"""Decides once per source whether anything of it may be taken.

What the gate knows is told it soon; what must hold at every commit the store checks itself, in the
commit's transaction. The gate spares refused requests the work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from aboveboard.schema.v1 import annotations_pb2 as a
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore, SourceRecord


@dataclass(frozen=True, slots=True)
class Announcement:
    """What every source is told: how often to ping, and the vendor's notice (at most 500 bytes)."""

    ping_interval_seconds: int = 12 * 3600
    notice: str = ""


class Gate:
    """Asks the store which Subjects are opted out, as far as it knows."""

    def __init__(self, store: EventStore, announcement: Announcement) -> None:
        self._store = store
        self._announcement = announcement

    def allows(self, source: SourceRecord) -> bool:
        """Whether anything of this source may be stored. An opt-out of a wider Subject covers it."""
        return self._store.opted_out.isdisjoint(source.subjects)

    def status(self, *, enabled: bool) -> CollectionStatus:
        """Return what a source is told of whether it may collect."""
        status = CollectionStatus(
            state=CollectionStatus.STATE_ENABLED if enabled else CollectionStatus.STATE_DISABLED,
            ping_interval=Duration(seconds=self._announcement.ping_interval_seconds),
            notice=self._announcement.notice,
        )
        if enabled:
            status.categories.extend([a.CATEGORY_INTERACTION, a.CATEGORY_TECHNICAL])
        status.server_time.FromNanoseconds(time.time_ns())
        return status
