"""No setting of a role, a database or the environment changes what is stored, or what is read."""

from __future__ import annotations

import ast
import asyncio
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.test_doctor import doctor
from tests.support.batches import RECEIVED_AT, batch_of, elements, opt_out, pings, quarantined_batch, record
from tests.support.clients import deployment_source, ping
from tests.support.erasures import carry_out
from tests.support.postgres import EMPTY_IT

import aboveboard_server
from aboveboard_server import bootstrap
from aboveboard_server.access.first import admin_key
from aboveboard_server.errors import StartupError
from aboveboard_server.storage.address import database_url, libpq_parameters
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE, SubjectRecord
from aboveboard_server.storage.postgres_connect import connect, connect_async
from aboveboard_server.storage.postgres_settings import SETTINGS
from aboveboard_server.storage.work import access_keys, deletions
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore

# A value of each setting that would change a result or refuse something; a setting without one is not tested.
HOSTILE = {
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kolkata",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "quote_all_identifiers": "on",
    "search_path": "elsewhere",
    "row_security": "on",
    "session_replication_role": "replica",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "synchronous_commit": "off",
    "exit_on_error": "on",
    "client_min_messages": "error",
    "lock_timeout": "1ms",
    # Each holds for as long as a session takes to set its own, on a busy machine too.
    "statement_timeout": "700ms",
    "idle_in_transaction_session_timeout": "700ms",
    "idle_session_timeout": "700ms",
    "transaction_timeout": "700ms",
}
# Of each kind one is tried in `make test`, and all of them in `make fault`.
QUICK = {
    ("role", "client_encoding"),
    ("role", "search_path"),
    ("role", "default_transaction_read_only"),
    ("role", "statement_timeout"),
    ("database", "standard_conforming_strings"),
    ("environment", "DateStyle"),
}
ROLE = "operator_of_settings"
TEXT = "Zürich \\ 'quoted' \"twice\" \\n €"
TABLES = ("source", "company", "ping", "element_stat", "quarantined_event", "tombstone")
# Tables of the same names, in a schema that a hostile search path names.
ELSEWHERE = """DO $$ DECLARE found text; BEGIN CREATE SCHEMA elsewhere;
FOR found IN SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace = 'public'::regnamespace
LOOP EXECUTE format('CREATE TABLE elsewhere.%I (LIKE public.%I)', found, found); END LOOP; END $$"""
IDS = [f"019f0000-0000-7000-8000-{number:012x}" for number in range(60)]


@dataclass(frozen=True)
class Operated:
    """A database whose settings its operator has changed, and how to look into it."""

    name: str
    url: str
    admin: Callable[[str], list[tuple[Any, ...]]]
    look: Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def operated(postgres: PostgresServer) -> Iterator[Operated]:
    url, elsewhere = postgres.new_database(), postgres.empty_database()
    name = str(database_url(url).database)
    postgres.query(url, ELSEWHERE)
    postgres.query(elsewhere, f"CREATE ROLE {ROLE} LOGIN SUPERUSER")
    yield Operated(
        name,
        url.replace("postgres@", f"{ROLE}@"),
        lambda statement: postgres.query(elsewhere, statement),
        lambda statement: postgres.query(url, statement),
    )
    postgres.query(elsewhere, f"DROP ROLE {ROLE}")


