"""Databases for the runs: new ones by copy, in a folder that is gone afterwards."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchmarks.servers import ServerError

if TYPE_CHECKING:
    from pathlib import Path

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

    def fresh(self) -> Database:
        """Return a new database with the service's schema and no row."""

    def drop(self, database: Database) -> None:
        """Remove a database."""

    def stop(self) -> None:
        """Let go of everything."""


class SqliteHost:
    """Makes SQLite files."""

    name = SQLITE
    workers = 1

    def __init__(self, folder: Path) -> None:
        import sqlite3  # noqa: PLC0415  # only its version is asked for

        self.version = f"SQLite {sqlite3.sqlite_version}"
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

    def stop(self) -> None:
        """See Host.stop."""


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
