"""A timeout that the host gives holds, whatever the service or other processes do; bounds are loose."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.support.hosts import wait_for

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard_client import Timing
from aboveboard_client.locks import locked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.client.conftest import MakeClient
    from tests.support.scripted import ScriptedService

    from aboveboard_client import Client

LOCKS = ["state.lock", "sending.lock", "telling.lock", "log.lock"]
GIVEN, AT_MOST = 0.3, 3.0


def stat(number: int = 1) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def folder_of(client: Client) -> Path:
    assert client.log_path is not None
    client.log_path.parent.mkdir(parents=True, exist_ok=True)
    return client.log_path.parent


@pytest.mark.parametrize("call", ["disable", "enable", "close", "flush"])
def test_a_service_that_says_nothing_is_not_waited_for(make_client: MakeClient, call: str) -> None:
    """It takes the connection, and then it is silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = make_client(f"127.0.0.1:{silent.getsockname()[1]}", timing=Timing(linger=0))
        client.record(stat())
        # grpc is loaded by then.
        wait_for(lambda: client.log_path and client.log_path.exists())
        began = time.monotonic()
        answer = getattr(client, call)(timeout=GIVEN)
        assert time.monotonic() - began < AT_MOST
        assert answer is False or not answer.told


@pytest.mark.parametrize("call", ["disable", "enable", "close", "flush"])
def test_locks_that_others_hold_are_not_waited_for(
    service: ScriptedService, make_client: MakeClient, call: str
) -> None:
    """Another process of the same source was stopped while it held all that it may hold."""
    client = make_client(service.address, heartbeat=True)
    folder = folder_of(client)
    client.record(stat())
    with ExitStack() as held:
        for name in LOCKS:
            held.enter_context(locked(folder / name))
        began = time.monotonic()
        getattr(client, call)(timeout=GIVEN)
        assert time.monotonic() - began < AT_MOST


def test_a_refusal_that_locks_kept_from_being_told_is_kept_and_told(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """It holds at once and after a restart, and the service hears of it once the locks are free."""
    client = make_client(service.address)
    folder = folder_of(client)
    with ExitStack() as held:
        for name in LOCKS:
            held.enter_context(locked(folder / name))
        answer = client.disable(timeout=0.1, erase_history=True)
        assert (answer.collecting, answer.told) == (False, False)
        assert answer.problem
        assert not make_client(service.address).collecting
    wait_for(lambda: service.preferences)
    assert service.preferences[0].erase_history
    assert not client.collecting


def test_preview_shows_the_first_ping(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """Whether the sender has come to it yet or not: what is not sent yet is shown, and sent once."""
    for run in range(5):
        client = make_client(
            service.address, heartbeat=True, timing=Timing(linger=60), directory=tmp_path / str(run)
        )
        client.record(stat())
        shown = [event.WhichOneof("event") for event in client.preview().events]
        assert sorted(filter(None, shown)) == ["element_stat", "server_ping"]
        assert client.close(20)
    assert len(service.event_ids()) == 10