async def use(store: EventStore) -> list[object]:
    """Store, opt out, delete and make keys; return what the store has answered."""
    stays = deployment_source("stays", solution=TEXT, company_name=TEXT)
    goes = deployment_source("goes", company_name=TEXT)
    answers: list[object] = []
    # By COPY, where the source is new and where it is known; by few rows; through staging tables.
    answers.append(
        await store.commit([batch_of(stays, *elements(*IDS[:5])), batch_of(goes, *pings(*IDS[:5]))])
    )
    answers.append(await store.commit([batch_of(stays, *elements(*IDS[5:40]))]))
    said = ping(TEXT, {"text": TEXT, "none": None, "number": 1.1}, event_id=IDS[50])
    answers.append(await store.commit([batch_of(stays, said)]))
    answers.append(await store.commit([batch_of(stays, said)]))
    await store.commit([quarantined_batch(stays, IDS[51])])
    answers.append([(one.event_id, one.envelope) for one in await store.quarantined(limit=5, whole=True)])
    await opt_out(store, record(goes).subjects[0], origin=SELF_SERVICE)
    answers.append((await store.commit([batch_of(goes, *pings(IDS[52]))]))[0].opted_out)
    await opt_out(store, record(goes).subjects[0], origin=SELF_SERVICE, disabled=False)
    order = deletions.Order(IDS[53], ADMINISTRATOR, datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC))
    act = Act("test", "CreateDeletion", record(goes).subjects[0])
    goner = SubjectRecord("COMPANY", record(goes).subjects[0], company_id="goes")
    await store.work(deletions.begin, goner, order, act)
    answers.append((await carry_out(store, IDS[53], 3)).cut_off_at)
    await store.work(access_keys.ensure, *admin_key("aba_" + "k" * 43), first=False)
    answers.append([(key.kind, key.secret_digest) for key in await store.read(access_keys.in_force)])
    answers.append(await store.loss(first_day=0, last_day=30_000, solution=TEXT))
    async with store.alone("settings") as held:
        answers.append(held)
    await store.probe()
    answers.append(await store.pin_keys({"one": TEXT}))
    return answers


def run(operated: Operated) -> list[object]:
    """Use a store on an empty database, and return its answers."""

    async def with_a_store() -> list[object]:
        store = await bootstrap.open_store(operated.url)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(with_a_store())


def stored(operated: Operated) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is stored, numbers of rows aside, read by a session whose settings nobody has changed."""
    plain = "(to_jsonb(t) - 'source_id' - 'quarantined_event_id' - 'epoch')::text"
    return {table: operated.look(f"SELECT {plain} FROM {table} t ORDER BY 1") for table in TABLES}


def empty(operated: Operated) -> None:
    for statement in EMPTY_IT:
        operated.look(statement)


@pytest.fixture(scope="module")
def control(operated: Operated) -> tuple[list[object], dict[str, list[tuple[Any, ...]]]]:
    """What is answered and stored where nothing is set."""
    empty(operated)
    answers = run(operated)
    found = stored(operated)
    assert operated.look("SELECT company_name FROM company") == [(TEXT,)]
    assert len(found["element_stat"]) == 40
    assert operated.look("SELECT payload->>'text' FROM ping") == [(TEXT,)]
    assert operated.look(f"SELECT event_name, received_at FROM ping WHERE event_id = '{IDS[50]}'") == [
        (
            TEXT,
            datetime.fromtimestamp(RECEIVED_AT // 1_000_000, UTC).replace(
                microsecond=RECEIVED_AT % 1_000_000
            ),
        )
    ]
    return answers, found


def test_each_setting_has_a_hostile_value() -> None:
    """A setting that is added to the list is tested too."""
    assert HOSTILE.keys() == SETTINGS.keys()


@pytest.mark.parametrize(
    ("name", "way"),
    [
        pytest.param(name, way, marks=() if (way, name) in QUICK else pytest.mark.fault, id=f"{name}-{way}")
        for name in SETTINGS
        for way in ("role", "database", "environment")
    ],
)
def test_no_setting_changes_what_is_stored_or_read(  # noqa: PLR0913, PLR0917  # two fixtures and four places
    operated: Operated,
    control: tuple[list[object], dict[str, list[tuple[Any, ...]]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    way: str,
) -> None:
    """Set by the role, the database or PGOPTIONS: events, opt-outs, deletions, keys and doctor as ever."""
    value = HOSTILE[name]
    empty(operated)
    parameters = libpq_parameters(database_url(operated.url))
    with closing(connect(parameters)) as undisturbed:
        ours = undisturbed.execute(f"SHOW {name}".encode()).fetchone()
    place = f"ROLE {ROLE}" if way == "role" else f"DATABASE {operated.name}"
    if way == "environment":
        monkeypatch.setenv("PGOPTIONS", f"-c {name}={value.replace(' ', chr(92) + ' ')}")
    else:
        operated.admin(f"ALTER {place} SET {name} = '{value}'")
    try:
        with closing(connect(parameters)) as connection:
            assert connection.execute(f"SHOW {name}".encode()).fetchone() == ours
        assert asyncio.run(shown(parameters, name)) == ours
        answers = run(operated)
        if way == "role":
            assert bootstrap.migrate(operated.url) == []
        found = doctor(tmp_path, database=operated.url) if way != "environment" else None
    finally:
        monkeypatch.delenv("PGOPTIONS", raising=False)
        operated.admin(f"ALTER ROLE {ROLE} RESET ALL")
        operated.admin(f"ALTER DATABASE {operated.name} RESET ALL")
    assert (answers, stored(operated)) == control
    # The PostgreSQL of the tests does not sync; the keys are those of another folder.
    assert found is None or found.ill.keys() == {
        "commits-are-durable",
        "keys-are-those-of-the-database",
        "journal-is-that-of-the-database",
    }
    assert operated.look(
        "SELECT (SELECT count(*) FROM elsewhere.ping) + (SELECT count(*) FROM elsewhere.source)"
    ) == [(0,)]


async def shown(parameters: dict[str, Any], name: str) -> Any:
    connection = await connect_async(parameters)
    async with connection:
        return await (await connection.execute(f"SHOW {name}".encode())).fetchone()


def test_the_environment_says_nothing_of_the_encoding(
    operated: Operated,
    control: tuple[list[object], dict[str, list[tuple[Any, ...]]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor of dates, times or the host to prefer."""
    empty(operated)
    hostile = {"PGCLIENTENCODING": "LATIN1", "PGDATESTYLE": "German", "PGTZ": "Asia/Kolkata"}
    for name, value in (hostile | {"PGTARGETSESSIONATTRS": "standby", "PGAPPNAME": "other"}).items():
        monkeypatch.setenv(name, value)
    answers = run(operated)
    for name in (*hostile, "PGTARGETSESSIONATTRS", "PGAPPNAME"):
        monkeypatch.delenv(name)
    assert (answers, stored(operated)) == control


