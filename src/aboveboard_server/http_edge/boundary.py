"""The boundary: one log line per request, no error's own text, and the headers every answer carries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request

from aboveboard_server import metrics, request_log
from aboveboard_server.deadlines import DEADLINE, Deadlines
from aboveboard_server.errors import OverloadedError, ServiceError
from aboveboard_server.http_edge.answers import refused
from aboveboard_server.unforeseen import internal

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from aboveboard_server.limits import Limiter

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

# What the protocol puts into a request's state where there are too many connections.
CROWDED = "aboveboard.crowded"
# What the boundary puts into a request's scope: whom the request is counted against.
ADDRESS = "aboveboard.address"
# Answered whatever else comes: they tell how the server is.
HEALTH = ("/healthz", "/readyz", "/metrics")

# What is logged of a request whose client went away before it was answered.
CLIENT_GONE = 499


class Boundary:
    """Stands between the HTTP server and the routes; `shared` are the paths open to pages of any origin."""

    def __init__(self, app: ASGIApp, shared: Collection[str], limiter: Limiter) -> None:
        self._app = app
        self._shared = shared
        self._limiter = limiter
        self._deadlines = Deadlines(DEADLINE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens behind."""
        request_log.begin()
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
            self._admit(scope)
            await self._deadlines.keep(self._app(scope, receive, send_on))
        except ClientDisconnect:
            pass
        except Exception as error:  # noqa: BLE001  # nothing unforeseen may reach the caller
            told = error
            if not isinstance(told, ServiceError):
                told = internal(error, method=scope["method"], route=_route(scope))
            if status == CLIENT_GONE:
                await refused(Request(scope), told)(scope, receive, send_on)
        finally:
            _log(scope["method"], _route(scope), status, started)

    def _admit(self, scope: Scope) -> None:
        """Count a request; OverloadedError where it is one too many."""
        if scope["path"] in HEALTH:
            return
        if CROWDED in scope.get("state", ()):
            raise OverloadedError
        host, _ = scope.get("client") or ("", 0)
        headers = Headers(scope=scope)
        address = self._limiter.address_of(host, lambda: ",".join(headers.getlist("x-forwarded-for")))
        self._limiter.admit(address, 0)
        scope[ADDRESS] = address

    def _headers(self, scope: Scope) -> dict[str, str]:
        return SECURITY_HEADERS | SHARING_HEADERS if scope["path"] in self._shared else SECURITY_HEADERS


def log_unreadable(status: int) -> None:
    """Tell of what was answered without being a request."""
    request_log.begin()
    _log("", "", status, time.perf_counter())


def _log(method: str, route: str, status: int, started: float) -> None:
    """Tell of a request, and count it: no path, no address, no identifier, no payload."""
    metrics.HTTP_REQUESTS.add((route, str(status)))
    log.info(
        "http",
        method=method,
        route=route,
        status=status,
        ms=round((time.perf_counter() - started) * 1000, 2),
    )


def _route(scope: Scope) -> str:
    """Return the template of the route that was taken: a path itself may hold keys and identifiers."""
    return getattr(scope.get("route"), "path", "")
