"""The HTTP server: uvicorn in this process and its event loop, bound by us."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import uvicorn

from aboveboard_server import addresses
from aboveboard_server.http_edge.protocol import GuardedProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

# Connections at once, beyond which callers are answered 503: it bounds memory.
MAX_CONNECTIONS = 2_000
# Seconds an idle connection is kept.
KEEP_ALIVE = 5


class HttpListener:
    """An HTTP server on one address. `on_drain` is called when it begins to go."""

    def __init__(
        self, bind: str, app: ASGIApp, grace: float, on_drain: Callable[[], None], *, reuse_port: bool
    ) -> None:
        self._bind = bind
        self._reuse_port = reuse_port
        self._on_drain = on_drain
        config = uvicorn.Config(
            app,
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            # Lines about requests are the boundary's; addresses of callers are nobody's.
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=round(grace),
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Bind and serve; return the address with the port in use. StartupError where it is taken."""
        bound = addresses.listening(self._bind, reuse_port=self._reuse_port)
        self._task = asyncio.create_task(self._server.serve([bound]), name="http")
        await self._server.listening.wait()
        return addresses.with_port(self._bind, bound)

    async def drain(self) -> None:
        """Tell readiness checks that this server is going, while it still answers."""
        self._on_drain()

    async def stop(self, _grace: float) -> None:
        """Take no new request, and give those under way the grace that was set at the start."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the service; uvicorn would take them over."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell so."""
        await super().startup(sockets)
        self.listening.set()
