"""Keys that cannot be read for a while lock nobody out, and the operator is told."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.support.admin import admin
from tests.support.browser import eventually
from tests.support.clients import TIMEOUT, element, ingest, publish, server_source
from tests.support.figures import figures
from tests.support.keys import ALLOWED, IN_FORCE, make_key, reason_of
from tests.support.on_postgres import OnPostgres

from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

AGE = "aboveboard_keys_age_seconds"


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: PostgresServer, postgres_url: str) -> Iterator[OnPostgres]:
    """A server on a PostgreSQL that may be stopped."""
    folder = tmp_path / "server"
    folder.mkdir()
    process = OnPostgres(folder, postgres, postgres_url)
    process.start()
    yield process
    process.stop()


def answer(server: ServerProcess, secret: str) -> str:
    """Return how an event with a key is let in, whether it is stored or not."""
    sent = PublishEventsRequest(source=server_source(), events=[element()], write_key=secret)
    with ingest(server) as stub:
        return reason_of(lambda: stub.PublishEvents(sent, timeout=TIMEOUT))


def told(server: ServerProcess) -> list[str]:
    """Return what the log says of the keys."""
    return [line["event"] for line in server.log() if line["event"] in {"keys_not_read", "keys_read_again"}]


def is_told(server: ServerProcess) -> bool:
    """Whether the log and the figures say that the keys are old."""
    return told(server) == ["keys_not_read"] and figures(server)[AGE,] > IN_FORCE


def is_over(server: ServerProcess) -> bool:
    """Whether the log and the figures say that the keys are read again."""
    return told(server) == ["keys_not_read", "keys_read_again"] and figures(server)[AGE,] == 0


def test_without_a_database_the_keys_known_stay_in_force(
    on_postgres: OnPostgres, postgres: PostgresServer
) -> None:
    """A valid key passes, whatever becomes of its call; one that expires meanwhile does not."""
    made = make_key(on_postgres, k.Key.KIND_WRITE)
    request = k.CreateKeyRequest(kind=k.Key.KIND_WRITE, display_name="soon")
    request.expires_at.FromNanoseconds(time.time_ns() + 3 * 10**9)
    with admin(on_postgres) as stub:
        expiring = stub.CreateKey(request, timeout=TIMEOUT)
    assert figures(on_postgres)[AGE,] == 0
    postgres.stop()
    try:
        eventually(lambda: is_told(on_postgres))
        assert answer(on_postgres, made.secret) == ALLOWED
        assert answer(on_postgres, expiring.secret) == "UNAUTHENTICATED"
        assert answer(on_postgres, "abw_unknown") == "UNAUTHENTICATED"
    finally:
        postgres.start()
    eventually(lambda: is_over(on_postgres))
    assert answer(on_postgres, made.secret) == ALLOWED


@contextmanager
def keys_locked(url: str) -> Iterator[psycopg.Connection]:
    """Have nobody else read the table of keys, while all else goes on."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("LOCK TABLE access_key IN ACCESS EXCLUSIVE MODE")
        yield connection


def test_keys_that_cannot_be_read_while_events_are_stored(on_postgres: OnPostgres, postgres_url: str) -> None:
    """A revocation that nobody can see is not in force, which is told; it is soon after it can be seen."""
    made = make_key(on_postgres, k.Key.KIND_WRITE)
    with keys_locked(postgres_url) as connection:
        connection.execute("UPDATE access_key SET revoked_at = now() WHERE key_id = %s", (made.key.key_id,))
        eventually(lambda: is_told(on_postgres))
        assert answer(on_postgres, made.secret) == ALLOWED
        assert publish(on_postgres, server_source(), element()).accepted_count == 1
    eventually(lambda: answer(on_postgres, made.secret) != ALLOWED)
    eventually(lambda: is_over(on_postgres))
