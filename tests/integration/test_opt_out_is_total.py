"""An opt-out stops everything at once: on every worker, through every door, whatever is under way."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

import grpc
import pytest
from tests.support.admin import admin
from tests.support.browser import eventually
from tests.support.clients import TIMEOUT, deployment_source, element, new_id, request, unknown_arm
from tests.support.http_clients import EVENTS, PROTOBUF, call
from tests.support.on_postgres import OnPostgres
from tests.support.server import TOKEN

from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1 import quarantine_pb2 as q
from aboveboard.admin.v1 import subject_pb2 as s
from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard_server.cli.credentials import with_token
from aboveboard_server.schema import catalog
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

WORKERS = 4
TABLES = [event.name for event in catalog.default().events] + [QUARANTINE]
# Doors that a load goes through, and seconds of it before the opt-out and after.
DOORS = {"_unary", "_stream", "_http", "_replay"}
BEFORE, AFTER = 0.5, 1.5
CANARY = "canary-of-a-refused-event"


@pytest.fixture
def server(tmp_path: Path, postgres: PostgresServer) -> Iterator[OnPostgres]:
    folder = tmp_path / "server"
    folder.mkdir()
    process = OnPostgres(folder, postgres, postgres.new_database(), workers=WORKERS)
    process.start()
    yield process
    process.kill()


class Load:
    """Sends as one company through every door until it is told to stop; each door has threads of its own."""

    def __init__(self, server: OnPostgres, company: str) -> None:
        self._server = server
        self._company = company
        self._stop = threading.Event()
        self.answers: dict[str, int] = {}
        doors = [*(self._unary,) * 4, *(self._stream,) * 2, *(self._http,) * 2, self._replay]
        self._threads = [threading.Thread(target=self._run, args=(door,)) for door in doors]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, door: Callable[[grpc.Channel], None]) -> None:
        # A connection of its own each, so that the kernel spreads them over the workers.
        options = [("grpc.use_local_subchannel_pool", 1)]
        address = self._server.admin_address if door == self._replay else self._server.ingest_address
        with grpc.insecure_channel(address, options=options) as channel:
            while not self._stop.is_set():
                door(channel)
                name = door.__name__
                self.answers[name] = self.answers.get(name, 0) + 1

    def _request(self) -> PublishEventsRequest:
        source = deployment_source(self._company, "d1", user_id="u1")
        return request(source, [element(CANARY), element(), unknown_arm(900, CANARY.encode())])

    def _unary(self, channel: grpc.Channel) -> None:
        IngestServiceStub(channel).PublishEvents(self._request(), timeout=TIMEOUT)

    def _stream(self, channel: grpc.Channel) -> None:
        requests = (StreamEventsRequest(sequence=n, publish=self._request()) for n in range(1, 20))
        assert sum(1 for _ in IngestServiceStub(channel).StreamEvents(requests, timeout=TIMEOUT))

    def _http(self, _: grpc.Channel) -> None:
        answer = call(self._server, "POST", EVENTS, self._request().SerializeToString(), PROTOBUF)
        assert answer.status == 204

    def _replay(self, channel: grpc.Channel) -> None:
        stub = AdminServiceStub(with_token(channel, TOKEN))
        stub.ReplayQuarantinedEvents(q.ReplayQuarantinedEventsRequest(), timeout=TIMEOUT)


@pytest.mark.timeout(300)
def test_no_commit_stores_anything_once_the_rpc_has_returned(server: OnPostgres) -> None:
    """With four workers under load 0 rows come in after CreateOptOut has returned, none after a restart."""
    company = new_id()
    with Load(server, company) as load:
        time.sleep(BEFORE)
        eventually(lambda: set(load.answers) == DOORS)
        with admin(server) as stub:
            stub.CreateOptOut(o.CreateOptOutRequest(subject=s.Subject(company_id=company)), timeout=TIMEOUT)
        stored = rows_of(server, company)
        time.sleep(AFTER)
        check(rows_of(server, company), stored)
    assert stored["element_stat"] > 0
    server.stop()
    server.start()
    with Load(server, company):
        time.sleep(AFTER)
    check(rows_of(server, company), stored)
    assert CANARY not in server.log_file.read_text()


def check(now: dict[str, int], before: dict[str, int]) -> None:
    """Nothing has come; what waited in the quarantine may have gone, for it is replayed all the time."""
    assert now.pop(QUARANTINE) <= before[QUARANTINE]
    assert now == {table: count for table, count in before.items() if table != QUARANTINE}


def rows_of(server: OnPostgres, company: str) -> dict[str, int]:
    """Count a company's rows by table; a source that is seen anew would count as well."""
    counts = {
        table: server.query(
            f"SELECT count(*) FROM {table} JOIN source USING (source_id) WHERE company_id = %s", company
        )[0][0]
        for table in TABLES
    }
    counts["source"] = server.query("SELECT count(*) FROM source WHERE company_id = %s", company)[0][0]
    return counts
