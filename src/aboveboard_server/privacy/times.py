"""Times between the store, which knows datetimes, and messages, which know Timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from google.protobuf.timestamp_pb2 import Timestamp

if TYPE_CHECKING:
    from datetime import datetime


@overload
def timestamp(time: datetime) -> Timestamp: ...
@overload
def timestamp(time: None) -> None: ...


def timestamp(time: datetime | None) -> Timestamp | None:
    """Return a time as a Timestamp, None where there is none."""
    if time is None:
        return None
    made = Timestamp()
    made.FromDatetime(time)
    return made
