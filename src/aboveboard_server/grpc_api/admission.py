"""Lets calls in over gRPC: what each method asks for follows from the schema, and is looked up once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.access.caller import ADMINISTRATOR, BOUND_TO_COMPANY
from aboveboard_server.access.guard import bearer
from aboveboard_server.errors import ServiceError
from aboveboard_server.schema.access import INGEST, access_of, key_carrier

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard_server.access.guard import Guard

# Health checks are open, and answered to the end: they tell that it comes.
HEALTH = "/grpc.health."
WATCH = f"{HEALTH}v1.Health/Watch"
# What it tells is public, but it costs work: any administrator may ask.
REFLECTION = "/grpc.reflection."


class Visit(Protocol):
    """One call that was let in so far. ServiceError where it may not go on."""

    def take(self, request: Any, size: int) -> Any:
        """Return a request of `size` bytes that the caller may make; of a stream each is looked at."""

    def renew(self) -> None:
        """Look again whether the caller may have the next answer of a stream."""


if TYPE_CHECKING:
    # Takes the context of a call.
    Enter: TypeAlias = Callable[[Any], Visit]


def entrance(guard: Guard, method: str, message_class: Any) -> Enter:
    """Return what lets calls of a method in, or raises ServiceError; one without an access is closed."""
    if method.startswith(HEALTH):
        return lambda _context: _OPEN
    if method.startswith(REFLECTION):
        return lambda context: _Administration(guard, "", context)
    access = access_of(method.removeprefix("/").replace("/", "."))
    if not access:
        return _closed
    if access != INGEST:
        return lambda context: _Administration(guard, access, context)
    carrier = key_carrier(message_class.DESCRIPTOR)
    if carrier is None:
        raise RuntimeError(f"{method}: its requests hold no source and write_key")
    return lambda context: _Sending(guard, carrier, context)


class _Open:
    def take(self, request: Any, size: int) -> Any:  # noqa: ARG002  # a Visit
        return request

    def renew(self) -> None:
        """Let anyone go on."""


_OPEN = _Open()


class _Administration:
    """A call of an administrator, who is known before anything of the request is read."""

    __slots__ = ("_guard", "_scope", "_secret")

    def __init__(self, guard: Guard, scope: str, context: Any) -> None:
        self._guard, self._scope, self._secret = guard, scope, _secret(context)
        ADMINISTRATOR.set(guard.administrator(self._secret, scope))

    def take(self, request: Any, size: int) -> Any:  # noqa: ARG002  # a Visit
        return request

    def renew(self) -> None:
        self._guard.administrator(self._secret, self._scope)


class _Sending:
    """A call of a product: the request itself may hold the key, and says whose it must be."""

    __slots__ = ("_carrier", "_guard", "_secret")

    def __init__(self, guard: Guard, carrier: str, context: Any) -> None:
        self._guard, self._carrier, self._secret = guard, carrier, _secret(context)

    def take(self, request: Any, size: int) -> Any:
        said = getattr(request, self._carrier) if self._carrier else request
        is_bound = self._guard.admit_writer(self._secret or said.write_key, said.source, size=size)
        BOUND_TO_COMPANY.set(is_bound)
        return request

    def renew(self) -> None:
        """Acknowledge what was taken, whatever became of the key since."""


def _secret(context: Any) -> str:
    for key, value in context.invocation_metadata():
        if key == "authorization":
            return bearer(value)
    return ""


def _closed(_context: Any) -> Visit:
    raise ServiceError(reasons.ERROR_REASON_PERMISSION_DENIED, "nobody may call this")
