"""The HTTP server: uvicorn in this process and its event loop, bound by us."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from aboveboard_server import addresses
from aboveboard_server.errors import StartupError
from aboveboard_server.http_edge.protocol import GuardedProtocol
from aboveboard_server.tls import context_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from aboveboard_server.background import Background, Loop
    from aboveboard_server.terms import Terms

# Seconds an idle connection is kept, and seconds that TLS may take to agree.
KEEP_ALIVE = 5
HANDSHAKE = 10


class HttpListener:
    """An HTTP server on one address. `on_drain` is called when it begins to go."""

    def __init__(
        self,
        terms: Terms,
        app: ASGIApp,
        grace: float,
        on_drain: Callable[[], None],
        background: Background,
    ) -> None:
        self._terms = terms
        self._on_drain = on_drain
        self._background = background
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            # Lines about requests are the boundary's; addresses of callers are nobody's.
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=round(grace),
        )
        self._server = _Server(config, terms)
        self._bound: socket.socket | None = None
        self._loop: Loop | None = None

    async def start(self) -> str:
        """Bind and serve; return the address with the port in use. StartupError where it is taken."""
        self._bound = addresses.listening(self._terms.bind, reuse_port=self._terms.reuse_port)
        try:
            await self._server.startup([self._bound])
        except OSError as error:
            raise StartupError(f"cannot serve HTTP on {self._terms.bind}: {error}") from error
        # It tells the time in answers. Connections are taken and answered without it.
        self._loop = self._background.start("http", self._server.main_loop)
        return addresses.with_port(self._terms.bind, self._bound)

    async def drain(self) -> None:
        """Tell readiness checks that this server is going, while it still answers."""
        self._on_drain()

    async def stop(self, _grace: float) -> None:
        """Take no new request, and give those under way the grace that was set at the start."""
        self._server.should_exit = True
        if self._loop is not None and self._bound is not None:
            await self._loop.join()
            await self._server.shutdown([self._bound])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, terms: Terms) -> None:
        super().__init__(config)
        self._terms = terms

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. As uvicorn does it, but for its signals, which are ours, and for how long TLS may take."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.lifespan.startup()
        certificates = self._terms.certificates
        protocol = partial(
            GuardedProtocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            max_age=self._terms.max_connection_age,
        )
        self.servers = [
            await asyncio.get_running_loop().create_server(
                protocol,
                sock=one,
                backlog=self.config.backlog,
                ssl=context_of(certificates) if certificates else None,
                ssl_handshake_timeout=HANDSHAKE if certificates else None,
            )
            for one in sockets or ()
        ]
        self.started = True
