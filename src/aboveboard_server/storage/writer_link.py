"""The server's end of the writer process: starts it, asks it, and starts it again when it dies."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import structlog

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage import frames, writer_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard_server.background import Background

log = structlog.get_logger()

# Seconds between two starts of a writer that will not live, and how long a request waits for one that does.
RESTART_DELAY = 0.25
PATIENCE = 5.0
# Seconds that the first writer may take to read what may not be stored: there may be millions of opt-outs.
FIRST_PATIENCE = 60.0
# Bytes that the kernel is asked to hold for the writer, so that a group goes out at once.
SEND_BUFFER = 1 << 20


class WriterError(Exception):
    """The writer met an error that nobody foresaw; the text is for the log alone."""


class WriterLink:
    """Keeps a writer process alive and passes it requests, answered in the order they were sent.

    `greeting` is what a new writer is told first; `on_ready` gets what it answers. `lock` is the descriptor
    of the file's lock: the writer holds it too, so that a killed server's file stays its own until the last
    commit is through.
    """

    def __init__(
        self, greeting: Any, on_ready: Callable[[Any], None], lock: int, background: Background
    ) -> None:
        self._greeting = greeting
        self._on_ready = on_ready
        self._lock = lock
        self._connection: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = asyncio.Event()
        self._closing = False
        # Set once the first writer is ready, or has ended before it was.
        self._first_decided = asyncio.Event()
        self._loop = background.start("writer", self._keep_alive)

    async def ask(self, operation: str, argument: Any) -> Any:
        """Return the writer's answer; StoreUnavailableError where it died or cannot do it now."""
        if not self._ready.is_set():
            await self._wait_until_ready()
        connection = self._connection
        if connection is None:
            raise StoreUnavailableError
        kind, answer = await connection.ask(frames.pack((operation, argument)))
        if kind == writer_process.DONE:
            return answer
        if kind == writer_process.ENDING and connection is self._connection:
            # It reads nothing more, though its end may take a while: what comes now is for the next one.
            self._ready.clear()
        if kind in (writer_process.ENDING, writer_process.UNAVAILABLE):
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
        if self._connection is not None:
            self._connection.transport.close()
            await self._loop.join()
        else:
            await self._loop.stop()

    async def _wait_until_ready(self) -> None:
        try:
            await asyncio.wait_for(self._first_decided.wait(), FIRST_PATIENCE)
            await asyncio.wait_for(self._ready.wait(), PATIENCE)
        except TimeoutError:
            raise StoreUnavailableError from None

    async def _keep_alive(self) -> None:
        while not self._closing:
            try:
                await self._one_life()
            except OSError as error:
                # No process or no descriptor can be had now: requests are refused until there is one.
                log.error("writer_not_started", error=error.strerror)  # noqa: TRY400  # it says all there is
                self._first_decided.set()
            if not self._closing:
                log.warning("writer_ended", restart_in_seconds=RESTART_DELAY)
                await asyncio.sleep(RESTART_DELAY)

    async def _one_life(self) -> None:
        """Start a writer, pass on its answers until its socket ends, and fail what it left unanswered.

        However it ends, the process has ended too. OSError where there can be none now.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            command = [sys.executable, "-m", writer_process.__name__, str(theirs.fileno())]
            process = self._process = subprocess.Popen(  # noqa: ASYNC220, S603  # takes a millisecond; our own program
                command, pass_fds=(theirs.fileno(), self._lock), stdin=subprocess.DEVNULL
            )
            theirs.close()
            try:
                await self._pass_on(ours)
            finally:
                self._ready.clear()
                self._first_decided.set()
                self._connection = None
                # Its end has the writer end.
                ours.close()
                await asyncio.get_running_loop().run_in_executor(None, process.wait)
                self._process = None

    async def _pass_on(self, ours: socket.socket) -> None:
        """Greet a new writer, and pass on its answers until its socket ends."""
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        _, connection = await asyncio.get_running_loop().create_connection(Connection, sock=ours)
        self._connection = connection
        try:
            kind, answer = await connection.ask(frames.pack(self._greeting))
            if kind != writer_process.DONE:
                log.error("store_unavailable", error=answer)
                return
            self._on_ready(answer)
            self._ready.set()
            self._first_decided.set()
            await connection.ended
        except StoreUnavailableError:
            pass
        finally:
            connection.transport.close()


class Connection(asyncio.Protocol):
    """The socket to one writer: requests go out, and answers come back in their order.

    A protocol, since streams cost each commit several turns of the event loop.
    """

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._received = bytearray()

    def ask(self, frame: bytes) -> asyncio.Future[Any]:
        """Send a request and return its answer's future; it fails where the writer ends before it.

        StoreUnavailableError where it has ended already: nobody else may have been told of it by now.
        """
        if self.transport.is_closing():
            raise StoreUnavailableError
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self.transport.write(frame)
        return future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on every answer that is whole; what is left is the beginning of the next."""
        self._received += data
        while (frame := frames.take(self._received)) is not None:
            # Answered in order: the first that waits is the one this is for. Its caller may be gone.
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(frame)

    def connection_lost(self, _error: Exception | None) -> None:
        """Fail what was left unanswered. Nobody knows whether it was done: the client sends it again."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(StoreUnavailableError())
        self.ended.set_result(None)
