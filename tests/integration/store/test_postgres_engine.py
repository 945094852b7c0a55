"""What a store is not opened on: no PostgreSQL, another encoding, sessions that are not its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.integration.store.conftest import postgres_backend
from tests.integration.test_doctor import doctor
from tests.support.batches import batch_of, elements, ids
from tests.support.clients import server_source
from tests.support.impostor import impostor
from tests.support.pooler import pooled

from aboveboard_server import bootstrap
from aboveboard_server.errors import StartupError
from aboveboard_server.storage import postgres_engine
from aboveboard_server.storage.address import database_url, libpq_parameters
from aboveboard_server.storage.postgres_engine import check_engine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer


async def refused_by_all(url: str, folder: Path, words: str) -> None:
    """See that serve, migrate and doctor refuse a database with these words, each in one line."""
    with pytest.raises(StartupError, match=words) as serving:
        await bootstrap.open_store(url)
    with pytest.raises(StartupError, match=words) as migrating:
        bootstrap.migrate(url)
    for refused in (serving, migrating):
        assert "\n" not in str(refused.value)
    found = doctor(folder, database=url)
    assert found.code == 1
    assert any(words.replace("\\", "") in text for _, text in found.ill.values()), found.ill


async def test_tables_of_an_earlier_version_in_another_schema(postgres: PostgresServer) -> None:
    """A second set of tables beside them would leave the first one unseen by every deletion."""
    url = postgres.empty_database()
    postgres.query(url, "CREATE SCHEMA telemetry CREATE TABLE ingest_epoch (epoch bigint)")
    with pytest.raises(StartupError, match="in the schema telemetry"):
        await bootstrap.open_store(url)
    with pytest.raises(StartupError, match="in the schema telemetry"):
        bootstrap.migrate(url)
    assert postgres.query(url, "SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [(0,)]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_an_encoding_that_is_not_utf8(tmp_path: Path, postgres: PostgresServer, encoding: str) -> None:
    """It is named, with the statement that makes a database of the right one."""
    url = postgres.empty_database()
    name = f"in_{encoding.lower()}"
    postgres.query(
        url, f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    other = url.replace(f"/{database_url(url).database}?", f"/{name}?")
    await refused_by_all(other, tmp_path, f"the encoding of the database is {encoding}")
    with pytest.raises(StartupError, match=r"CREATE DATABASE .* ENCODING 'UTF8' TEMPLATE template0"):
        bootstrap.migrate(other)
    assert postgres.query(other, "SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [(0,)]


@pytest.mark.parametrize(
    "version", ["CockroachDB CCL v23.1.14 (x86_64-pc-linux-gnu)", "PostgresML 2.9", "", "postgresql 15"]
)
async def test_an_engine_that_only_speaks_the_protocol(tmp_path: Path, version: str) -> None:
    """version() says what it is."""
    with impostor(version) as url:
        await refused_by_all(url, tmp_path, "the database is no PostgreSQL")


@pytest.mark.parametrize(
    ("idle", "size", "round_robin"),
    [(1, 1, False), (3, 20, False), (3, 20, True)],
    ids=["its only one", "the last one", "each in turn"],
)
async def test_a_pooler_in_transaction_mode(
    tmp_path: Path,
    postgres: PostgresServer,
    idle: int,
    size: int,
    round_robin: bool,  # noqa: FBT001  # a parameter
) -> None:
    """Whichever of its connections it hands out, and though it has some that nobody uses."""
    with pooled(postgres.new_database(), "transaction", size=size, round_robin=round_robin) as url:
        address = url.replace("+psycopg", "")
        used = [psycopg.connect(address) for _ in range(idle)]
        for connection in used:
            connection.execute("SELECT 1")
        for connection in used:
            connection.close()
        await refused_by_all(url, tmp_path, "a pooler in transaction mode stands before the database")


async def test_a_pooler_in_session_mode(tmp_path: Path, postgres: PostgresServer) -> None:
    """Its sessions are PostgreSQL's own: it is served from, and migrated through."""
    direct = postgres.new_database()
    with pooled(direct, "session") as url:
        assert bootstrap.migrate(url) == []
        store = await bootstrap.open_store(url)
        try:
            await store.commit([batch_of(server_source(), *elements(*ids(30)))])
            async with store.alone("one") as first, store.alone("one") as second:
                assert (first, second) == (True, False)
        finally:
            await store.close()
        # The PostgreSQL of the tests does not sync; the keys are elsewhere.
        assert "database-can-be-read" not in doctor(tmp_path, database=url).ill
    assert postgres_backend(postgres, direct).count("element_stat") == 30


def test_an_engine_whose_locks_exclude_nobody(
    postgres: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that knows the functions, and does nothing in them; or does not know them."""
    parameters = libpq_parameters(database_url(postgres_url))
    check_engine(parameters)
    for statement, words in (
        ("SELECT %s::int IS NOT NULL AND %s::int IS NOT NULL", "given to another"),
        ("SELECT pg_no_such_lock(%s, %s)", "given to another"),
        ("SELECT %s::int + %s::int < 0", "given to another"),
    ):
        monkeypatch.setattr(postgres_engine, "_TRY", statement)
        with pytest.raises(psycopg.OperationalError, match=words):
            check_engine(parameters)
