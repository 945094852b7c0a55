"""GET /healthz, /readyz and /metrics, for whatever keeps the server alive and watches it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

from aboveboard_server import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request


async def healthz(_request: Request) -> Response:
    """Answer: the process runs and its event loop turns."""
    return PlainTextResponse("ok\n")


async def figures(_request: Request) -> Response:
    """Answer what the service counts of itself, in Prometheus' text format."""
    return Response(metrics.render(), headers={"content-type": metrics.CONTENT_TYPE})


def ready_endpoint(is_ready: Callable[[], Awaitable[bool]]) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that answers 200 where events would be taken now, 503 where not."""

    async def readyz(_request: Request) -> Response:
        if await is_ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("not ready\n", HTTPStatus.SERVICE_UNAVAILABLE)

    return readyz
