"""A server in a thread of the test's own process, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from tests.support.clocks import SetClock
from tests.support.server import ANY_PORT, TOKEN, ServerProcess, new_database

from aboveboard_server import bootstrap
from aboveboard_server.privacy import clock_guard
from aboveboard_server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from tests.support.postgres import PostgresServer

# Seconds that it may take to start or to stop.
PATIENCE = 60


class InThread(ServerProcess):
    """A server on a database of any kind, judged by `clock`; it may be started again."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer | None = None
    ) -> None:
        super().__init__(folder)
        self.clock = SetClock()
        self._postgres = postgres
        self._url = postgres.new_database() if postgres else f"sqlite:///{self.database}"
        monkeypatch.setattr(clock_guard, "Clock", lambda: self.clock)
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self, grpc_bind: str = ANY_PORT, admin_bind: str = ANY_PORT, http_bind: str = ANY_PORT) -> None:
        """Start, and return when it serves."""
        if self._postgres is None and not self.database.exists():
            self.database.write_bytes(new_database(self.token))
        settings = Settings(
            database=self._url,
            key_dir=self.key_dir,
            grpc_bind=grpc_bind,
            admin_bind=admin_bind,
            http_bind=http_bind,
            bootstrap_token=TOKEN,
        )
        self._started.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(settings)))
        self._thread.start()
        assert self._started.wait(PATIENCE), "the server does not start"
        assert self.admin_address

    def stop(self) -> int:
        """Have it drain."""
        if self._thread is not None and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE)
            self._thread = None
        return 0

    def kill(self) -> None:
        """Stop it: it ends with its process alone."""
        self.stop()

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read the database, with ? for a parameter."""
        if self._postgres is None:
            return super().query(statement, *parameters)
        return self._postgres.query(self._url, statement.replace("?", "%s"), *parameters)

    async def _serve(self, settings: Settings) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with AsyncExitStack() as stack:
                service = await bootstrap.start(settings, stack)
                self.ingest_address, self.admin_address = service.ingest_address, service.admin_address
                self.http_address = service.http_address
                self._started.set()
                await self._stop.wait()
        finally:
            self._started.set()
