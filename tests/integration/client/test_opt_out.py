"""Off means off: once telemetry is switched off, no event leaves the machine."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.clients import held, server_source
from tests.support.hosts import QUICK, Host, wait_for
from tests.support.proxy import CountingProxy
from tests.support.scripted import DISABLED, ScriptedService, collection_status

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source
from aboveboard_client import Client, Scope, Timing
from aboveboard_client.delivery import Delivery

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.client.conftest import MakeClient
    from tests.support.server import ServerProcess

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest

# Many turns of a sender that had not noticed.
LONG_AFTER = 0.6


def stat(number: int = 1) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def record_forever(client: Client, stop: threading.Event) -> threading.Thread:
    def record() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            client.record(stat(number))
            if number % 20 == 0:
                time.sleep(0.001)

    thread = threading.Thread(target=record)
    thread.start()
    return thread


def test_after_disable_not_a_byte_leaves(
    shared_server: ServerProcess, make_client: MakeClient, source: ServerSource, tmp_path: Path
) -> None:
    """While threads record and events are sent, `disable` returns: from then on the wire is silent."""
    with CountingProxy(shared_server.ingest_address) as proxy:
        client = make_client(proxy.address)
        stop = threading.Event()
        threads = [record_forever(client, stop) for _ in range(3)]
        wait_for(lambda: client.stats().accepted > 100)
        answer = client.disable()
        at_return, stored = proxy.sent_bytes, held(shared_server, Source(server=source))
        time.sleep(LONG_AFTER)
        stop.set()
        for thread in threads:
            thread.join()
        assert (answer.told, answer.collecting, answer.problem) == (True, False, "")
        assert not client.collecting
        # What closes a connection may still have been on its way; an event is larger.
        assert proxy.sent_bytes - at_return < 60
        assert held(shared_server, Source(server=source)) == stored
        assert not list(tmp_path.rglob("*.spool"))
        assert client.stats().declined > 0


def test_a_send_under_way_is_called_off(service: ScriptedService, make_client: MakeClient) -> None:
    """With a request stuck at the service `disable` does not wait for it, and the queue is gone."""
    release = threading.Event()

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        release.wait(20)
        return service.accept(request)

    service.answer = answer
    client = make_client(service.address, timing=Timing(linger=0.02, rpc=30))
    for number in range(2000):
        client.record(stat(number))
    assert service.arrived.wait(20)
    client.disable(timeout=5)
    release.set()
    sent = len(service.event_ids())
    time.sleep(LONG_AFTER)
    assert len(service.event_ids()) == sent <= 500
    assert client.stats().dropped_disabled >= 1500


def test_a_send_under_way_elsewhere_is_called_off_too(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """`disable` does not wait for the stuck request of another process of the same source, and ends it."""
    release = threading.Event()

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        release.wait(20)
        return service.accept(request)

    service.answer = answer
    other = make_client(service.address, timing=Timing(linger=0.02, rpc=60))
    for number in range(1000):
        other.record(stat(number))
    assert service.arrived.wait(20)
    answered = make_client(service.address).disable(timeout=10)
    release.set()
    assert answered.problem == ""
    wait_for(lambda: not other.collecting)
    time.sleep(LONG_AFTER)
    assert len(service.published) == 1


@pytest.mark.parametrize("who", ["this process", "another process"])
def test_a_request_that_is_ready_when_disable_returns_does_not_go(
    service: ScriptedService, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """A sender that has its request in hand when telemetry is switched off, by whomever, lets it drop."""
    ready, go = threading.Event(), threading.Event()
    collect = Delivery.next_request

    def next_request(self: Delivery) -> Any:
        found = collect(self)
        if found is not None:
            ready.set()
            go.wait(20)
        return found

    monkeypatch.setattr(Delivery, "next_request", next_request)
    client = make_client(service.address)
    client.record(stat())
    assert ready.wait(20)
    (client if who == "this process" else make_client(service.address)).disable()
    go.set()
    wait_for(lambda: not client.collecting)
    time.sleep(LONG_AFTER)
    assert service.published == []


def test_an_answer_that_says_disabled_stops_everything(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """Of a long queue only the request is sent whose answer says DISABLED; the rest is deleted, unsent."""
    client = make_client(service.address, timing=Timing(linger=0.2, retry_first=0.01))

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        service.status = collection_status(DISABLED)
        return PublishEventsResponse(collection_status=service.status, accepted_count=len(request.events))

    service.answer = answer
    for number in range(3000):
        client.record(stat(number))
    wait_for(lambda: not client.collecting)
    wait_for(lambda: not list(tmp_path.rglob("*.spool")))
    assert not client.record(stat())
    time.sleep(LONG_AFTER)
    assert len(service.published) == 1
    assert client.stats().dropped_disabled == 2500


def test_a_status_that_says_disabled_lets_no_event_out(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Who asks first and is told DISABLED has sent nothing; a later run resumes when the service says so."""
    service.status = collection_status(DISABLED)
    client = make_client(service.address)
    client.record(stat())
    wait_for(lambda: not client.collecting)
    client.close()
    assert service.published == []
    service.status = collection_status()
    later = make_client(service.address)
    wait_for(lambda: later.collecting)
    assert later.record(stat())
    assert later.flush()
    assert len(service.event_ids()) == 1


