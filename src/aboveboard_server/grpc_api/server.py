"""The two listeners: one for events, one for administrators."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

from aboveboard.admin.v1 import admin_service_pb2 as admin
from aboveboard.admin.v1 import admin_service_pb2_grpc as admin_stubs
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard.ingest.v1 import ingest_service_pb2_grpc as ingest_stubs
from aboveboard_server.deadlines import DEADLINE, Deadlines
from aboveboard_server.grpc_api import transport
from aboveboard_server.grpc_api.admission import HEALTH
from aboveboard_server.grpc_api.arrivals import Arrivals
from aboveboard_server.grpc_api.interceptors.boundary import Boundary, Registrar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import grpc

    from aboveboard_server.access.guard import Guard
    from aboveboard_server.grpc_api.admin_servicer import AdminServicer
    from aboveboard_server.grpc_api.ingest_servicer import IngestServicer
    from aboveboard_server.limits import Limiter
    from aboveboard_server.terms import Terms

INGEST_SERVICE = ingest.DESCRIPTOR.services_by_name["IngestService"].full_name
ADMIN_SERVICE = admin.DESCRIPTOR.services_by_name["AdminService"].full_name
# The name under which a health check asks for the server as a whole.
WHOLE_SERVER = ""

# Seconds after which, while the server stops, streams are ended that have not come to their end themselves.
STREAMS_END = 5.0


class Listener:
    """A gRPC server on one address, with standard health checking.

    Its handlers are added to `handlers`. The boundary is the outermost of the interceptors; where these are
    None, it is put around each handler.
    """

    def __init__(
        self,
        terms: Terms,
        service: str,
        boundary: Boundary,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None,
        end_streams: Callable[[], None] = lambda: None,
    ) -> None:
        options = transport.options(terms.max_connection_age, reuse_port=terms.reuse_port)
        self._boundary = boundary
        self._end_streams = end_streams
        if interceptors is None:
            self.server = transport.server(options + transport.COUNTED)
            self.server.add_generic_rpc_handlers((Arrivals(boundary.refusing, HEALTH),))
            self.handlers: Any = Registrar(boundary, self.server)
        else:
            self.server = transport.server(options + transport.BROKEN_OFF, (boundary, *interceptors))
            self.handlers = self.server
        self._terms = terms
        self._service = service
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.handlers)

    async def start(self) -> str:
        """Bind and serve; return the address with the port in use. StartupError where it is taken."""
        bind = self._terms.bind
        port = transport.add_port(self.server, bind, self._terms.certificates)
        await self.server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)
        return f"{bind.rpartition(':')[0]}:{port}"

    async def set_ready(self, ready: bool) -> None:  # noqa: FBT001  # the only thing there is to say
        """Tell health checks whether calls would be served; a server that is going says no more."""
        if not self._boundary.draining:
            await self._set_health(
                health_pb2.HealthCheckResponse.SERVING
                if ready
                else health_pb2.HealthCheckResponse.NOT_SERVING
            )

    async def drain(self) -> None:
        """Tell health checks that this server is going, and new calls to try again elsewhere."""
        self._boundary.draining = True
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace: float) -> None:
        """Take no new call, and give those under way `grace` seconds."""
        ending = asyncio.get_running_loop().call_later(min(STREAMS_END, grace), self._end_streams)
        await self.server.stop(grace)
        ending.cancel()

    async def _set_health(self, status: int) -> None:
        for name in (WHOLE_SERVER, self._service):
            await self._health.set(name, status)


def ingest_listener(
    terms: Terms,
    servicer: IngestServicer,
    guard: Guard,
    limiter: Limiter,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
) -> Listener:
    """Return the public listener. No reflection: the schema is published, the server's inside is not."""
    boundary = Boundary(guard, limiter, Deadlines(DEADLINE))
    listener = Listener(terms, INGEST_SERVICE, boundary, interceptors or None, servicer.end_streams)
    ingest_stubs.add_IngestServiceServicer_to_server(servicer, listener.handlers)
    return listener


def admin_listener(
    terms: Terms,
    servicer: AdminServicer,
    guard: Guard,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
) -> Listener:
    """Return the administrators' listener, with reflection for their tools."""
    listener = Listener(terms, ADMIN_SERVICE, Boundary(guard), interceptors)
    admin_stubs.add_AdminServiceServicer_to_server(servicer, listener.handlers)
    names = (ADMIN_SERVICE, INGEST_SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
    reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), listener.server)
    return listener
