"""What a client leaves behind: no threads once it is dropped, no log of what was erased, no double count."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
from tests.support.hosts import QUICK, wait_for

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.telemetry.v1.verdict_pb2 import OUTCOME_QUARANTINED, EventVerdict
from aboveboard_client import Client, Timing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.client.conftest import MakeClient
    from tests.support.scripted import ScriptedService

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse
    from aboveboard.telemetry.v1.source_pb2 import ServerSource


def stat(number: int = 1) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("aboveboard-")]


def test_dropped_clients_are_collected(source: ServerSource, tmp_path: Path) -> None:
    """A host that makes a client for each request and forgets it: threads end, and nothing is lost."""
    before, clients = len(ours()), []
    for number in range(20):
        client = Client("127.0.0.1:9", source, directory=tmp_path, heartbeat=False)
        assert client.record(stat(number))
        clients.append(weakref.ref(client))
        del client
    wait_for(lambda: gc.collect() is not None and len(ours()) <= before)
    assert not [there for there in clients if there()]
    assert len(list(tmp_path.rglob("*.spool"))) == 20


def test_a_client_that_is_dropped_leaves_its_events_to_the_next(
    service: ScriptedService, source: ServerSource, tmp_path: Path
) -> None:
    """In the same process even: its files are let go."""
    Client(service.address, source, directory=tmp_path, heartbeat=False, timing=Timing(linger=60)).record(
        stat()
    )
    gc.collect()
    client = Client(service.address, source, directory=tmp_path, heartbeat=False, timing=QUICK)
    wait_for(lambda: client.flush(20) and len(service.event_ids()) == 1)
    client.close(0)


def test_the_log_goes_with_the_history(service: ScriptedService, make_client: MakeClient) -> None:
    """Asked to erase what was collected, a client erases what it shows of it, the older file too."""
    client = make_client(service.address, log_bytes=4000)
    for number in range(20):
        client.record(stat(number))
        assert client.flush(20)
    assert client.log_path is not None
    older = client.log_path.with_name("sent.log.1")
    assert older.exists()
    client.disable(erase_history=True)
    assert not older.exists()
    told = client.log_path.read_text()
    assert "eventId" not in told
    assert '"eraseHistory": true' in told


def test_without_that_the_log_stays(service: ScriptedService, make_client: MakeClient) -> None:
    """Who only switches telemetry off may still read what was sent."""
    client = make_client(service.address)
    client.record(stat())
    assert client.flush(20)
    client.disable()
    assert client.log_path is not None
    assert "eventId" in client.log_path.read_text()


def test_the_log_goes_where_the_service_is_away(make_client: MakeClient) -> None:
    """What lies on this machine needs nobody's answer."""
    client = make_client("127.0.0.1:9", log_bytes=1 << 20)
    client.record(stat())
    client.flush(20)
    assert client.log_path is not None
    client.log_path.parent.mkdir(exist_ok=True)
    client.log_path.write_text('{"sent": "eventId"}\n')
    client.disable(erase_history=True)
    assert "eventId" not in client.log_path.read_text()


@pytest.mark.parametrize("ending", ["purged under way", "verdicts"])
def test_each_event_is_counted_once(service: ScriptedService, make_client: MakeClient, ending: str) -> None:
    """Whatever happens while it is under way, what was recorded adds up to what became of it."""
    release = threading.Event()

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        release.wait(20)
        response = service.accept(request)
        if ending == "verdicts":
            # The same event twice, one that is not there, and one more.
            response.verdicts.extend(
                EventVerdict(index=index, outcome=OUTCOME_QUARANTINED) for index in (0, 0, 1, 7)
            )
        return response

    service.answer = answer
    client = make_client(service.address, timing=Timing(linger=0.2))
    for number in range(3):
        client.record(stat(number))
    assert service.arrived.wait(20)
    if ending == "purged under way":
        assert client._core is not None  # noqa: SLF001  # as another process's refusal has it done
        client._core.parts.spool.purge()  # noqa: SLF001  # as above
    release.set()
    client.flush(20)
    client.close(20)
    stats = client.stats()
    became = stats.accepted + stats.quarantined + stats.dropped_disabled + stats.dropped_full + stats.damaged
    assert stats.recorded == became == 3
