"""The routes, put together."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response

from aboveboard_server.errors import ServiceError
from aboveboard_server.http_edge import answers, assets, events, health, pages, receipts, status, testsigma
from aboveboard_server.http_edge.boundary import Boundary
from aboveboard_server.http_edge.routes import (
    PREFERENCE,
    PUBLISH,
    STATUS,
    checked,
    internal_route,
    open_route,
    write_route,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from aboveboard_server.access.guard import Guard
    from aboveboard_server.http_edge.receipts import PublishedHead
    from aboveboard_server.http_edge.writers import Writers
    from aboveboard_server.limits import Limiter
    from aboveboard_server.schema.dictionary import Dictionary

# What pages of any origin may call.
SHARED = ("/v1/events", "/v1/status", "/v1/preference")

# A browser asks before it sends application/json; text/plain, as a beacon sends it, needs no asking.
PREFLIGHT_HEADERS = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "86400",
}


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the routes call, and what the public page tells."""

    writers: Writers
    is_ready: Callable[[], Awaitable[bool]]
    dictionary: Callable[[], Awaitable[Dictionary]]
    published_head: PublishedHead
    guard: Guard
    # Whether this machine alone can call.
    is_local: bool


def build(rooms: Rooms, limiter: Limiter) -> Starlette:
    """Return the application; `limiter` counts what comes in.

    TypeError where a route does not say who may call it.
    """
    routes = [
        write_route("/v1/events", events.endpoint(rooms.writers), "POST", PUBLISH),
        write_route("/v1/status", status.status_endpoint(rooms.writers), "POST", STATUS),
        write_route("/v1/preference", status.preference_endpoint(rooms.writers), "POST", PREFERENCE),
        *[open_route(path, _preflight, "OPTIONS") for path in SHARED],
        open_route("/healthz", health.healthz, "GET"),
        open_route("/readyz", health.ready_endpoint(rooms.is_ready), "GET"),
        internal_route("/metrics", health.figures, "READ", rooms.guard, is_local=rooms.is_local),
        open_route("/v1/receipts/head", receipts.head_endpoint(rooms.published_head), "GET"),
        *pages.page_routes(rooms.dictionary, rooms.published_head),
        *assets.sdk_routes(),
        *testsigma.routes(rooms.writers),
    ]
    app = Starlette(
        routes=checked(routes),
        middleware=[Middleware(Boundary, shared=SHARED, limiter=limiter)],
        exception_handlers={ServiceError: _refused, HTTPException: _refused_by_http},
    )
    # A redirect would repeat the path, which may hold a key, and a client that follows it sends twice.
    app.router.redirect_slashes = False
    return app


async def _preflight(_request: Request) -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=PREFLIGHT_HEADERS)


async def _refused(request: Request, error: Exception) -> Response:
    # Asynchronous, or Starlette would run it in a thread.
    return answers.refused(request, error)


async def _refused_by_http(request: Request, error: Exception) -> Response:
    return answers.refused_by_http(request, error)
