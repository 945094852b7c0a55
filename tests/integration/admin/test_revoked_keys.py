"""A revoked key stays revoked: a backup from before knows nothing of it, the journal does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, element, ingest, refusal, server_source
from tests.support.keys import ALLOWED, make_key, reason_of, revoke
from tests.support.on_postgres import OnPostgres
from tests.support.server import TOKEN, ServerProcess

from aboveboard.admin.v1 import audit_pb2
from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgres"])
def restorable(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[ServerProcess, Callable[[str], None]]]:
    """A server, and what changes its database while it is stopped, to what a backup might hold."""
    if request.param == "sqlite":
        server = ServerProcess(tmp_path)

        def change(statement: str) -> None:
            with closing(sqlite3.connect(server.database)) as database, database:
                database.execute(statement)
    else:
        (tmp_path / "server").mkdir()
        postgres, url = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url")
        server = OnPostgres(tmp_path / "server", postgres, url, workers=2)

        def change(statement: str) -> None:
            postgres.query(url, statement)

    server.start()
    yield server, change
    server.stop()


def answer(server: ServerProcess, secret: str) -> str:
    """Return how an event with a key is let in."""
    sent = PublishEventsRequest(source=server_source(), events=[element()], write_key=secret)
    with ingest(server) as stub:
        return reason_of(lambda: stub.PublishEvents(sent, timeout=TIMEOUT))


def test_a_restored_backup_revives_no_key(restorable: tuple[ServerProcess, Callable[[str], None]]) -> None:
    """It is refused from the first answer on, as of the time it was revoked; the others are let in."""
    server, change = restorable
    revoked, kept = (make_key(server, k.Key.KIND_WRITE) for _ in range(2))
    before = revoke(server, revoked.key.key_id)
    server.stop()
    change("UPDATE access_key SET revoked_at = NULL")
    server.start()
    assert answer(server, revoked.secret) == "UNAUTHENTICATED"
    assert answer(server, kept.secret) == ALLOWED
    with admin(server) as stub:
        after = stub.GetKey(k.GetKeyRequest(key_id=revoked.key.key_id), timeout=TIMEOUT).key
        asked = audit_pb2.ListAuditEntriesRequest(page_size=20)
        entries = stub.ListAuditEntries(asked, timeout=TIMEOUT).audit_entries
    assert after == before
    assert any(one.action == "RestoreFromJournal" and before.key_id in one.details for one in entries)
    told = [line["keys"] for line in server.log() if line["event"] == "restored_from_journal"]
    assert told
    assert set(told) == {1}
    # What is known now is not restored again.
    server.stop()
    server.start()
    assert [line["event"] for line in server.log()].count("restored_from_journal") == len(told)


def test_a_bootstrap_token_that_was_revoked_stays_so(
    restorable: tuple[ServerProcess, Callable[[str], None]],
) -> None:
    """Though it became a key after the backup, which holds nothing of it."""
    server, change = restorable

    def listed() -> k.ListKeysResponse:
        with admin(server) as stub:
            found: k.ListKeysResponse = stub.ListKeys(k.ListKeysRequest(), timeout=TIMEOUT)
            return found

    (key,) = listed().keys
    revoke(server, key.key_id)
    server.stop()
    change("DELETE FROM access_key")
    server.start()
    assert reason_of(listed) == "UNAUTHENTICATED"
    server.stop()
    server.token = TOKEN.replace("tests", "other")
    server.start()
    assert len(listed().keys) == 1


def test_without_a_journal_no_key_is_revoked(server: ServerProcess) -> None:
    """What could not be told to it is answered UNAVAILABLE, and not done: a backup would undo it unseen."""
    made = make_key(server, k.Key.KIND_WRITE)
    journal = server.key_dir / "journal"
    journal.write_bytes(b"damaged\n")
    refused = refusal(lambda: revoke(server, made.key.key_id))
    assert refused.code is grpc.StatusCode.UNAVAILABLE
    assert answer(server, made.secret) == ALLOWED
    journal.write_bytes(b"")
    revoke(server, made.key.key_id)
    assert answer(server, made.secret) == "UNAUTHENTICATED"
