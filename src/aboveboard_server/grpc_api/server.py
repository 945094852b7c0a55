"""The two listeners: one for events, one for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

from aboveboard.admin.v1 import admin_service_pb2 as admin
from aboveboard.admin.v1 import admin_service_pb2_grpc as admin_stubs
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard.ingest.v1 import ingest_service_pb2_grpc as ingest_stubs
from aboveboard_server.errors import StartupError
from aboveboard_server.grpc_api.decoding import MAX_TRANSPORT_BYTES
from aboveboard_server.grpc_api.interceptors.boundary import Boundary, Registrar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard_server.access.guard import Guard
    from aboveboard_server.grpc_api.admin_servicer import AdminServicer
    from aboveboard_server.grpc_api.ingest_servicer import IngestServicer

INGEST_SERVICE = ingest.DESCRIPTOR.services_by_name["IngestService"].full_name
ADMIN_SERVICE = admin.DESCRIPTOR.services_by_name["AdminService"].full_name
# The name under which a health check asks for the server as a whole.
WHOLE_SERVER = ""

OPTIONS = [
    ("grpc.max_receive_message_length", MAX_TRANSPORT_BYTES),
    # Strictly below what clients are told to use, so that a well-behaved one is never cut off.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
]


class Listener:
    """A gRPC server on one address, with standard health checking.

    Its handlers are added to `handlers`. The boundary is the outermost of the interceptors; where these are
    None, it is put around each handler.
    """

    def __init__(
        self,
        bind: str,
        service: str,
        guard: Guard,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None,
        *,
        reuse_port: bool,
    ) -> None:
        # Not unless workers share the port on purpose: a second server would bind it silently and take half
        # of the calls.
        options = [*OPTIONS, ("grpc.so_reuseport", int(reuse_port))]
        self._boundary = boundary = Boundary(guard)
        if interceptors is None:
            self.server = grpc.aio.server(options=options)
            self.handlers: Any = Registrar(boundary, self.server)
        else:
            self.server = grpc.aio.server(interceptors=(boundary, *interceptors), options=options)
            self.handlers = self.server
        self._bind = bind
        self._service = service
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.handlers)

    async def start(self) -> str:
        """Bind and serve; return the address with the port in use. StartupError where it is taken."""
        try:
            port = self.server.add_insecure_port(self._bind)
        except RuntimeError as error:
            raise StartupError(
                f"cannot listen on {self._bind}: the address is in use or not this machine's"
            ) from error
        await self.server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)
        return f"{self._bind.rpartition(':')[0]}:{port}"

    async def drain(self) -> None:
        """Tell health checks that this server is going, and new calls to try again elsewhere."""
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._boundary.draining = True

    async def stop(self, grace: float) -> None:
        """Take no new call, and give those under way `grace` seconds."""
        await self.server.stop(grace)

    async def _set_health(self, status: int) -> None:
        for name in (WHOLE_SERVER, self._service):
            await self._health.set(name, status)


def ingest_listener(
    bind: str,
    servicer: IngestServicer,
    guard: Guard,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    *,
    reuse_port: bool = False,
) -> Listener:
    """Return the public listener. No reflection: the schema is published, the server's inside is not."""
    listener = Listener(bind, INGEST_SERVICE, guard, interceptors or None, reuse_port=reuse_port)
    ingest_stubs.add_IngestServiceServicer_to_server(servicer, listener.handlers)
    return listener


def admin_listener(
    bind: str,
    servicer: AdminServicer,
    guard: Guard,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    *,
    reuse_port: bool = False,
) -> Listener:
    """Return the administrators' listener, with reflection for their tools."""
    listener = Listener(bind, ADMIN_SERVICE, guard, interceptors, reuse_port=reuse_port)
    admin_stubs.add_AdminServiceServicer_to_server(servicer, listener.handlers)
    names = (ADMIN_SERVICE, INGEST_SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
    reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), listener.server)
    return listener
