"""The server's end of the writer process: starts it, asks it, and starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

import structlog

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage import frames, writer_process

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

# Seconds between two starts of a writer that will not live, and how long a request waits for one that does.
RESTART_DELAY = 0.25
PATIENCE = 5.0
# Bytes of one answer that are buffered; answers are small.
BUFFER = 1 << 20


class WriterError(Exception):
    """The writer met an error that nobody foresaw; the text is for the log alone."""


class WriterLink:
    """Keeps a writer process alive and passes it requests, answered in the order they were sent.

    `greeting` is what a new writer is told first; `on_ready` gets what it answers. `lock` is the descriptor
    of the file's lock: the writer holds it too, so that a killed server's file stays its own until the last
    commit is through.
    """

    def __init__(self, greeting: Any, on_ready: Callable[[Any], None], lock: int) -> None:
        self._greeting = frames.pack(greeting)
        self._on_ready = on_ready
        self._lock = lock
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._writer: asyncio.StreamWriter | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._keep_alive(), name="writer-link")

    async def ask(self, operation: str, argument: Any) -> Any:
        """Return the writer's answer; StoreUnavailableError where it died or cannot do it now."""
        if not self._ready.is_set():
            await self._wait_until_ready()
        if self._writer is None:
            raise StoreUnavailableError
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._writer.write(frames.pack((operation, argument)))
        kind, answer = await future
        if kind == writer_process.DONE:
            return answer
        if kind == writer_process.UNAVAILABLE:
            log.error("store_unavailable", error=answer)
            raise StoreUnavailableError
        raise WriterError(answer)

    @property
    def pid(self) -> int | None:
        """The writer's process id, None while there is none."""
        return self._process.pid if self._process else None

    async def close(self) -> None:
        """Let the writer finish and end."""
        self._closing = True
        if self._writer is not None:
            self._writer.close()
        else:
            self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _wait_until_ready(self) -> None:
        try:
            await asyncio.wait_for(self._ready.wait(), PATIENCE)
        except TimeoutError:
            raise StoreUnavailableError from None

    async def _keep_alive(self) -> None:
        while not self._closing:
            await self._one_life()
            if not self._closing:
                log.warning("writer_ended", restart_in_seconds=RESTART_DELAY)
                await asyncio.sleep(RESTART_DELAY)

    async def _one_life(self) -> None:
        """Start a writer, pass on its answers until its socket ends, and fail what it left unanswered."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", writer_process.__name__, str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603  # takes a millisecond; our own program
                command, pass_fds=(theirs.fileno(), self._lock), stdin=subprocess.DEVNULL
            )
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=BUFFER)
        self._writer.write(self._greeting)
        try:
            kind, answer = await _read(reader)
            if kind != writer_process.DONE:
                log.error("store_unavailable", error=answer)
                return
            self._on_ready(answer)
            self._ready.set()
            while True:
                # Answered in order: the first that waits is the one this is for. Its caller may be gone.
                value = await _read(reader)
                future = self._waiting.popleft()
                if not future.done():
                    future.set_result(value)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._ready.clear()
            self._writer.close()
            self._writer = None
            self._fail_unanswered()
            await asyncio.get_running_loop().run_in_executor(None, self._process.wait)
            self._process = None

    def _fail_unanswered(self) -> None:
        """Nobody knows whether what was asked was done: the client sends it again and is told."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(StoreUnavailableError())


async def _read(reader: asyncio.StreamReader) -> Any:
    (length,) = frames.HEADER.unpack(await reader.readexactly(frames.HEADER.size))
    return frames.unpack(await reader.readexactly(length))
