"""Servers on machines whose clocks are wrong, each a real process that libfaketime shows another time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.admin import admin, admin_json, run_admin
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    of_the_next_hour,
    publish,
    refusal,
    status,
    told,
)
from tests.support.deletions import company, create, finished, get, kept
from tests.support.faketime import shown
from tests.support.figures import figures
from tests.support.on_postgres import OnPostgres
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import clock_pb2 as c
from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1.retention_pb2 import EnforceRetentionRequest
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

# A server's first look at its jobs is 30 s after its start.
JOBS_SECONDS = 90
SWEEP = "retention-sweep"


def await_logged(server: ServerProcess, event: str, job: str = "") -> dict[str, object]:
    """Return the log's line of an event, once it is there."""
    deadline = time.monotonic() + JOBS_SECONDS
    while True:
        for line in server.log():
            if line["event"] == event and line.get("job", "") == job:
                return line
        assert time.monotonic() < deadline, f"{event} {job} is not logged: {server.log_file.read_text()}"
        time.sleep(0.2)


def now() -> EventEnvelope:
    """Return an event that occurs now."""
    event = element()
    event.occurred_at.GetCurrentTime()
    return event


def clock_of(server: ServerProcess) -> c.Clock:
    """Return what a server says of its clock."""
    with admin(server) as stub:
        return stub.GetClock(c.GetClockRequest(), timeout=TIMEOUT).clock


def is_suspect(server: ServerProcess) -> bool:
    """Return what a server's metrics say of its clock."""
    return figures(server)["aboveboard_clock_suspect",] == 1


@pytest.mark.fault(seconds=45)
def test_a_server_that_starts_1200_days_ahead(tmp_path: Path) -> None:
    """It removes nothing and says why, and takes events; a deletion waits for the right clock."""
    server, source = ServerProcess(tmp_path), deployment_source("gone")
    server.start()
    publish(server, source, *(element() for _ in range(5)))
    publish(server, deployment_source("stays"), *(element() for _ in range(7)))
    server.stop()
    ahead = ServerProcess(tmp_path, env=shown("+1200d"))
    ahead.start()
    try:
        deletion = create(ahead, company("gone"), scrub_now=True)
        assert (deletion.state, deletion.HasField("cut_off_at")) == (d.Deletion.STATE_RUNNING, False)
        assert [verdict[1] for verdict in told(publish(ahead, source, now()).verdicts)] == ["OPTED_OUT"]
        assert publish(ahead, deployment_source("new"), element()).accepted_count == 1
        skipped = await_logged(ahead, "job_skipped", SWEEP)
        assert skipped["reason"] == "the clock is suspect: AHEAD"
        await_logged(ahead, "job_skipped", "archive")
        assert is_suspect(ahead)
        found = clock_of(ahead)
        assert found.suspicion == c.Clock.SUSPICION_AHEAD
        assert (found.waiting_deletions, found.future_cut_offs, found.is_synchronised) == (1, 0, False)
        assert found.server_time.seconds - found.newest_time.seconds > 1_199 * 86_400
        assert not get(ahead, deletion.deletion_id).HasField("receipt")
        assert kept(ahead, "company_id", "gone") == {"element_stat": 5}
        assert kept(ahead, "company_id", "stays") == {"element_stat": 7}
    finally:
        ahead.kill()
    server.start()
    try:
        assert not is_suspect(server)
        done = finished(server, get(server, deletion.deletion_id))
        assert abs(done.cut_off_at.seconds - time.time()) < 600
        assert kept(server, "company_id", "gone") == {}
        assert status(server, source).state == CollectionStatus.STATE_ENABLED
        assert publish(server, source, of_the_next_hour(element())).accepted_count == 1
        assert [verdict[1] for verdict in told(publish(server, source, element()).verdicts)] == [
            "SUBJECT_ERASED"
        ]
        # Its rows from then lie in the future: whoever knows better than we says so.
        assert clock_of(server).future_rows == 1
    finally:
        server.kill()