@pytest.mark.parametrize("chosen", ["remote_write", "remote_apply"])
def test_what_an_operator_asks_for_beyond_is_kept(operated: Operated, chosen: str) -> None:
    """Only `off` and `local` are raised to `on`: they acknowledge what is on no disk, or on one alone."""
    parameters = libpq_parameters(database_url(operated.url))
    for said, kept in ((chosen, chosen), ("off", "on"), ("local", "on")):
        operated.admin(f"ALTER ROLE {ROLE} SET synchronous_commit = {said}")
        try:
            with closing(connect(parameters)) as connection:
                assert connection.execute("SHOW synchronous_commit").fetchone() == (kept,)
        finally:
            operated.admin(f"ALTER ROLE {ROLE} RESET ALL")


async def test_triggers_that_only_a_superuser_may_switch_on_again(operated: Operated) -> None:
    """A role that has them off, and may not set that, is refused: the audit log would keep nothing whole."""
    operated.admin("CREATE ROLE weak LOGIN")
    operated.admin("ALTER ROLE weak SET session_replication_role = replica")
    try:
        with pytest.raises(StartupError, match=r"session_replication_role is not 'origin'.*RESET"):
            await bootstrap.open_store(operated.url.replace(ROLE, "weak"))
    finally:
        operated.admin("DROP ROLE weak")


def test_nothing_else_connects() -> None:
    """What `postgres_connect` makes sure of holds for each connection, for no other module makes one."""
    calls = []
    for file in Path(aboveboard_server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("onnection.connect", "psycopg.connect")
            ):
                calls.append((file.name, ast.unparse(node.func)))
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("create_engine"):
                first = ast.unparse(node.args[0])
                own = "creator" in {keyword.arg for keyword in node.keywords}
                calls += [] if own or first.startswith(("'sqlite", "f'sqlite")) else [(file.name, first)]
    assert sorted(calls) == [
        ("postgres_connect.py", "Connection.connect"),
        ("postgres_connect.py", "psycopg.AsyncConnection.connect"),
    ]
