"""The boundary: lets callers in, decodes requests, turns errors into statuses, and logs one line per RPC.

Nothing may stand outside it: grpc.aio sends `str(exception)` of whatever gets past it. Where interceptors
stand behind it, it is the outermost one itself; where there are none, it is put around the handlers when they
are registered, which spares each RPC a tenth of the server's time.
"""

from __future__ import annotations

import inspect
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import grpc
import structlog
from google.protobuf import descriptor_pool

from aboveboard_server import metrics, request_log
from aboveboard_server.errors import (
    NotImplementedByServerError,
    OverloadedError,
    ServiceError,
    ShuttingDownError,
)
from aboveboard_server.grpc_api.admission import HEALTH, WATCH, entrance
from aboveboard_server.grpc_api.decoding import decode, too_large
from aboveboard_server.grpc_api.status import code_of, trailers_of
from aboveboard_server.unforeseen import internal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping

    from aboveboard_server.access.guard import Guard
    from aboveboard_server.deadlines import Deadlines
    from aboveboard_server.grpc_api.admission import Visit
    from aboveboard_server.limits import Limiter

if TYPE_CHECKING:
    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]

# Calls at once, and bytes of their requests, beyond which callers are told to try again: it bounds memory.
# Decoded, and ready to be stored, a request takes several times its bytes.
MAX_CALLS = 2_000
MAX_BYTES = 24 * 1024 * 1024
# Bytes of a health check's request, which names a service, and streams at once that watch health: neither is
# counted among calls, and a watching stream keeps its request for as long as it lasts.
MAX_HEALTH_BYTES = 1024
MAX_WATCHERS = 1_000
FORWARDED_FOR = "x-forwarded-for"
# How the modules of generated base classes are called, whose methods answer nothing.
GENERATED = "_pb2_grpc"

