"""A server on PostgreSQL, with as many workers as are wanted."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.postgres import PostgresServer

# Seconds in which workers must notice that their supervisor is gone.
ORPHANS_END = 25


class OnPostgres(ServerProcess):
    """`aboveboard serve` on a database of a PostgreSQL that tests may stop and kill."""

    def __init__(  # noqa: PLR0913, PLR0917  # what a server is started with
        self,
        folder: Path,
        postgres: PostgresServer,
        url: str,
        workers: int = 1,
        env: Mapping[str, str] | None = None,
        more: tuple[str, ...] = (),
    ) -> None:
        super().__init__(folder, "--database", url, "--workers", str(workers), *more, env=env)
        # Servers on one database share its keys: those of the folder above.
        self.key_dir = folder.parent / "keys"
        self._postgres = postgres
        self._url = url
        self._workers = workers

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read the database, with ? for a parameter, and an id as its text, as SQLite has it."""
        found = self._postgres.query(self._url, statement.replace("?", "%s"), *parameters)
        return [tuple(str(v) if type(v).__name__ == "UUID" else v for v in row) for row in found]

    def check_integrity(self) -> None:
        """Do nothing: PostgreSQL checks itself when it recovers, and its queries would fail."""

    def workers(self) -> list[int]:
        """The ids of the processes that take calls."""
        if self._workers == 1:
            return [self.pid]
        return self.children()

    def kill(self) -> None:
        """End it and its workers at once."""
        if self._process is None or self._process.poll() is not None:
            return
        workers = self.workers()
        super().kill()
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + ORPHANS_END
        while any(Path(f"/proc/{pid}/status").exists() for pid in workers):
            assert time.monotonic() < deadline, "a killed worker does not end"
            time.sleep(0.02)

    def kill_worker(self: ServerProcess) -> bool:
        """Kill one worker alone; False where there is none but the server itself."""
        workers = cast("OnPostgres", self).workers()
        if len(workers) < 2:
            return False
        os.kill(workers[0], signal.SIGKILL)
        return True


def server_on(
    store: str, folder: Path, postgres: PostgresServer, workers: int = 1, more: tuple[str, ...] = ()
) -> ServerProcess:
    """Return a server, not started, on an empty database: so many workers on "postgres", or on "sqlite".

    `more` are arguments that it is started with.
    """
    if store == "sqlite":
        return ServerProcess(folder, *more)
    # Its keys lie beside its folder.
    folder = folder / "server"
    folder.mkdir()
    return OnPostgres(folder, postgres, postgres.new_database(), workers, more=more)
