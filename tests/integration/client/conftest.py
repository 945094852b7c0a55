"""Clients, and what they send to."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.hosts import QUICK, Host
from tests.support.scripted import ScriptedService

from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.server import ServerProcess

    MakeClient = Callable[..., Client]


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    """A service that answers what the test says."""
    with ScriptedService() as scripted:
        yield scripted


@pytest.fixture
def source() -> ServerSource:
    """An anonymous server that nobody else is."""
    return ServerSource(server_uuid=str(uuid.uuid4()), solution="host")


@pytest.fixture
def make_client(tmp_path: Path, source: ServerSource) -> Iterator[MakeClient]:
    """Makes quick clients of that source, without a heartbeat, and closes them in the end."""
    made: list[Client] = []

    def make(endpoint: str, **options: Any) -> Client:
        told: dict[str, Any] = {"heartbeat": False, "timing": QUICK, "directory": tmp_path / "client"}
        client = Client(endpoint, source, **(told | options))
        made.append(client)
        return client

    yield make
    for client in made:
        client.close(0)


@pytest.fixture
def host(shared_server: ServerProcess, source: ServerSource, tmp_path: Path) -> Host:
    """Hosts of that source that send to a real server."""
    return Host(shared_server.ingest_address, source.server_uuid, tmp_path / "client")
