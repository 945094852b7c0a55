"""What a failed call says, and what may be done about it; see the table in docs/durability.md."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    import grpc

    from aboveboard_client.timing import Timing

DETAILS_KEY = "grpc-status-details-bin"
# The longest delay a server may ask for, in seconds; more would be a mistake or worse.
LONGEST_DELAY = 24 * 3600.0
# Answers that do not change by themselves, whatever events are sent.
STANDING = {"UNIMPLEMENTED", "PERMISSION_DENIED", "UNAUTHENTICATED"}
# Ours: grpc would find no threads, and might then; or it cannot be loaded, and is not tried again.
NO_THREADS, NO_GRPC = "NO_THREADS", "NO_GRPC"
# Who sends is refused, not what is sent: no smaller request would do better.
OF_THE_SOURCE = {"SOURCE_MISSING", "SOURCE_INVALID"}
# A refusal is in force that the token sent does not lift.
TOKEN_REQUIRED = "PREFERENCE_TOKEN_REQUIRED"  # noqa: S105  # a reason, no secret
M = TypeVar("M", bound=Message)


@dataclass(eq=False)
class CallFailed(Exception):  # noqa: N818  # reads as what happened
    """A call that ended with another status than OK. Holds nothing of grpc."""

    code: str
    message: str = ""
    reason: str = ""
    retry_seconds: float | None = None
    error_id: str = ""

    def __str__(self) -> str:
        told = f" ({self.reason})" if self.reason else ""
        return f"{self.code}{told}: {self.message}"


class Withdrawn(Exception):  # noqa: N818  # no error: it was called off
    """The call was not made, or not to its end: telemetry was switched off, or the host forks or closes."""


class Backoff:
    """How long to wait after failures: doubled each time, shortened by chance so that fleets scatter."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._failures = 0

    def reset(self) -> None:
        """Begin anew after a success."""
        self._failures = 0

    def after(self, failure: CallFailed) -> float:
        """Return the wait in seconds, no shorter than the server asked for."""
        if failure.code in STANDING or failure.code == NO_GRPC:
            return self._timing.refused * random.uniform(0.9, 1.1)  # noqa: S311  # no secret
        # The exponent is bounded: 2.0 ** 1024 would be an error.
        longest = min(self._timing.retry_first * 2.0 ** min(self._failures, 30), self._timing.retry_most)
        self._failures += 1
        wait = longest * random.uniform(0.5, 1)  # noqa: S311  # no secret
        if failure.retry_seconds is not None:
            return min(failure.retry_seconds, LONGEST_DELAY) + wait / 2
        return wait


def read_failure(error: grpc.RpcError) -> CallFailed:
    """Read the status of an error and the google.rpc.Status it carries."""
    code = getattr(error, "code", None)
    if code is None:
        return CallFailed("UNKNOWN", str(error))
    failure = CallFailed(code().name, getattr(error, "details", str)() or "")
    status = status_pb2.Status()
    try:
        for key, value in getattr(error, "trailing_metadata", tuple)() or ():
            if key == DETAILS_KEY:
                status.MergeFromString(value)
        if info := _unpack(status, error_details_pb2.ErrorInfo()):
            failure.reason = info.reason
            failure.error_id = info.metadata.get("error_id", "")
        if retry := _unpack(status, error_details_pb2.RetryInfo()):
            # Not ToTimedelta, which fails where more is asked for than any calendar holds.
            failure.retry_seconds = max(0.0, retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9)
    except DecodeError:
        pass  # a proxy's own idea of details; the code says enough
    return failure


def _unpack(status: status_pb2.Status, into: M) -> M | None:
    return next((into for detail in status.details if detail.Unpack(into)), None)
