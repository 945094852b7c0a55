"""A store that fails once the journal was told: what is answered afterwards outlives a restart."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, ingest, refusal, server_source
from tests.support.on_postgres import OnPostgres
from tests.support.preferences import DISABLED, ENABLED, SERVER, running, set_preference
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

    from aboveboard.telemetry.v1.source_pb2 import Source

# What makes the store fail whenever it is to insert an opt-out, or to change one; and no longer.
FAILS = {"refusing": "INSERT", "lifting": "UPDATE"}
SQLITE = "CREATE TRIGGER fails BEFORE {} ON opt_out BEGIN SELECT RAISE(ABORT, 'broken'); END"
POSTGRES = (
    "CREATE FUNCTION broken() RETURNS trigger AS $$ BEGIN RAISE 'broken'; END $$ LANGUAGE plpgsql;"
    " CREATE TRIGGER fails BEFORE {} ON opt_out FOR EACH ROW EXECUTE FUNCTION broken()"
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.fault)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path)
    if request.param == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        (tmp_path / "server").mkdir()
        process = OnPostgres(tmp_path / "server", postgres, postgres.new_database())
    with running(process):
        yield process


@contextmanager
def failing(server: ServerProcess, what: str) -> Iterator[None]:
    """Have the store fail for a while."""
    if isinstance(server, OnPostgres):
        server.query(POSTGRES.format(FAILS[what]))
        yield
        server.query("DROP FUNCTION broken CASCADE")
        return
    with closing(sqlite3.connect(server.database, timeout=TIMEOUT, isolation_level=None)) as database:
        database.execute(SQLITE.format(FAILS[what]))
        yield
        database.execute("DROP TRIGGER fails")


def prefer(server: ServerProcess, source: Source, *wishes: int) -> None:
    for wish in wishes:
        set_preference(server, source, SERVER, wish)  # type: ignore[arg-type]  # one of its values


def is_off(server: ServerProcess, source: Source) -> bool:
    """Say whether the service has a source collect nothing."""
    with ingest(server) as stub:
        answer = stub.GetCollectionStatus(GetCollectionStatusRequest(source=source), timeout=TIMEOUT)
    return answer.collection_status.state == CollectionStatus.STATE_DISABLED


def fails(call: Callable[[], object]) -> None:
    """Call what is answered with an error of ours."""
    assert refusal(call).code in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE}


def create(server: ServerProcess, source: Source) -> o.OptOut:
    subject = Subject(server_uuid=source.server.server_uuid)
    with admin(server) as stub:
        return stub.CreateOptOut(o.CreateOptOutRequest(subject=subject), timeout=TIMEOUT).opt_out


def revoke(server: ServerProcess, opt_out: o.OptOut) -> None:
    with admin(server) as stub:
        stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=opt_out.opt_out_id), timeout=TIMEOUT)


def test_what_was_answered_last_outlives_a_restart(server: ServerProcess) -> None:
    """Whoever refuses or lifts, whatever of it failed before: after a restart the last answer holds."""
    names = ("lifted", "lifted again", "failed", "refused", "revoked", "set again", "healthy")
    sources = {name: server_source() for name in names}
    lifted, again, failed, refused, revoked, set_again, healthy = sources.values()
    prefer(server, refused, DISABLED)
    prefer(server, healthy, DISABLED, ENABLED)
    set_by_hand = create(server, set_again)
    with failing(server, "refusing"):
        for source in (lifted, again, failed):
            fails(partial(prefer, server, source, DISABLED))
        fails(partial(create, server, revoked))
    with failing(server, "lifting"):
        fails(partial(prefer, server, refused, ENABLED))
        fails(partial(revoke, server, set_by_hand))
    prefer(server, lifted, ENABLED)
    prefer(server, again, DISABLED, ENABLED)
    prefer(server, refused, DISABLED)
    revoke(server, create(server, revoked))
    assert create(server, set_again).state == o.OptOut.STATE_ACTIVE
    server.stop()
    server.start()
    found = {name: is_off(server, source) for name, source in sources.items()}
    assert found == {
        "lifted": False,
        "lifted again": False,
        # It was only answered with an error: nothing is collected.
        "failed": True,
        "refused": True,
        "revoked": False,
        "set again": True,
        "healthy": False,
    }
    prefer(server, sources["refused"], ENABLED)
    assert not is_off(server, sources["refused"])
