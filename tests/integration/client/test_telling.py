"""The service is told of a preference whatever else the client does meanwhile, and each scope by itself."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from tests.support.hosts import QUICK, wait_for
from tests.support.scripted import RefusedError

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource
from aboveboard_client import Client, Scope
from aboveboard_client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.client.conftest import MakeClient
    from tests.support.scripted import ScriptedService

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse

ENABLED, DISABLED = Request.PREFERENCE_ENABLED, Request.PREFERENCE_DISABLED
# Many turns of a sender that would try again.
LONG_AFTER = 0.6
PATIENCE = 20


def stat(number: int = 1) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def connects(service: ScriptedService | None, directory: Path) -> Client:
    source = DeploymentSource(solution="Connects", company_id="c", deployment_id="d", user_id="u")
    endpoint = service.address if service else "127.0.0.1:9"
    return Client(endpoint, source, directory=directory, timing=QUICK)


@pytest.fixture
def deployment(service: ScriptedService, tmp_path: Path) -> Iterator[Client]:
    client = connects(service, tmp_path)
    yield client
    client.close(0)


def hold_cancel(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[str], object], after: Callable[[str], object]
) -> None:
    """Do something before and after anything is called off, told by which thread: as a scheduler may."""
    cancel = Transport.cancel

    def held(transport: Transport) -> None:
        thread = threading.current_thread().name
        before(thread)
        cancel(transport)
        after(thread)

    monkeypatch.setattr(Transport, "cancel", held)


def test_events_answered_as_they_are_called_off_do_not_cost_the_wish(
    service: ScriptedService, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`disable` calls off a request that the service answers at that moment, and is heard all the same."""
    called_off = threading.Event()

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        assert called_off.wait(PATIENCE)
        return service.accept(request)

    def before(_thread: str) -> None:
        called_off.set()
        wait_for(lambda: client.stats().accepted == 1)

    hold_cancel(monkeypatch, before, lambda _: None)
    service.answer = answer
    client = make_client(service.address)
    client.record(stat())
    assert service.arrived.wait(PATIENCE)
    told = client.disable()
    assert (told.told, told.collecting, told.problem) == (True, False, "")
    assert [wish.preference for wish in service.preferences] == [DISABLED]


