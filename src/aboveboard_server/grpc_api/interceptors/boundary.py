"""The boundary: decodes requests, turns errors into statuses, and logs one line per RPC.

It must be the outermost interceptor: grpc.aio sends `str(exception)` of whatever gets past it.
"""

from __future__ import annotations

import inspect
import time
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import structlog

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError, ShuttingDownError
from aboveboard_server.grpc_api.decoding import decode
from aboveboard_server.grpc_api.status import code_of, trailers_of
from aboveboard_server.unforeseen import internal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

log = structlog.get_logger()

# Health checks are answered to the end: they tell that it comes.
HEALTH = "/grpc.health."

# By whether requests and answers are streams. Untyped: grpc's own types know synchronous handlers only.
MAKERS: dict[tuple[bool, bool], Callable[..., grpc.RpcMethodHandler[Any, Any]]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class Boundary(grpc.aio.ServerInterceptor):
    """Stands between the transport and the handlers."""

    def __init__(self) -> None:
        # Whether new calls are told to go elsewhere: transport that stops would cut them off without a word.
        self.draining = False
        # By method, what stands around which handler: making it takes as long as sorting an event.
        self._wrapped: dict[str, tuple[Any, grpc.RpcMethodHandler[Any, Any]]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return a handler around the one that answers this method, None where there is none."""
        method = handler_call_details.method
        try:
            handler = await continuation(handler_call_details)
        except Exception as error:  # noqa: BLE001  # an interceptor behind this one failed
            return self._always_failing(method, error)
        if handler is None:
            return None
        inner, outer = self._wrapped.get(method, (None, None))
        if inner is not handler or outer is None:
            outer = self._around(method, handler)
            self._wrapped[method] = (handler, outer)
        return outer

    def _around(self, method: str, handler: Any) -> grpc.RpcMethodHandler[Any, Any]:
        message_class = getattr(handler.request_deserializer, "__self__", None)
        call = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream

        async def decoded_each(requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
            async for data in requests:
                yield decode(message_class, data)

        def decoded(received: Any) -> Any:
            return decoded_each(received) if handler.request_streaming else decode(message_class, received)

        async def answer(received: Any, context: Any) -> Any:
            async with self._guarded(method, context):
                return await call(decoded(received), context)

        async def answer_each(received: Any, context: Any) -> AsyncIterator[Any]:
            # A caller that goes away takes the handler down at once, wherever it stands.
            async with self._guarded(method, context), aclosing(call(decoded(received), context)) as answers:
                async for response in answers:
                    yield response

        # A handler may also write its answers to the context itself, as the health service does.
        streams = handler.response_streaming and not inspect.iscoroutinefunction(call)
        make = MAKERS[handler.request_streaming, handler.response_streaming]
        return make(answer_each if streams else answer, None, handler.response_serializer)

    def _always_failing(self, method: str, error: Exception) -> grpc.RpcMethodHandler[Any, Any]:
        async def fail(_received: Any, context: Any) -> AsyncIterator[None]:
            async with self._guarded(method, context):
                raise error
            yield

        # Of no known arity: on the wire a stream that fails at once serves them all.
        return MAKERS[True, True](fail, None, None)

    @asynccontextmanager
    async def _guarded(self, method: str, context: Any) -> AsyncIterator[None]:
        """Turn what is raised inside into a status, and log the RPC: no payload, no identifiers."""
        structlog.contextvars.clear_contextvars()
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            self._admit(method)
            yield
        except grpc.aio.AbortError:
            code = grpc.StatusCode.UNKNOWN
            raise
        except Exception as raised:  # noqa: BLE001  # nothing unforeseen may reach the caller
            error = _as_service_error(method, raised)
            code = code_of(error)
            structlog.contextvars.bind_contextvars(reason=error.reason_name)
            await context.abort(code, str(error), trailers_of(error))
        except BaseException:
            code = grpc.StatusCode.CANCELLED
            raise
        finally:
            ms = round((time.perf_counter() - started) * 1000, 2)
            log.info("rpc", method=method, code=code.name, ms=ms)

    def _admit(self, method: str) -> None:
        if self.draining and not method.startswith(HEALTH):
            raise ShuttingDownError


def _as_service_error(method: str, raised: Exception) -> ServiceError:
    if isinstance(raised, ServiceError):
        return raised
    if isinstance(raised, NotImplementedError):
        text = f"{method.rpartition('/')[2]} is not implemented"
        return ServiceError(reasons.ERROR_REASON_NOT_IMPLEMENTED, text)
    return internal(raised, method=method)
