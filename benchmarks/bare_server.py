"""A gRPC server that is none of ours and does nothing: what the transport alone takes.

No interceptor, no parsing, no store: the answer was serialized before the first request came.
"""

from __future__ import annotations

import sys
from typing import Any

import grpc

from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server import event_loop
from aboveboard_server.door_settings import TransportSettings
from aboveboard_server.grpc_api import transport
from aboveboard_server.grpc_api.server import INGEST_SERVICE

ANSWER = ingest.PublishEventsResponse(accepted_count=1).SerializeToString()


async def _publish(_request: bytes, _context: Any) -> bytes:
    return ANSWER


async def serve(bind: str) -> None:
    """Serve until the process is ended."""
    options = transport.options(TransportSettings().max_connection_age, reuse_port=False)
    server = transport.server(options + transport.COUNTED)
    handlers: dict[str, Any] = {"PublishEvents": grpc.unary_unary_rpc_method_handler(_publish)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(INGEST_SERVICE, handlers),))
    server.add_insecure_port(bind)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    event_loop.run(serve(sys.argv[1]))