# By whether requests and answers are streams. Untyped: grpc's own types know synchronous handlers only.
MAKERS: dict[tuple[bool, bool], Callable[..., Handler]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class Boundary(grpc.aio.ServerInterceptor):
    """Stands between the transport and the handlers.

    What comes is counted by `limiter`, calls that are no streams have their time by `deadlines`, where there
    are any, and `guard` knows who may call.
    """

    def __init__(
        self, guard: Guard, limiter: Limiter | None = None, deadlines: Deadlines | None = None
    ) -> None:
        self._guard = guard
        self._limiter = limiter
        self._deadlines = deadlines
        # Bound here: what the module has looks for its configuration anew for each line.
        self.log = structlog.get_logger().bind()
        # Calls under way, health checks aside, and the bytes of those that are no streams.
        self.calls = self._bytes = 0
        # Streams under way that watch health.
        self._watchers = 0
        # Whether new calls are told to go elsewhere: transport that stops would cut them off without a word.
        self.draining = False
        # By method, what stands around which handler: making it takes as long as sorting an event.
        self._wrapped: dict[str, tuple[Any, Handler]] = {}
        self._refusing: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return a handler around the one that answers this method, None where there is none."""
        method = handler_call_details.method
        try:
            handler = await continuation(handler_call_details)
        except Exception as error:  # noqa: BLE001  # an interceptor behind this one failed
            # Its own name is gone when the block ends.
            failed = error
            return self._always_failing(_known(method), lambda: failed)
        return None if handler is None else self.bounded(method, handler)

    def bounded(self, method: str, handler: Handler) -> Handler:
        """Return the handler of a method with the boundary around it."""
        inner, outer = self._wrapped.get(method, (None, None))
        if inner is not handler or outer is None:
            outer = self._around(method, handler)
            self._wrapped[method] = (handler, outer)
        return outer

    def _around(self, method: str, handler: Any) -> Handler:
        message_class = getattr(handler.request_deserializer, "__self__", None)
        call = _implementation(method, handler)
        enter = entrance(self._guard, method, message_class)
        # Health is answered whatever else comes; and who watches it does so for long.
        bounded = not method.startswith(HEALTH)
        watches = method == WATCH
        deadlines = self._deadlines if bounded else None

        def taken_one(data: bytes, address: str, visit: Visit) -> Any:
            if bounded:
                self._admit(len(data), address)
            elif len(data) > MAX_HEALTH_BYTES:
                raise too_large(len(data), MAX_HEALTH_BYTES)
            return visit.take(decode(message_class, data), len(data))

        def taken(received: Any, context: Any, visit: Visit) -> Any:
            address = self._address(context) if bounded else ""
            if handler.request_streaming:
                return _Requests(received, lambda data: taken_one(data, address, visit))
            return taken_one(received, address, visit)

        async def answer(received: Any, context: Any) -> Any:
            size = len(received)
            self._bytes += size
            self._watchers += watches
            try:
                async with _Guarded(self, method, context):
                    if watches and self._watchers > MAX_WATCHERS:
                        raise OverloadedError
                    answering = call(taken(received, context, enter(context)), context)
                    return await (deadlines.keep(answering) if deadlines else answering)
            finally:
                # See `_let_go`: this frame is a part of the circle.
                del received
                self._bytes -= size
                self._watchers -= watches

        async def answer_each(received: Any, context: Any) -> AsyncIterator[Any]:
            async with _Guarded(self, method, context):
                visit = enter(context)
                # A caller that goes away takes the handler down at once, wherever it stands.
                async with aclosing(call(taken(received, context, visit), context)) as answers:
                    async for response in answers:
                        visit.renew()
                        yield response

        # A handler may also write its answers to the context itself, as the health service does.
        streams = handler.response_streaming and not inspect.iscoroutinefunction(call)
        make = MAKERS[handler.request_streaming, handler.response_streaming]
        return make(answer_each if streams else answer, None, handler.response_serializer)

    def _address(self, context: Any) -> str:
        """Return whom the requests of a call are counted against, "" where nobody counts them."""
        return self._limiter.address_of(*caller(context)) if self._limiter is not None else ""

    def _admit(self, size: int, address: str) -> None:
        """Count a request, before anything of it is read; OverloadedError where it is one too many."""
        if self._bytes > MAX_BYTES:
            raise OverloadedError
        if self._limiter is not None:
            self._limiter.admit(address, size)

    def refusing(self, method: str) -> Handler:
        """Return what tells the callers of a method to try again later, before their request has come."""
        method = _known(method)
        if method not in self._refusing:
            error = self._limiter.overloaded if self._limiter is not None else OverloadedError
            self._refusing[method] = self._always_failing(method, error)
        return self._refusing[method]

    def _always_failing(self, method: str, error: Callable[[], Exception]) -> Handler:
        async def fail(_received: Any, context: Any) -> AsyncIterator[None]:
            async with _Guarded(self, method, context):
                raise error()
            yield

        # Of no known arity: on the wire a stream that fails at once serves them all.
        return MAKERS[True, True](fail, None, None)


class _Requests:
    """The requests of a stream, each taken when it is asked for; `size` is the bytes of the last."""

    __slots__ = ("_messages", "_received", "_take", "size")

    def __init__(self, received: AsyncIterator[bytes], take: Callable[[bytes], Any]) -> None:
        self._received = received
        self._messages: AsyncGenerator[bytes] | None = None
        self._take = take
        self.size = 0

    def __aiter__(self) -> _Requests:
        return self

    async def __anext__(self) -> Any:
        if self._messages is None:
            # Not before: grpc complains of an iterator that nobody has asked for a request.
            self._messages = cast("AsyncGenerator[bytes]", aiter(self._received))
        data = await anext(self._messages)
        self.size = len(data)
        try:
            return self._take(data)
        except Exception:
            # It holds the last one, in another circle of grpc's.
            await self._messages.aclose()
            raise


class Registrar:
    """Takes handlers as a server does, and gives them to it with the boundary around each."""

    def __init__(self, boundary: Boundary, server: grpc.aio.Server) -> None:
        self._boundary = boundary
        self._server = server

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Do nothing: whoever adds handlers in this way adds them in the other one as well."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Add a service's handlers, by the names of their methods."""
        bounded = {name: self._boundary.bounded(f"/{service}/{name}", one) for name, one in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, bounded),))


