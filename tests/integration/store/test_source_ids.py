"""A source's id is never given again, nor in a database that was made before that was so."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.store.conftest import Backend, postgres_backend
from tests.support.batches import batch_of, record
from tests.support.clients import deployment_source, element
from tests.support.erasures import begin, carry_out

from aboveboard_server import bootstrap
from aboveboard_server.errors import StartupError
from aboveboard_server.storage import migrate, source_ids
from aboveboard_server.storage.ports import SubjectRecord

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore

DATABASES = Path(__file__).parents[2] / "support" / "databases"
# An event's row whose source is gone.
ORPHAN = (
    "INSERT INTO element_stat"
    " (source_id, received_at, event_id, occurred_at, occurred_at_corrected, element_id, change_type)"
    " SELECT 9, received_at, '01980000-0000-7000-8000-000000000009', occurred_at, occurred_at_corrected,"
    " element_id, change_type FROM element_stat WHERE source_id = 1"
)


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A SQLite file as the version before made it."""
    file = tmp_path / "aboveboard.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript((DATABASES / "0004_sqlite.sql").read_text())
    return file


def restored(postgres: PostgresServer, *, sequences: bool = True) -> Backend:
    """A PostgreSQL database as the version before made it, out of a dump; or its rows alone."""
    url = postgres.empty_database()
    statements = (DATABASES / "0004_postgres.sql").read_text().splitlines()
    postgres.query(url, "\n".join(line for line in statements if sequences or "setval" not in line))
    return postgres_backend(postgres, url)


async def new_id(store: EventStore, backend: Backend, name: str) -> int:
    """Have a new source send, and return its id."""
    await store.commit([batch_of(deployment_source(name), element())])
    ((found,),) = backend.query(f"SELECT source_id FROM source WHERE company_id = '{name}'")
    return int(found)


async def test_the_id_of_a_deleted_source_stays_its_own(store: EventStore, backend: Backend) -> None:
    """The newest is deleted, which frees its id where nothing remembers it; scrubbing keeps it remembered."""
    before = await new_id(store, backend, "acme")
    subject = SubjectRecord("COMPANY", record(deployment_source("acme")).subjects[0], company_id="acme")
    await carry_out(store, await begin(store, subject))
    assert backend.count("source") == 0
    after = await new_id(store, backend, "busag")
    assert after > before
    gone = SubjectRecord("COMPANY", record(deployment_source("busag")).subjects[0], company_id="busag")
    await carry_out(store, await begin(store, gone))
    if store.scrubs:
        assert await store.scrub(quiet_seconds=0)
    assert await new_id(store, backend, "third") > after


def content(file: Path) -> tuple[dict[str, list[tuple[object, ...]]], list[tuple[object, ...]]]:
    """Return every row of every table of ours, and what is defined beside the tables."""
    with closing(sqlite3.connect(file)) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            if name != "alembic_version" and not name.startswith("sqlite_")
        ]
        found = {
            name: database.execute(f"SELECT {known_columns(database, name)} FROM {name}").fetchall()
            for name in names
        }
        beside = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type <> 'table' ORDER BY name"
        return found, database.execute(beside).fetchall()


def known_columns(database: sqlite3.Connection, table: str) -> str:
    """Return the columns of a table that it has had from the beginning, in the order of the fixture."""
    with closing(sqlite3.connect(":memory:")) as old:
        old.executescript((DATABASES / "0004_sqlite.sql").read_text())
        names = [name for _, name, *_ in old.execute(f"PRAGMA table_info({table})")]
    return ", ".join(names) or "*"


def test_an_older_file_keeps_its_rows_and_gives_no_id_again(older: Path) -> None:
    """Whatever holds an id counts, a row whose source is gone too; an operator's view of the table stays."""
    with closing(sqlite3.connect(older)) as database, database:
        database.execute(ORPHAN)
        database.execute("CREATE VIEW senders AS SELECT source_id, company_id FROM source")
        database.execute("ALTER TABLE source ADD COLUMN region TEXT")
        database.execute("UPDATE source SET region = 'CH' WHERE source_id = 3")
    rows, beside = content(older)
    url = f"sqlite:///{older}"
    assert "revision 0007" in bootstrap.migrate(url)
    assert bootstrap.migrate(url) == []
    after, beside_after = content(older)
    assert {name: after[name] for name in rows} == rows
    assert [one for one in beside_after if one in beside] == beside
    with closing(sqlite3.connect(older)) as database, database:
        assert database.execute("SELECT region FROM source ORDER BY source_id").fetchall()[2] == ("CH",)
        assert database.execute("SELECT count(*) FROM senders").fetchall() == [(3,)]
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        names = "fingerprint, origin, first_seen_at, last_seen_at"
        made = database.execute(f"INSERT INTO source ({names}) VALUES (x'00', 'server', 0, 0)")
        assert made.lastrowid == 10


@pytest.mark.parametrize("fails", ["advance", "missing"])
def test_a_migration_that_is_cut_off_leaves_the_file_as_it_was(
    older: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """Whatever was altered by then; and begun again it goes through."""
    before = content(older)

    def cut(*_: object) -> None:
        raise InterruptedError

    place = source_ids if fails == "advance" else migrate
    with monkeypatch.context() as patch:
        patch.setattr(place, fails, cut)
        with pytest.raises(InterruptedError):
            bootstrap.migrate(f"sqlite:///{older}")
    assert content(older) == before
    assert "revision 0007" in bootstrap.migrate(f"sqlite:///{older}")


async def test_an_older_postgresql_is_migrated_and_goes_on(postgres: PostgresServer) -> None:
    """Restored from its dump: with the rows, and the number that its sequence had come to."""
    backend = restored(postgres)
    rows = {name: backend.query(f"SELECT * FROM {name} ORDER BY 1, 2") for name in ("source", "element_stat")}
    assert "revision 0007" in bootstrap.migrate(backend.url)
    assert {name: backend.query(f"SELECT * FROM {name} ORDER BY 1, 2") for name in rows} == rows
    store = await bootstrap.open_store(backend.url)
    assert await new_id(store, backend, "new") == 4
    await store.close()


async def test_rows_without_their_sequence_are_not_served(postgres: PostgresServer) -> None:
    """As a logical replica has them: `serve` refuses, `migrate` goes beyond all that rows hold, once."""
    backend = restored(postgres, sequences=False)
    assert source_ids.BEHIND in bootstrap.migrate(backend.url)
    postgres.query(backend.url, "SELECT setval('source_source_id_seq', 1, false)")
    postgres.query(backend.url, ORPHAN)
    with pytest.raises(StartupError, match=f"lacks {source_ids.BEHIND}; run: aboveboard migrate"):
        await bootstrap.open_store(backend.url)
    assert bootstrap.migrate(backend.url) == [source_ids.BEHIND]
    assert bootstrap.migrate(backend.url) == []
    store = await bootstrap.open_store(backend.url)
    assert await new_id(store, backend, "new") == 10
    await store.close()