@pytest.mark.fault(seconds=45)
def test_only_the_server_with_the_bad_clock_stops(tmp_path: Path, postgres: PostgresServer) -> None:
    """On one database: the other one sweeps, and cuts off what was asked of the first."""
    url = postgres.new_database()
    folders = [tmp_path / name for name in ("good", "ahead", "behind")]
    for folder in folders:
        folder.mkdir()
    good = OnPostgres(folders[0], postgres, url)
    ahead = OnPostgres(folders[1], postgres, url, env=shown("+1200d"))
    behind = OnPostgres(folders[2], postgres, url, env=shown("-3h"))
    try:
        good.start()
        publish(good, deployment_source("gone"), element())
        publish(good, deployment_source("stays"), element())
        ahead.start()
        behind.start()
        deletions = [create(bad, company(name)) for bad, name in ((ahead, "gone"), (behind, "never-there"))]
        for deletion in deletions:
            done = finished(good, get(good, deletion.deletion_id))
            assert abs(done.cut_off_at.seconds - time.time()) < 600
        for bad in (ahead, behind):
            await_logged(bad, "job_skipped", SWEEP)
            assert is_suspect(bad)
        await_logged(good, "job_done", SWEEP)
        assert not is_suspect(good)
        assert clock_of(behind).suspicion == c.Clock.SUSPICION_BEHIND_DATABASE
        assert kept(good, "company_id", "stays") == {"element_stat": 1}
        with admin(behind) as stub:
            refused = refusal(lambda: stub.EnforceRetention(EnforceRetentionRequest(), timeout=TIMEOUT))
        assert (refused.code, refused.details.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "CLOCK_SUSPECT",
        )
    finally:
        for server in (good, ahead, behind):
            server.kill()


def test_a_clock_is_shown_and_accepted(tmp_path: Path) -> None:
    """By commands on the same machine; refused where the administrator's clock shows another time."""
    right = ServerProcess(tmp_path)
    right.start()
    assert admin_json(right, "clock", "show")["clock"]["suspicion"] == "SUSPICION_UNSPECIFIED"
    assert "BEHIND" not in run_admin(right, "clock", "show").stdout
    right.stop()
    behind = ServerProcess(tmp_path, env=shown("-400d"))
    behind.start()
    try:
        assert "BEHIND_NEWEST_TIME" in run_admin(behind, "clock", "show").stdout
        assert "time" in run_admin(behind, "clock", "accept", code=1).stderr
        with admin(behind) as stub:
            for request in (c.AcceptClockRequest(), _accept(clock_of(behind), -6 * 60)):
                refused = refusal(lambda: stub.AcceptClock(request, timeout=TIMEOUT))  # noqa: B023  # called here
                assert (refused.code, "time" in refused.message) == (grpc.StatusCode.INVALID_ARGUMENT, True)
            done = stub.AcceptClock(_accept(clock_of(behind), -4 * 60), timeout=TIMEOUT)
        assert done.clock.suspicion == c.Clock.SUSPICION_UNSPECIFIED
        assert not is_suspect(behind)
    finally:
        behind.stop()
    # It may have set the time back: the journal brings back no newer one.
    behind.start()
    assert not is_suspect(behind)
    behind.stop()
    right.start()
    try:
        found = clock_of(right)
        # A kernel that keeps its clock by time servers is right where the administrator was not.
        assert found.is_synchronised or found.suspicion == c.Clock.SUSPICION_AHEAD
        shown_now = run_admin(right, "clock", "accept", "--reference", "TICKET-1").stdout
        assert "cut-offs set back to now: 0" in shown_now
        assert clock_of(right).suspicion == c.Clock.SUSPICION_UNSPECIFIED
        told_of = [entry["reference"] for entry in admin_json(right, "audit")["auditEntries"]]
        assert "TICKET-1" in told_of
    finally:
        right.stop()


def _accept(clock: c.Clock, seconds: int) -> c.AcceptClockRequest:
    request = c.AcceptClockRequest(time=clock.server_time)
    request.time.seconds += seconds
    return request
