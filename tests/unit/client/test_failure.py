"""What a failed call leads to: how long to wait, and never less than was asked for."""

from __future__ import annotations

import uuid

import grpc
import pytest

from aboveboard_client.clock import EARLIEST, LATEST
from aboveboard_client.failure import Backoff, CallFailed, read_failure
from aboveboard_client.ids import uuid7
from aboveboard_client.timing import Timing

TIMING = Timing(retry_first=1, retry_most=300, refused=3600)


def test_waits_double_with_jitter_up_to_a_limit() -> None:
    """Each wait is between half and all of 1, 2, 4 … 300 s, for ever, and a success begins anew."""
    backoff = Backoff(TIMING)
    for attempt in range(2000):
        longest = min(2.0 ** min(attempt, 30), 300)
        assert longest / 2 <= backoff.after(CallFailed("UNAVAILABLE")) <= longest
    backoff.reset()
    assert backoff.after(CallFailed("DEADLINE_EXCEEDED")) <= 1


def test_two_clients_do_not_come_back_together() -> None:
    """After an outage a fleet scatters: waits differ, those after a RetryInfo too."""
    for failure in (CallFailed("UNAVAILABLE"), CallFailed("UNAVAILABLE", retry_seconds=5)):
        assert len({Backoff(TIMING).after(failure) for _ in range(20)}) == 20


@pytest.mark.parametrize("asked", [0.0, 1.5, 60.0, 3600.0])
def test_a_server_that_names_a_delay_is_not_asked_sooner(asked: float) -> None:
    """RetryInfo is the least there is to wait."""
    assert Backoff(TIMING).after(CallFailed("RESOURCE_EXHAUSTED", retry_seconds=asked)) >= asked


def test_a_delay_of_years_is_not_believed() -> None:
    """A mistaken server silences nobody for more than a day."""
    assert Backoff(TIMING).after(CallFailed("UNAVAILABLE", retry_seconds=1e12)) <= 86_401


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED"])
def test_an_answer_that_stands_is_asked_for_rarely(code: str) -> None:
    """What will be refused again in a second is tried again in an hour."""
    assert Backoff(TIMING).after(CallFailed(code)) >= 3200


def test_an_error_without_a_status_is_read() -> None:
    """Whatever grpc raises makes a failure, never an exception of another kind."""
    assert read_failure(grpc.RpcError("odd")).code == "UNKNOWN"


@pytest.mark.parametrize("nanoseconds", [-1, 0, EARLIEST, LATEST, 1 << 90])
def test_any_time_makes_a_uuid7(nanoseconds: int) -> None:
    """Whatever the clock says an id is a valid UUIDv7, and no two are the same."""
    ids = {uuid7(nanoseconds) for _ in range(100)}
    assert len(ids) == 100
    assert {uuid.UUID(text).version for text in ids} == {7}
    assert {uuid.UUID(text).variant for text in ids} == {uuid.RFC_4122}