def test_what_calls_events_off_too_late_does_not_cost_the_wish(
    service: ScriptedService, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper is about to call events off, and gets to it when the wish is already under way."""
    noticed, heard, late, release = (threading.Event() for _ in range(4))

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        release.wait(PATIENCE)
        return service.accept(request)

    def before(thread: str) -> None:
        if thread == "aboveboard-keeper":
            noticed.set()
            assert heard.wait(PATIENCE)
        else:
            assert noticed.wait(PATIENCE)

    def after(thread: str) -> None:
        if thread == "aboveboard-keeper":
            late.set()

    def hear(_wish: Request) -> None:
        heard.set()
        assert late.wait(PATIENCE)

    hold_cancel(monkeypatch, before, after)
    service.answer, service.hear = answer, hear
    client = make_client(service.address)
    client.record(stat())
    assert service.arrived.wait(PATIENCE)
    told = client.disable()
    release.set()
    assert (told.told, told.collecting, told.problem) == (True, False, "")
    assert len(service.preferences) == 1


@pytest.mark.parametrize("meanwhile", ["it closes", "another scope is refused", "another process refuses"])
def test_nothing_that_is_done_meanwhile_breaks_a_telling_off(
    service: ScriptedService, deployment: Client, tmp_path: Path, meanwhile: str
) -> None:
    """While the service hears of a refusal other threads and processes go on, and none is untold."""
    heard, go = threading.Event(), threading.Event()

    def hear(_wish: Request) -> None:
        if not heard.is_set():
            heard.set()
            assert go.wait(PATIENCE)

    service.hear = hear
    with ThreadPoolExecutor() as threads:
        first = threads.submit(deployment.disable, Scope.USER)
        assert heard.wait(PATIENCE)
        others = []
        if meanwhile == "it closes":
            deployment.close(0)
        elif meanwhile == "another scope is refused":
            others.append(threads.submit(deployment.disable, Scope.DEPLOYMENT))
        else:
            others.append(threads.submit(connects(service, tmp_path).disable, Scope.DEPLOYMENT))
        time.sleep(LONG_AFTER)
        go.set()
        answers = [first.result(PATIENCE), *(other.result(PATIENCE) for other in others)]
    assert [(answer.told, answer.problem) for answer in answers] == [(True, "")] * len(answers)
    assert scopes(service) == [1, 2][: len(answers)]


def test_a_wish_that_must_wait_keeps_no_events_waiting(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Told to wait for an hour with a wish, the client sends events, and does not tell the wish before."""
    service.refusals = [RefusedError(StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", 3600)] * 10
    client = make_client(service.address)
    assert not client.enable().told
    assert client.record(stat())
    wait_for(lambda: client.stats().accepted == 1)
    assert client.record(stat(2))
    assert client.flush()
    time.sleep(LONG_AFTER)
    assert [wish.preference for wish in service.preferences] == [ENABLED]


def test_events_that_must_wait_keep_no_wish_waiting(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Told to wait for an hour with events, the client tells a wish again as soon as that may be."""

    def busy(_request: PublishEventsRequest) -> PublishEventsResponse:
        raise RefusedError(StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", 3600)

    service.answer = busy
    client = make_client(service.address)
    client.record(stat())
    assert service.arrived.wait(PATIENCE)
    service.refusals = [RefusedError(StatusCode.UNAVAILABLE)] * 2
    assert not client.disable().told
    wait_for(lambda: len(service.preferences) == 3)


@pytest.mark.parametrize(
    "code", [StatusCode.PERMISSION_DENIED, StatusCode.UNAUTHENTICATED, StatusCode.INTERNAL]
)
def test_a_scope_that_is_refused_stops_no_other(
    service: ScriptedService, deployment: Client, code: StatusCode
) -> None:
    """What the service answers to one scope's wish is a problem of that one; the next is told."""
    service.hear = lambda wish: refuse(service, wish, Scope.USER, code)
    first = deployment.disable(Scope.USER)
    assert (first.told, first.collecting) == (False, False)
    assert code.name in first.problem
    second = deployment.disable(Scope.DEPLOYMENT)
    assert (second.told, second.problem) == (True, "")
    # It is kept, and told again by itself.
    service.hear = lambda _: None
    wait_for(lambda: scopes(service)[-1] == Scope.USER)
    time.sleep(LONG_AFTER)
    assert scopes(service).count(Scope.DEPLOYMENT) == 1


def test_a_run_that_finds_several_wishes_tells_all_that_it_can(
    service: ScriptedService, tmp_path: Path
) -> None:
    """The sender goes on after a scope that is refused, and collects nothing meanwhile."""
    away = connects(None, tmp_path)
    away.disable(Scope.USER)
    away.disable(Scope.DEPLOYMENT)
    away.close(0)
    service.hear = lambda wish: refuse(service, wish, Scope.USER, StatusCode.PERMISSION_DENIED)
    client = connects(service, tmp_path)
    wait_for(lambda: set(scopes(service)) == {Scope.USER, Scope.DEPLOYMENT})
    assert not client.collecting
    client.close(0)


def test_lifting_one_scope_leaves_the_untold_refusal_of_another(
    service: ScriptedService, deployment: Client
) -> None:
    """What the service does not know yet it cannot forbid: the client does, until that is lifted too."""
    service.hear = lambda wish: refuse(service, wish, Scope.DEPLOYMENT, StatusCode.PERMISSION_DENIED)
    deployment.disable(Scope.DEPLOYMENT)
    deployment.disable(Scope.USER)
    assert not deployment.enable(Scope.USER).collecting
    assert not deployment.record(stat())
    service.hear = lambda _: None
    assert deployment.enable(Scope.DEPLOYMENT).collecting
    assert deployment.record(stat())


def scopes(service: ScriptedService) -> list[Scope]:
    """Return the scopes of the wishes that the service was told of, in their order."""
    return [Scope(wish.scope) for wish in service.preferences]


def refuse(service: ScriptedService, wish: Request, scope: Scope, code: StatusCode) -> None:
    """Let the service refuse this wish if it is of that scope."""
    service.refusals = [RefusedError(code)] if Scope(wish.scope) == scope else []
