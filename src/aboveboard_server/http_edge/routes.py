"""Routes that each say who may call them: an application takes no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server.access.guard import bearer
from aboveboard_server.schema.access import INGEST, access_of, scopes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import TypeAlias

    from starlette.requests import Request
    from starlette.responses import Response

    from aboveboard_server.access.guard import Guard

    Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

# The RPCs that routes stand for.
_METHODS = ingest.DESCRIPTOR.services_by_name["IngestService"].methods_by_name
PUBLISH, STATUS, PREFERENCE = (
    _METHODS[name].full_name for name in ("PublishEvents", "GetCollectionStatus", "SetCollectionPreference")
)
# Anyone may call it; all others have the name of an Access in the schema.
OPEN = "OPEN"


class GuardedRoute(Route):
    """A route, and who may call it."""

    def __init__(self, path: str, endpoint: Endpoint, methods: list[str], access: str) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.access = access


def open_route(path: str, endpoint: Endpoint, *methods: str) -> GuardedRoute:
    """Return a route that anyone may call."""
    return GuardedRoute(path, endpoint, [*methods], OPEN)


def write_route(path: str, endpoint: Endpoint, method: str, rpc: str) -> GuardedRoute:
    """Return a route that stands for an RPC, by its full name, and asks for what the RPC asks for.

    It is the endpoint's `Writers` that lets a caller in, since the key may be in the body. ValueError where
    write keys do not open that RPC.
    """
    if access_of(rpc) != INGEST:
        raise ValueError(f"{rpc} is not for write keys")
    return GuardedRoute(path, endpoint, [method], INGEST)


def internal_route(
    path: str, endpoint: Endpoint, scope: str, guard: Guard, *, is_local: bool
) -> GuardedRoute:
    """Return a route to read for admin keys with a scope, such as `READ`; ValueError where there is none.

    Where the listener is for this machine alone, `is_local`, anyone on it may read.
    """
    if scope not in scopes():
        raise ValueError(f"{scope} is no scope")

    async def guarded(request: Request) -> Response:
        guard.administrator(secret(request), scope)
        return await endpoint(request)

    return open_route(path, endpoint, "GET") if is_local else GuardedRoute(path, guarded, ["GET"], scope)


def checked(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Return the routes; TypeError where one does not say who may call it."""
    found = [*routes]
    for route in found:
        if not isinstance(route, GuardedRoute):
            raise TypeError(f"{getattr(route, 'path', route)!r} does not say who may call it")
    return found


def secret(request: Request) -> str:
    """Return the secret in a request's `Authorization`, "" where there is none."""
    return bearer(request.headers.get("authorization", ""))
