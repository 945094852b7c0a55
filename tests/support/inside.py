"""A server inside the test's own process, where a test can make any part of it fail."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import grpc
from tests.support.broken_writer import CANARY
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    import io
    from collections.abc import Awaitable, Callable
    from pathlib import Path


class Saboteur(grpc.aio.ServerInterceptor):
    """An interceptor behind the boundary that fails when it is told to, and where."""

    def __init__(self) -> None:
        self.fails = ""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Fail at once, or give a handler that fails, or one that fails after its first answer."""
        if self.fails == "at once":
            raise RuntimeError(CANARY)
        handler: Any = await continuation(handler_call_details)
        if not self.fails:
            return handler  # type: ignore[no-any-return]  # grpc's own type has no _replace
        if handler.unary_unary:
            return handler._replace(unary_unary=self._unary(handler.unary_unary))  # type: ignore[no-any-return]
        if handler.unary_stream:
            return handler._replace(unary_stream=self._stream(handler.unary_stream))  # type: ignore[no-any-return]
        return handler._replace(stream_stream=self._stream(handler.stream_stream))  # type: ignore[no-any-return]

    def _unary(self, call: Any) -> Any:
        async def fail(received: Any, context: Any) -> Any:
            if self.fails == "late":
                await call(received, context)
            raise RuntimeError(CANARY)

        return fail

    def _stream(self, call: Any) -> Any:
        async def fail(received: Any, context: Any) -> Any:
            if self.fails == "late":
                async for response in call(received, context):
                    yield response
            raise RuntimeError(CANARY)

        return fail


class Inside(ServerProcess):
    """A server inside the test's own process; its log is what the process writes to standard error."""

    def __init__(self, folder: Path, saboteur: Saboteur, written: io.StringIO) -> None:
        super().__init__(folder)
        self.saboteur = saboteur
        self._written = written

    def take_log(self) -> str:
        """Return what was logged since the last time, errors that nobody took included."""
        gc.collect()
        shown = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return shown
