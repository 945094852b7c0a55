"""What a check finds.

A check is a small generator function. Its name is the check's name, the first line of its docstring is its
title, and it yields what it finds; nothing, where it does not apply. It changes nothing, and holds nobody up.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from sqlmodel import Session

from aboveboard_server.errors import StartupError
from aboveboard_server.privacy.journal_lines import JournalError
from aboveboard_server.storage.address import database_url, is_postgres, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import URL, Connection

    from aboveboard_server.settings import Settings

    Check: TypeAlias = Callable[["Host"], Iterator["Finding"]]


class Level(StrEnum):
    """How bad it is: nothing to do, to be looked at, or a server will not start, lose data or stop."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in words, and what to do."""

    level: Level
    found: str
    advice: str = ""


def ok(found: str, advice: str = "") -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(Level.OK, found, advice)


def warning(found: str, advice: str) -> Finding:
    """Return a finding that is to be looked at."""
    return Finding(Level.WARNING, found, advice)


def problem(found: str, advice: str) -> Finding:
    """Return a finding that keeps a server from working, or will."""
    return Finding(Level.PROBLEM, found, advice)


@dataclass(frozen=True, slots=True)
class Result:
    """A finding, and which check it comes from."""

    check: str
    title: str
    finding: Finding


@dataclass
class Host:
    """What is looked at: the settings of a server, and its database once it could be opened."""

    settings: Settings
    deep: bool = False
    connection: Connection | None = None

    @cached_property
    def url(self) -> URL:
        """Where the database is."""
        return database_url(self.settings.database)

    @property
    def on_postgres(self) -> bool:
        """Whether the database is a PostgreSQL."""
        return is_postgres(self.url)

    @cached_property
    def file(self) -> Path:
        """The SQLite file."""
        return sqlite_path(self.url)

    @property
    def database(self) -> Connection:
        """The database, open for reading; for checks that are made where it is."""
        if self.connection is None:
            raise RuntimeError("no check that reads the database may run without it")
        return self.connection

    def session(self) -> Session:
        """Return a session over the open database."""
        return Session(self.database)


def run(check: Check, host: Host) -> Iterator[Result]:
    """Make one check; what keeps it from being made is a problem too."""
    title = (inspect.getdoc(check) or "").partition("\n")[0].removesuffix(".")
    name = check.__name__.replace("_", "-")
    try:
        for finding in check(host):
            yield Result(name, title, finding)
    except (OSError, StartupError, JournalError) as error:
        # An OSError's own text names the file and what is wrong with it.
        yield Result(name, title, problem(str(error), "see to it, and run this again"))
    except Exception as error:  # noqa: BLE001  # the other checks are still to be made, whatever ails this one
        found = f"it cannot be told: {type(error).__name__}"
        yield Result(name, title, problem(found, "tell those who make Aboveboard of it"))
