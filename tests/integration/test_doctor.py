"""`aboveboard doctor`: quiet about a healthy set-up; of each broken one, what is wrong and what to do."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, publish, server_source
from tests.support.clocks import SetClock
from tests.support.deletions import company, delete
from tests.support.keys import make_key, revoke
from tests.support.server import ServerProcess
from typer.testing import CliRunner

from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard_server.cli.app import app
from aboveboard_server.doctor import clock, machine
from aboveboard_server.privacy.journal import JOURNAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.postgres import PostgresServer

DATABASE = "aboveboard.db"
KEYS = "keys"
PORTS = ("--grpc-bind=127.0.0.1:0", "--admin-bind=127.0.0.1:0", "--http-bind=127.0.0.1:0")


@dataclass(frozen=True)
class Diagnosis:
    """What doctor has found: its exit code, and by check what is not as it should be."""

    code: int
    ill: dict[str, tuple[str, str]]
    checks: set[str]


def doctor(folder: Path, *arguments: str, database: str = "") -> Diagnosis:
    """Run it in a folder as it lies there."""
    command = ["doctor", "--json", *PORTS, "--key-dir", str(folder / KEYS)]
    command += ["--database", database or f"sqlite:///{folder / DATABASE}", *arguments]
    done = CliRunner().invoke(app, command)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    results = json.loads(done.stdout)
    ill = {
        one["check"]: (one["level"], f"{one['found']}; {one['advice']}")
        for one in results
        if one["level"] != "ok"
    }
    assert done.exit_code == ("problem" in {level for level, _ in ill.values()})
    return Diagnosis(done.exit_code, ill, {one["check"] for one in results})


def content(folder: Path) -> dict[str, bytes]:
    """Return what a folder holds."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a server that has forgotten someone and was stopped; `older` holds those of before."""
    folder = tmp_path_factory.mktemp("healthy")
    server = ServerProcess(folder)
    server.start()
    publish(server, deployment_source("gone"), element())
    publish(server, server_source(), element())
    server.stop()
    shutil.copytree(folder, folder / "older")
    server.start()
    delete(server, company("gone"))
    with admin(server) as stub:
        subject = Subject(company_id="unwanted")
        stub.CreateOptOut(CreateOptOutRequest(subject=subject), timeout=TIMEOUT)
    revoke(server, make_key(server, k.Key.KIND_WRITE).key.key_id)
    server.stop()
    return folder


