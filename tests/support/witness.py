"""A client of a server whose store fails: what it was told is stored must be there, whatever happens next."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import grpc
from tests.support.clients import publish, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard.telemetry.v1.source_pb2 import Source

# Seconds in which a store that is back must take events again.
RECOVERY = 5.0


class Witness:
    """Sends events of one table, and keeps the ids of those that were acknowledged."""

    def __init__(self, server: ServerProcess, table: str = "element_stat") -> None:
        self.server = server
        self.table = table
        self.acknowledged: set[str] = set()

    def publish(self, source: Source, *events: EventEnvelope) -> None:
        """Send events; grpc.RpcError where they are refused."""
        publish(self.server, source, *events)
        self.acknowledged |= {event.event_id for event in events}

    def is_refused(self, operation: Callable[[], object]) -> bool:
        """Try something, and return whether it was refused, as it is where the store is away."""
        try:
            operation()
        except grpc.RpcError as error:
            seen = refusal_of(error)
            assert seen.code is grpc.StatusCode.UNAVAILABLE, seen
            assert seen.details.reason == "STORE_UNAVAILABLE", seen
            assert seen.details.retry_seconds, seen
            return True
        return False

    def resume(self, operation: Callable[[], object]) -> None:
        """Do something that was refused, now that the store is back."""
        deadline = time.monotonic() + RECOVERY
        while self.is_refused(operation):
            assert time.monotonic() < deadline, "it does not resume"
            time.sleep(0.02)

    def check_alive(self, pid: int) -> None:
        """See that the server is the process that it was."""
        assert self.server.pid == pid
        assert Path(f"/proc/{pid}").exists()

    def check_copy(self) -> None:
        """See that a kill right now would leave everything that was acknowledged, and a whole file."""
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.db"
            for suffix in ("", "-wal"):
                written = Path(f"{self.server.database}{suffix}")
                # A writer that ends takes an empty log with it.
                with suppress(FileNotFoundError):
                    shutil.copyfile(written, f"{copy}{suffix}")
            with closing(sqlite3.connect(copy)) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                self._check(database.execute(f"SELECT event_id FROM {self.table}").fetchall())

    def check_restarted(self) -> None:
        """Kill the server, start it again, and find everything that was acknowledged, once."""
        self.server.kill()
        self.server.start()
        self.server.check_integrity()
        self._check(self.server.query(f"SELECT event_id FROM {self.table}"))

    def _check(self, rows: list[tuple[str]]) -> None:
        stored = [event_id for (event_id,) in rows]
        assert not self.acknowledged.difference(stored), "an acknowledged event is lost"
        assert len(stored) == len(set(stored)), "an event is stored twice"
