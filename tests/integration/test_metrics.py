"""What /metrics tells: every event by what became of it, every call, and nothing that a caller has sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from tests.support.admin import admin
from tests.support.browser import eventually
from tests.support.clients import (
    PUBLISH,
    STREAM,
    TIMEOUT,
    deployment_source,
    element,
    publish,
    refusal,
    request,
    server_source,
    through_stream,
    through_unary,
    unknown_arm,
)
from tests.support.deletions import company, delete
from tests.support.figures import figures
from tests.support.http_clients import EVENTS, TEXT, call, element_json, post, request_json, server_json
from tests.support.on_postgres import OnPostgres

from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard.admin.v1.subject_pb2 import Subject

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

RPCS = "aboveboard_rpcs_total"
HTTP = "aboveboard_http_requests_total"
UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"


def counted(server: ServerProcess) -> dict[tuple[str, ...], float]:
    """Return how many events there were of each outcome and reason, without those of which there was none."""
    found = figures(server).items()
    return {key[1:]: value for key, value in found if key[0] == "aboveboard_events_total" and value}


def test_every_event_is_counted_by_what_became_of_it(server: ServerProcess) -> None:
    """Each outcome and reason has its number, through every door; what is refused whole is no event."""
    assert ("aboveboard_events_total", "REJECTED", "TOO_LONG") in figures(server)
    assert counted(server) == {}
    unwanted, gone = server_source(), deployment_source("gone")
    publish(server, gone, element())
    delete(server, company("gone"))
    with admin(server) as stub:
        subject = Subject(server_uuid=unwanted.server.server_uuid)
        stub.CreateOptOut(CreateOptOutRequest(subject=subject), timeout=TIMEOUT)
    publish(server, gone, element(), element(), element())
    publish(server, unwanted, element(), element())
    events = [element(), element("x" * 300), element(event_id="no UUID"), unknown_arm(900)]
    for door in (through_unary, through_stream):
        door(server, request(server_source(), events).SerializeToString())
        refusal(lambda door=door: door(server, b"broken"))  # type: ignore[misc]  # bound now
    post(server, EVENTS, request_json(server_json(UUID), element_json(), {"no": "event"}))
    assert counted(server) == {
        ("ACCEPTED", ""): 1 + 1 + 1,
        ("DUPLICATE", ""): 2,
        ("REJECTED", "TOO_LONG"): 2,
        ("REJECTED", "NOT_A_UUID"): 2,
        ("REJECTED", "MALFORMED"): 1,
        ("QUARANTINED", "UNKNOWN_EVENT"): 1,
        ("SUBJECT_ERASED", ""): 3,
        ("OPTED_OUT", ""): 2,
    }


def test_every_call_is_counted_by_where_it_went(server: ServerProcess) -> None:
    """By method and code, by route and status; what callers make up has no label of its own."""
    publish(server, server_source(), element())
    refusal(lambda: through_unary(server, b"broken"))
    refusal(lambda: through_stream(server, b"broken"))
    with grpc.insecure_channel(server.ingest_address) as channel:
        made_up: Any = channel.unary_unary("/made.up/Method")
        refusal(lambda: made_up(b"", timeout=TIMEOUT))
    post(server, EVENTS, "made up", TEXT)
    call(server, "PUT", f"/k/made-up/api_public/servers/{UUID}", "{}", "application/json")
    for path in ("/made/up", "/made-up"):
        call(server, "GET", path)
    found = figures(server)
    assert {key: value for key, value in found.items() if key[0] in {RPCS, HTTP}} == {
        (RPCS, "OK", PUBLISH): 1,
        (RPCS, "INVALID_ARGUMENT", PUBLISH): 1,
        (RPCS, "INVALID_ARGUMENT", STREAM): 1,
        (HTTP, EVENTS, "400"): 1,
        (HTTP, "/k/{write_key}/api_public/servers/{server_uuid}", "401"): 1,
        (HTTP, "", "404"): 2,
    }


def test_the_state_of_the_server_is_told(server: ServerProcess) -> None:
    """Commits with their time, queue, lag of the loop, size of the database, readiness and the process."""
    publish(server, server_source(), element())
    eventually(lambda: figures(server)["aboveboard_event_loop_lag_seconds_count",] >= 1)
    found = figures(server)
    assert found["aboveboard_commit_duration_seconds_count",] == 1
    assert found["aboveboard_commits_failed_total",] == 0
    assert found["aboveboard_queue_events",] == 0
    assert found["aboveboard_queue_limit_events",] > 0
    assert found["aboveboard_ready",] == 1
    assert found["aboveboard_deletions_waiting",] == 0
    assert found["aboveboard_deletions_waiting_oldest_seconds",] == 0
    assert found["aboveboard_database_bytes",] > server.database.stat().st_size / 2
    assert found["process_resident_memory_bytes",] > 1 << 20
    assert found["process_cpu_seconds_total",] > 0
    assert found["process_open_fds",] > 0
    assert found["process_start_time_seconds",] > server.log_file.stat().st_ctime - 60


def test_one_scrape_tells_of_all_workers(tmp_path: Path, postgres: PostgresServer) -> None:
    """Whichever worker answers, it counts for all, after a second; one started again goes on counting."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = OnPostgres(folder, postgres, postgres.new_database(), workers=2)
    server.start()
    sent = 0

    def send(connections: int) -> None:
        nonlocal sent
        for _ in range(connections):
            assert post(server, EVENTS, request_json(server_json(UUID), element_json())).status == 200
            sent += 1

    try:
        shared = folder_of_figures(server)
        # The kernel chooses a worker for each connection: with so many, each of both has some.
        send(40)
        eventually(lambda: {counted(server)["ACCEPTED", ""] for _ in range(20)} == {sent})
        eventually(lambda: figures(server)["aboveboard_queue_limit_events",] == 2 * 64_000)
        before = server.workers()
        assert server.kill_worker()
        eventually(lambda: len(server.workers()) == 2 and server.workers() != before)
        eventually(lambda: sum(line["event"] == "serving" for line in server.log()) == 3)
        send(20)
        eventually(lambda: counted(server) == {("ACCEPTED", ""): sent})
        assert len({file.stem.rpartition("_")[2] for file in shared.iterdir()}) == 2
        assert figures(server)["aboveboard_queue_limit_events",] == 2 * 64_000
    finally:
        assert server.stop() == 0
    assert not shared.exists()


def folder_of_figures(server: OnPostgres) -> Path:
    """Return where the workers count."""
    environment = Path(f"/proc/{server.workers()[0]}/environ").read_bytes().split(b"\0")
    (folder,) = [one for one in environment if one.startswith(b"PROMETHEUS_MULTIPROC_DIR=")]
    return Path(folder.decode().partition("=")[2])