@pytest.fixture
def setup(healthy: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    return Path(shutil.copytree(healthy, tmp_path / "setup"))


def test_a_healthy_setup(setup: Path) -> None:
    """Nothing is found, and nothing changed; so where nothing was ever started."""
    before = content(setup)
    found = doctor(setup, "--deep")
    assert found.ill == {}
    assert "file-is-whole" in found.checks
    assert content(setup) == before
    (setup / "new").mkdir()
    assert doctor(setup / "new").ill == {}
    assert content(setup / "new") == {}


def test_a_running_server(setup: Path) -> None:
    """What it holds is its own: its addresses, its file; it is not disturbed."""
    # It knows a server by its command.
    server = ServerProcess(setup, warm=False)
    server.start()
    try:
        binds = {
            "grpc": server.ingest_address,
            "admin": server.admin_address,
            "http": server.http_address,
        }
        found = doctor(setup, "--deep", *[f"--{name}-bind={address}" for name, address in binds.items()])
        assert found.ill == {}
        assert publish(server, server_source(), element()).accepted_count == 1
    finally:
        assert server.stop() == 0


def execute(statement: str) -> Callable[[Path], None]:
    """Return what changes the database."""

    def change(folder: Path) -> None:
        with closing(sqlite3.connect(folder / DATABASE)) as database, database:
            database.execute(statement)

    return change


def kept_clock(*, newest: timedelta = timedelta(), swept: timedelta = timedelta()) -> Callable[[Path], None]:
    """Return what has servers have kept these times, each by how far it is from now; they ran for no time."""

    def change(folder: Path) -> None:
        now = time.time_ns() // 1_000
        times = [now + moved // timedelta(microseconds=1) for moved in (newest, swept)]
        with closing(sqlite3.connect(folder / DATABASE)) as database, database:
            database.execute("DELETE FROM server_clock")
            database.execute("INSERT INTO server_clock VALUES (1, ?, ?, 0, 0, 0, 0)", times)

    return change


def damage(name: str, place: int, data: bytes) -> Callable[[Path], None]:
    """Return what writes into a file."""

    def change(folder: Path) -> None:
        with (folder / name).open("r+b") as file:
            file.seek(place)
            file.write(data)

    return change


def chmod(name: str, mode: int) -> Callable[[Path], None]:
    """Return what opens a file or folder to others."""
    return lambda folder: (folder / name).chmod(mode)


def put_back(name: str) -> Callable[[Path], object]:
    """Return what puts an older file in the place of the newest."""
    return lambda folder: shutil.copy(folder / "older" / name, folder / name)


def foreign_key(folder: Path) -> None:
    """Put another database's key there."""
    (folder / KEYS / "digest.key").write_bytes(bytes(32))


def from_the_future(folder: Path) -> None:
    """Let a key have been written tomorrow."""
    tomorrow = time.time() + 86_400
    os.utime(folder / KEYS / "digest.key", (tomorrow, tomorrow))


BROKEN: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "no database": (damage(DATABASE, 0, b"no database"), "database-can-be-read", "problem", "not a database"),
    "an older schema": (
        execute("DROP TABLE upload_stat"),
        "schema-is-current",
        "problem",
        "aboveboard migrate",
    ),
    "a newer version": (
        execute("UPDATE alembic_version SET version_num = '9999'"),
        "schema-is-current",
        "problem",
        "install that version",
    ),
    "a table of another version": (
        execute("CREATE TABLE report_stat (source_id INTEGER)"),
        "every-table-is-known",
        "problem",
        "report_stat",
    ),
    "an id from before the rule": (
        execute(
            "INSERT INTO deployment (company_id, deployment_id, first_seen_at, last_seen_at)"
            " VALUES ('busag ', 'd', 0, 0)"
        ),
        "every-sender-is-accepted",
        "warning",
        'company "busag "',
    ),
    "a damaged page": (damage(DATABASE, 8 * 4096, b"\xff" * 4096), "file-is-whole", "problem", "restore"),
    "another journal mode": (
        execute("PRAGMA journal_mode = DELETE"),
        "journal-mode-is-wal",
        "warning",
        "start the server",
    ),
    "a file that all may read": (chmod(DATABASE, 0o644), "file-is-private", "warning", "chmod 600"),
    "a file that all may write": (chmod(DATABASE, 0o666), "file-is-private", "problem", "chmod 600"),
    "no folder": (
        shutil.rmtree,
        "file-can-be-written",
        "problem",
        "mkdir",
    ),
    "an open key directory": (chmod(KEYS, 0o755), "keys-are-private", "problem", "chmod 700"),
    "an open key": (chmod(f"{KEYS}/digest.key", 0o644), "keys-are-private", "problem", "chmod 600"),
    "an open journal": (chmod(f"{KEYS}/journal", 0o640), "keys-are-private", "problem", "chmod 600"),
    "a short key": (
        lambda folder: os.truncate(folder / KEYS / "wrapping.key", 31),
        "keys-are-whole",
        "problem",
        "31 bytes",
    ),
    "a lost key": (
        lambda folder: (folder / KEYS / "signing.key").unlink(),
        "keys-are-those-of-the-database",
        "problem",
        "put it back",
    ),
    "another key": (foreign_key, "keys-are-those-of-the-database", "problem", "--key-dir"),
    "no key directory": (
        lambda folder: shutil.rmtree(folder / KEYS),
        "keys-are-those-of-the-database",
        "problem",
        "put it back",
    ),
    "a damaged journal": (damage(f"{KEYS}/{JOURNAL}", 40, b"x"), "journal-can-be-read", "problem", "line 1"),
    "an older journal": (
        put_back(f"{KEYS}/{JOURNAL}"),
        "journal-is-that-of-the-database",
        "problem",
        "import",
    ),
    "an older database": (
        put_back(DATABASE),
        "journal-is-that-of-the-database",
        "warning",
        "start the server",
    ),
    "a key that a backup has revived": (
        execute("UPDATE access_key SET revoked_at = NULL"),
        "journal-is-that-of-the-database",
        "warning",
        "start the server",
    ),
    "a deletion that nobody has seen to": (
        execute(
            "INSERT INTO deletion (deletion_id, subject_kind, subject_digest, origin, reference, state,"
            " also_opt_out, scrub_now, created_at, removed, rejection_reason)"
            " SELECT '00000000-0000-7000-8000-000000000000', subject_kind, subject_digest, 'SELF_SERVICE',"
            " '', 'PENDING_CONFIRMATION', 0, 0, created_at - 8 * 86400000000, '{}', '' FROM deletion LIMIT 1"
        ),
        "deletions-are-seen-to",
        "warning",
        "it lapses after 30",
    ),
    "a file of the future": (from_the_future, "clock-is-right", "problem", "set the clock"),
    "a clock that is behind": (
        kept_clock(newest=timedelta(hours=2)),
        "clock-is-plausible",
        "problem",
        "aboveboard admin clock accept",
    ),
    "a clock that is ahead": (
        kept_clock(swept=-timedelta(days=8)),
        "clock-is-plausible",
        "problem",
        "8 days further",
    ),
    "a cut-off of the future": (
        execute("UPDATE tombstone SET cut_off_at = cut_off_at + 86400000000"),
        "cut-offs-are-not-in-the-future",
        "problem",
        "1 cut-offs lie in the future",
    ),
    "a deletion without a cut-off": (
        execute("UPDATE deletion SET state = 'RUNNING', cut_off_at = NULL"),
        "cut-offs-are-not-in-the-future",
        "warning",
        "wait for a plausible clock",
    ),
    "a clock that was behind": (
        execute("INSERT INTO clock_period VALUES (0, 1000000)"),
        "rows-expire",
        "warning",
        "1970-01-01 00:00",
    ),
    "an event of the future": (
        execute("UPDATE source SET last_seen_at = last_seen_at + 86400000000"),
        "newest-event-is-not-from-the-future",
        "problem",
        "set the clock",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_setup(setup: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Each kind is found by its check, as bad as it is, with what to do."""
    monkeypatch.setattr(clock, "CLOCK", SetClock())
    spoil, check, level, words = BROKEN[kind]
    spoil(setup)
    found = doctor(setup, "--deep")
    assert found.ill[check][0] == level
    assert words in found.ill[check][1]
    assert found.code == (level == "problem")


def test_settings_that_cannot_be_meant(setup: Path) -> None:
    """They are told like everything else."""
    found = doctor(setup, "--ping-interval-hours=0")
    assert found.ill == {
        "settings": ("problem", "--ping-interval-hours: must be at least 1; see: aboveboard serve --help")
    }


def test_an_address_that_is_not_to_be_had(setup: Path) -> None:
    """Another program's, or not this machine's."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        level, words = doctor(setup, f"--http-bind=127.0.0.1:{port}").ill["addresses-can-be-had"]
        assert (level, f"pid {os.getpid()}" in words) == ("problem", True)
    level, words = doctor(setup, "--http-bind=192.0.2.1:80").ill["addresses-can-be-had"]
    assert (level, "of this machine" in words) == ("problem", True)


def test_a_journal_need_not_know_what_has_lapsed(setup: Path) -> None:
    """Compaction has left it out, and no start tells it anew."""
    put_back(f"{KEYS}/{JOURNAL}")(setup)
    check = "journal-is-that-of-the-database"
    lacking = int(doctor(setup).ill[check][1].split()[0])
    execute("UPDATE deletion SET cut_off_at = 1 WHERE cut_off_at IS NOT NULL")(setup)
    found = doctor(setup).ill.get(check)
    assert found is None or int(found[1].split()[0]) < lacking


@pytest.mark.parametrize(
    ("name", "value", "check", "level"),
    [
        ("LEAST_FREE", 1 << 60, "disk-has-room", "problem"),
        ("SCRUB_FACTOR", 1 << 40, "disk-has-room", "warning"),
        ("LEAST_MEMORY", 1 << 60, "memory-is-enough", "warning"),
        ("TOO_QUICK", 3600.0, "disk-keeps-what-it-was-told-to-keep", "warning"),
    ],
)
def test_a_machine_that_is_too_small(  # noqa: PLR0913, PLR0917  # what is needed, and what is found
    setup: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: float, check: str, level: str
) -> None:
    """Where more is needed than there is, it is said."""
    monkeypatch.setattr(machine, name, value)
    assert doctor(setup).ill[check][0] == level


def test_too_few_files(setup: Path) -> None:
    """A low limit of open files is told."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, limits[1]))
    try:
        assert doctor(setup).ill["files-may-be-opened"][0] == "warning"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("requirement", ["protobuf>=99", "no-such-library>=1; extra == 'server'"])
def test_libraries_that_are_too_old(setup: Path, monkeypatch: pytest.MonkeyPatch, requirement: str) -> None:
    """What the distribution asks for and is not there is told, with the command that helps."""
    monkeypatch.setattr("importlib.metadata.requires", lambda _: [requirement])
    level, words = doctor(setup).ill["libraries-are-recent-enough"]
    assert (level, "pip install" in words) == ("problem", True)


def test_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    """A database that lost its durability, its schema, its rights, its primary, or itself."""
    # That of the tests does not sync.
    assert doctor(tmp_path, database=postgres.new_database()).ill.keys() == {"commits-are-durable"}
    level, words = doctor(tmp_path, database=postgres.empty_database()).ill["schema-is-current"]
    assert (level, "aboveboard migrate" in words) == ("problem", True)
    url = postgres.new_database()
    postgres.query(url, "CREATE TABLE report_stat (source_id bigint) PARTITION BY RANGE (source_id)")
    level, words = doctor(tmp_path, database=url).ill["every-table-is-known"]
    assert (level, "report_stat" in words) == ("problem", True)
    postgres.query(url, "DROP TABLE report_stat")
    postgres.query(url, "CREATE ROLE reader LOGIN")
    postgres.query(url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    reader = url.replace("postgres@", "reader@")
    level, words = doctor(tmp_path, database=reader).ill["commits-are-taken"]
    assert (level, "GRANT" in words) == ("problem", True)
    postgres.become_standby()
    try:
        level, words = doctor(tmp_path, database=url).ill["commits-are-taken"]
        assert (level, "promote" in words) == ("problem", True)
    finally:
        postgres.promote()
    away = "postgresql+psycopg://postgres@127.0.0.1:1/none"
    assert doctor(tmp_path, database=away).ill["database-can-be-read"][0] == "problem"


def test_it_reads_well(setup: Path) -> None:
    """Without --json: a table, and under it what to do, one line each."""
    (setup / KEYS / "digest.key").chmod(0o644)
    arguments: list[Any] = [
        "doctor",
        *PORTS,
        f"--key-dir={setup / KEYS}",
        f"--database=sqlite:///{setup / DATABASE}",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert (
        f"problem: {setup}/keys/digest.key is open to others (mode 0644)\n    run: chmod 600" in done.stdout
    )
