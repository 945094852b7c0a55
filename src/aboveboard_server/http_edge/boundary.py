"""The boundary: one log line per request, no error's own text, and the headers every answer carries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request

from aboveboard_server import metrics
from aboveboard_server.http_edge.answers import refused
from aboveboard_server.unforeseen import internal

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

# No answer is a page, unless it says so with a policy of its own.
SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
# For pages of any origin. No credentials: a beacon sends them in spite of that, and reads no answer.
SHARING_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "retry-after",
    "cross-origin-resource-policy": "cross-origin",
}

# What is logged of a request whose client went away before it was answered.
CLIENT_GONE = 499


class Boundary:
    """Stands between the HTTP server and the routes; `shared` are the paths open to pages of any origin."""

    def __init__(self, app: ASGIApp, shared: Collection[str]) -> None:
        self._app = app
        self._shared = shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens behind."""
        structlog.contextvars.clear_contextvars()
        started = time.perf_counter()
        status = CLIENT_GONE

        async def send_on(answer: Message) -> None:
            nonlocal status
            if answer["type"] == "http.response.start":
                status = answer["status"]
                headers = MutableHeaders(scope=answer)
                for name, value in self._headers(scope).items():
                    headers.setdefault(name, value)
            await send(answer)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            pass
        except Exception as error:  # noqa: BLE001  # nothing unforeseen may reach the caller
            unforeseen = internal(error, method=scope["method"], route=_route(scope))
            if status == CLIENT_GONE:
                await refused(Request(scope), unforeseen)(scope, receive, send_on)
        finally:
            _log(scope, status, started)

    def _headers(self, scope: Scope) -> dict[str, str]:
        return SECURITY_HEADERS | SHARING_HEADERS if scope["path"] in self._shared else SECURITY_HEADERS


def _log(scope: Scope, status: int, started: float) -> None:
    """Tell of a request, and count it: no path, no address, no identifier, no payload."""
    metrics.HTTP_REQUESTS[_route(scope), str(status)].inc()
    log.info(
        "http",
        method=scope["method"],
        route=_route(scope),
        status=status,
        ms=round((time.perf_counter() - started) * 1000, 2),
    )


def _route(scope: Scope) -> str:
    """Return the template of the route that was taken: a path itself may hold keys and identifiers."""
    return getattr(scope.get("route"), "path", "")
