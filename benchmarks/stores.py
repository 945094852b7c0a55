"""Databases for the runs: new ones by copy, in a folder that is gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from aboveboard_server.storage.sqlite_writer import PRAGMAS
from benchmarks.events import TYPES, company
from benchmarks.servers import ServerError

SQLITE = "sqlite"
POSTGRES = "postgres"


@dataclass(frozen=True, slots=True)
class Database:
    """One database and the folder for what belongs to it: keys, logs."""

    url: str
    folder: Path


class Host(Protocol):
    """A store that makes databases."""

    name: str
    version: str
    # Server processes that serve best on this store, by the rules of the design.
    workers: int
    # What decides whether an acknowledged row is on the disk.
    durability: dict[str, str]

    def fresh(self) -> Database:
        """Return a new database with the service's schema and no row."""

    def drop(self, database: Database) -> None:
        """Remove a database."""

    def find(self, database: Database, number: int) -> tuple[float, int]:
        """Read all rows of the company of that number; return how long it took in ms, and their number."""

    def execute(self, database: Database, statements: list[str]) -> None:
        """Run statements, past the service; `{bytes}` in them is the store's type of bytes."""

    def settle(self, database: Database) -> None:
        """Finish what a preload has left to be done later."""

    def stop(self) -> None:
        """Let go of everything."""


class SqliteHost:
    """Makes SQLite files."""

    name = SQLITE
    workers = 1

    def __init__(self, folder: Path) -> None:
        self.version = f"SQLite {sqlite3.sqlite_version}"
        self.durability = dict(pragma.removeprefix("PRAGMA ").split(" = ") for pragma in PRAGMAS)
        self._folder = folder / SQLITE
        self._numbers = itertools.count()
        self._template = self._folder / "template.db"
        self._folder.mkdir()
        migrate(f"sqlite:///{self._template}")

    def fresh(self) -> Database:
        """See Host.fresh."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        shutil.copyfile(self._template, folder / "events.db")
        return Database(f"sqlite:///{folder / 'events.db'}", folder)

    def drop(self, database: Database) -> None:
        """See Host.drop."""
        shutil.rmtree(database.folder)

    def find(self, database: Database, number: int) -> tuple[float, int]:
        """See Host.find. Through a connection as README tells: read-only."""
        path = sqlite_file(database.url).as_uri()
        with contextlib.closing(sqlite3.connect(f"{path}?mode=ro", uri=True)) as db:
            begun = time.perf_counter()
            found = sum(
                len(db.execute(statement, (company(number),)).fetchall()) for statement in look_ups("?")
            )
            return (time.perf_counter() - begun) * 1000, found

    def execute(self, database: Database, statements: list[str]) -> None:
        """See Host.execute."""
        with contextlib.closing(sqlite3.connect(sqlite_file(database.url), isolation_level=None)) as db:
            for statement in statements:
                db.execute(statement.format(bytes="BLOB"))

    def settle(self, database: Database) -> None:
        """See Host.settle."""
        self.execute(database, ["PRAGMA wal_checkpoint(TRUNCATE)"])

    def stop(self) -> None:
        """See Host.stop."""


def sqlite_file(url: str) -> Path:
    """Return the file that a SQLite URL names."""
    return Path(make_url(url).database or "")


def look_ups(mark: str) -> list[str]:
    """Return the statements that read all rows of one company; `mark` stands for its identifier."""
    # The tables are those of the schema.
    return [
        f"SELECT {table}.* FROM source JOIN {table} USING (source_id) WHERE company_id = {mark}"  # noqa: S608  # see above
        for table in TYPES
    ]


def migrate(url: str) -> None:
    """Bring a database to the service's schema, as an operator would."""
    # The program is this very interpreter, the URL our own.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "aboveboard_server", "migrate", "--database", url],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(f"migrate: {done.stderr.strip()[-2000:]}")