def test_other_processes_of_this_machine_stop_too(
    service: ScriptedService, source: ServerSource, tmp_path: Path, make_client: MakeClient
) -> None:
    """Once `disable` has returned in one process, no other that records for the same source sends either."""
    host = Host(service.address, source.server_uuid, tmp_path / "client")
    workers = [
        host.start(
            "client = make()\nn = 0\n"
            "while True:\n    n += 1\n    client.record(element(n))\n    time.sleep(0.0005)"
        )
        for _ in range(2)
    ]
    try:
        wait_for(lambda: len(service.published) > 20)
        client = make_client(service.address)
        assert client.disable().told
        sent = len(service.published)
        time.sleep(LONG_AFTER)
        assert len(service.published) == sent
        wait_for(lambda: not list(tmp_path.rglob("*.spool")))
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


@pytest.mark.parametrize(("name", "value"), [("DO_NOT_TRACK", "1"), ("DISABLE_TELEMETRY", "true")])
def test_the_environment_forbids_any_connection(
    name: str, value: str, make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With DO_NOT_TRACK=1 or DISABLE_TELEMETRY=true nothing connects, and what had waited is deleted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
        before = make_client(endpoint, timing=Timing(linger=60))
        before.record(stat())
        before.close(0)
        assert list(tmp_path.rglob("*.spool"))
        monkeypatch.setenv(name, value)
        client = make_client(endpoint, heartbeat=True)
        assert not list(tmp_path.rglob("*.spool"))
        assert not client.collecting
        assert not client.record(stat())
        assert not client.record(stat(), durable=True)
        assert client.flush()
        assert client.preview().events == []
        assert "environment" in client.enable().problem
        assert not client.disable(erase_history=True).told
        time.sleep(LONG_AFTER)
        assert client.close()
        listener.settimeout(0.01)
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("value", ["0", "", "false"])
def test_a_switch_that_is_not_set_does_not_forbid(
    value: str, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DO_NOT_TRACK=0 and DISABLE_TELEMETRY=false are no refusal."""
    monkeypatch.setenv("DO_NOT_TRACK", value)
    monkeypatch.setenv("DISABLE_TELEMETRY", value)
    assert make_client("127.0.0.1:9").collecting


def test_off_lasts_and_is_told_when_it_can_be(service: ScriptedService, make_client: MakeClient) -> None:
    """Switched off while the service is away: no event from then on, in later runs too; it is told then."""
    client = make_client("127.0.0.1:9")
    client.record(stat())
    answer = client.disable(erase_history=True)
    assert not answer.told
    assert answer.problem
    client.close(0)
    later = make_client(service.address)
    assert not later.record(stat())
    wait_for(lambda: service.preferences)
    told = service.preferences[0]
    assert (told.scope, told.preference, told.erase_history) == (
        Preference.SCOPE_SERVER,
        Preference.PREFERENCE_DISABLED,
        True,
    )
    time.sleep(LONG_AFTER)
    assert service.published == []
    assert len(service.preferences) == 1


def test_damage_never_switches_it_on(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """Whatever happens to the bytes of what it remembers, off stays off: rubbish reads as a refusal."""
    client = make_client(service.address)
    client.disable()
    client.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff\x00{")
    later = make_client(service.address)
    assert not later.collecting
    assert not later.record(stat())


def test_on_again(shared_server: ServerProcess, make_client: MakeClient, source: ServerSource) -> None:
    """`enable` lifts what `disable` has set, here and at the service."""
    client = make_client(shared_server.ingest_address)
    client.disable()
    answer = client.enable()
    assert (answer.told, answer.collecting) == (True, True)
    assert client.record(stat())
    assert client.flush()
    assert held(shared_server, Source(server=source)) == {"element_stat": 1}


def test_an_administrator_is_not_overruled(service: ScriptedService, make_client: MakeClient) -> None:
    """Where the service still says DISABLED after `enable`, nothing is collected."""
    service.status = collection_status(DISABLED)
    client = make_client(service.address)
    answer = client.enable()
    assert (answer.told, answer.collecting) == (True, False)
    assert not client.record(stat())
    assert service.published == []


def test_a_service_that_cannot_erase_yet_still_hears_the_opt_out(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Where `erase_history` is UNIMPLEMENTED the opt-out itself goes through, and the answer says so."""
    service.erases = False
    service.status = collection_status(DISABLED)
    answer = make_client(service.address).disable(erase_history=True)
    assert answer.told
    assert "not erased" in answer.problem
    assert [told.erase_history for told in service.preferences] == [True, False]


def test_a_deployment_must_say_for_whom(shared_server: ServerProcess, tmp_path: Path) -> None:
    """Without a scope a deployment is off here, but the service is not told: the scope is never inferred."""
    source = DeploymentSource(
        solution="Connects", company_id=server_source().server.server_uuid, deployment_id="d1", user_id="u1"
    )
    client = Client(shared_server.ingest_address, source, directory=tmp_path, timing=QUICK)
    answer = client.disable()
    assert (answer.told, answer.collecting) == (False, False)
    assert "scope" in answer.problem
    assert client.disable(Scope.USER).told
    assert client.enable(Scope.USER).collecting
    client.record(stat())
    assert client.close()
    assert held(shared_server, Source(deployment=source)) == {"element_stat": 1}
