"""What a full disk still has room for: what removes goes through with the reserve, what stores without."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aboveboard_server.reserve import Reserve

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
A = TypeVar("A")

# The log of a chunk of a deletion whose rows lie on pages of their own, and of a small file's VACUUM.
RESERVE_BYTES = 8 << 20
# How SQLite names a full disk: for its log, and for the index of that.
FULL = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"}


class NoRoomError(sqlite3.OperationalError):
    """The reserve is in use."""

    sqlite_errorname = "SQLITE_FULL"


class SqliteRoom:
    """Keeps the reserve beside a database file, and knows who may use it.

    `shrink` gives back to the disk what the database holds without need.
    """

    def __init__(self, database: Path, shrink: Callable[[], object]) -> None:
        self._folder = database.parent
        self._reserve = Reserve(Path(f"{database}.reserve"), RESERVE_BYTES)
        self._shrink = shrink

    def storing(self, operation: Callable[[A], T]) -> Callable[[A], T]:
        """Return an operation that is refused with NoRoomError as long as the reserve is in use."""

        def store(argument: A) -> T:
            if not self._reserve.make():
                self._shrink()
                if not self._reserve.make():
                    raise NoRoomError
            return operation(argument)

        return store

    def removing(self, operation: Callable[[A], T]) -> Callable[[A], T]:
        """Return an operation that is tried again with the reserve where there is no other room."""

        def remove(argument: A) -> T:
            try:
                return operation(argument)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname not in FULL or not self._reserve.release():
                    raise
            return operation(argument)

        return remove

    def require(self, size: int) -> None:
        """Raise NoRoomError where there is no room for so many bytes, the reserve included."""
        if shutil.disk_usage(self._folder).free + RESERVE_BYTES < size:
            raise NoRoomError

    def make(self) -> bool:
        """Give the reserve up for somebody else; return whether there was any."""
        return self._reserve.release()
