"""What tests ask of AdminService."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc

from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ServerProcess


@contextmanager
def admin(server: ServerProcess) -> Iterator[AdminServiceStub]:
    """Connect to a server's administrators' listener."""
    with grpc.insecure_channel(server.admin_address) as channel:
        yield AdminServiceStub(channel)
