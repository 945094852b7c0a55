"""GET /healthz and /readyz, for whatever keeps the server alive and sends it traffic."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response


async def healthz(_request: Request) -> Response:
    """Answer: the process runs and its event loop turns."""
    return PlainTextResponse("ok\n")


def ready_endpoint(is_ready: Callable[[], Awaitable[bool]]) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that answers 200 where events would be taken now, 503 where not."""

    async def readyz(_request: Request) -> Response:
        if await is_ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("not ready\n", HTTPStatus.SERVICE_UNAVAILABLE)

    return readyz