def caller(context: Any) -> tuple[str, Callable[[], str]]:
    """Return a caller's address without its port, and what tells whom it speaks for."""
    # Such as ipv4:192.0.2.1:50000 or ipv6:%5B2001:db8::1%5D:50000.
    host = context.peer().partition(":")[2].rpartition(":")[0]
    return host.removeprefix("%5B").removesuffix("%5D"), lambda: _forwarded_for(context)


def _forwarded_for(context: Any) -> str:
    return ",".join(value for key, value in context.invocation_metadata() if key == FORWARDED_FOR)


class _Guarded:
    """Turns what is raised inside into a status, and logs the RPC: no payload, no identifiers.

    A class, since a generator with its decorator costs an RPC as much as parsing its request.
    """

    __slots__ = ("_boundary", "_context", "_counted", "_method", "_started")

    def __init__(self, boundary: Boundary, method: str, context: Any) -> None:
        self._boundary = boundary
        self._method = method
        self._context = context

    async def __aenter__(self) -> None:
        request_log.begin()
        self._started = time.perf_counter()
        boundary = self._boundary
        self._counted = not self._method.startswith(HEALTH)
        boundary.calls += self._counted
        if self._counted and (boundary.draining or boundary.calls > MAX_CALLS):
            # What is raised here would not come to `__aexit__`.
            await self._end(ShuttingDownError() if boundary.draining else OverloadedError())

    async def __aexit__(self, _kind: object, raised: BaseException | None, trace: object) -> None:
        # See `_let_go`: this frame is a part of the circle, too.
        del trace
        if raised is None:
            self._tell("OK")
        else:
            await self._end(raised)

    async def _end(self, raised: BaseException) -> None:
        """Log the RPC, and abort it where an error was raised that the caller is to be told of."""
        error = None
        if isinstance(raised, grpc.aio.AbortError):
            code = grpc.StatusCode.UNKNOWN
        elif isinstance(raised, Exception):
            error = _as_service_error(self._method, raised)
            code = code_of(error)
            request_log.note({"reason": error.reason_name})
        else:
            code = grpc.StatusCode.CANCELLED
        self._tell(code.name)
        _let_go(raised)
        if error is not None:
            await self._context.abort(code, str(error), trailers_of(error))

    def _tell(self, code: str) -> None:
        """Log the RPC, and count it."""
        self._boundary.calls -= self._counted
        ms = round((time.perf_counter() - self._started) * 1000, 2)
        self._boundary.log.info("rpc", method=self._method, code=code, ms=ms)
        metrics.RPCS.add((self._method, code))


def _let_go(raised: BaseException) -> None:
    """Forget where an error was raised: the frames there hold the request's bytes.

    grpc's context of a call holds the error that it was aborted with, which leads back to the frames that
    hold the context, and to this error. Such a circle stays until Python looks for some: seldom where little
    but refusals is made, each of which may hold megabytes.
    """
    waiting, seen = [raised], set[int]()
    while waiting:
        error = waiting.pop()
        # Errors that were raised from each other may lead back to themselves.
        seen.add(id(error))
        error.__traceback__ = None
        waiting += [
            one for one in (error.__cause__, error.__context__) if one is not None and id(one) not in seen
        ]


def _known(method: str) -> str:
    """Return a method's name where it is one of ours: what a caller has made up is told to nobody."""
    try:
        descriptor_pool.Default().FindMethodByName(method.removeprefix("/").replace("/", "."))
    except KeyError:
        return ""
    return method


def _as_service_error(method: str, raised: Exception) -> ServiceError:
    return raised if isinstance(raised, ServiceError) else internal(raised, method=method)


def _implementation(method: str, handler: Any) -> Any:
    """Return what answers a method; where no servicer overrides the generated one, what refuses it."""
    call = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    # An exception cannot say it: libraries raise NotImplementedError too, for reasons of their own.
    if not getattr(call, "__module__", "").endswith(GENERATED):
        return call

    async def refuse(_received: object, _context: object) -> Any:
        raise NotImplementedByServerError(method)

    async def refuse_all(_received: object, _context: object) -> AsyncIterator[Any]:
        raise NotImplementedByServerError(method)
        yield

    return refuse_all if handler.response_streaming else refuse
