"""A role that lacks a right of which only some statements make use is found out before they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.integration.test_doctor import doctor
from tests.support.batches import batch_of, pings, random_id
from tests.support.clients import server_source

from aboveboard_server import bootstrap
from aboveboard_server.errors import StartupError, StoreUnavailableError
from aboveboard_server.storage.address import database_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

SEQUENCES = "USAGE ON ALL SEQUENCES IN SCHEMA public"


@pytest.fixture
def owned(postgres: PostgresServer, postgres_url: str) -> Iterator[Callable[[str], None]]:
    """What its owner says to a database; the role `app` has the rights on tables alone, and TEMPORARY."""

    def say(statement: str) -> None:
        postgres.query(postgres_url, statement)

    name = database_url(postgres_url).database
    say("CREATE ROLE app LOGIN")
    say("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app")
    say(f"REVOKE TEMPORARY ON DATABASE {name} FROM public")
    say(f"GRANT TEMPORARY ON DATABASE {name} TO app")
    yield say
    say("DROP OWNED BY app")
    say("DROP ROLE app")


async def test_one_that_lacks_a_right_is_refused_by_serve_and_doctor(
    owned: Callable[[str], None], postgres_url: str, tmp_path: Path
) -> None:
    """Each with the statement that grants it, and once it is granted by neither."""
    name = database_url(postgres_url).database
    as_app = postgres_url.replace("postgres@", "app@")
    for lacking in (SEQUENCES, f"TEMPORARY ON DATABASE {name}"):
        owned(f"GRANT {SEQUENCES} TO app")
        owned(f"REVOKE {lacking} FROM app")
        with pytest.raises(StartupError, match=f"GRANT {lacking} TO app"):
            await bootstrap.open_store(as_app)
        level, words = doctor(tmp_path, database=as_app).ill["commits-are-taken"]
        assert (level, f"GRANT {lacking} TO app" in words) == ("problem", True)
        owned(f"GRANT {lacking} TO app")
    await (await bootstrap.open_store(as_app)).close()
    assert "commits-are-taken" not in doctor(tmp_path, database=as_app).ill


async def test_one_that_loses_a_right_is_unavailable(owned: Callable[[str], None], postgres_url: str) -> None:
    """Its clients keep what they have: events that came twice are told once the right is back."""
    name = database_url(postgres_url).database
    owned(f"GRANT {SEQUENCES} TO app")
    store = await bootstrap.open_store(postgres_url.replace("postgres@", "app@"))
    try:
        batch = batch_of(server_source(), *pings(*(random_id() for _ in range(20))))
        assert [result.duplicates for result in await store.commit([batch])] == [{}]
        owned(f"REVOKE TEMPORARY ON DATABASE {name} FROM app")
        with pytest.raises(StoreUnavailableError):
            await store.commit([batch])
        owned(f"GRANT TEMPORARY ON DATABASE {name} TO app")
        assert [result.duplicates for result in await store.commit([batch])] == [{"ping": list(range(20))}]
    finally:
        await store.close()


async def test_one_that_may_not_read_what_is_forbidden_is_unavailable(
    owned: Callable[[str], None], postgres_url: str
) -> None:
    """So it is where the table is gone for a moment, as while a dump is restored beside the server."""
    owned(f"GRANT {SEQUENCES} TO app")
    store = await bootstrap.open_store(postgres_url.replace("postgres@", "app@"))
    try:
        owned("REVOKE SELECT ON tombstone FROM app")
        owned("UPDATE ingest_epoch SET epoch = epoch + 1, incarnation = 1")
        with pytest.raises(StoreUnavailableError):
            await store.commit([batch_of(server_source(), *pings(random_id()))])
    finally:
        await store.close()
