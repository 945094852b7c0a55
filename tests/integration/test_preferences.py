"""SetCollectionPreference: what a source forbids is not stored, from then on, whatever happens."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    environment,
    held,
    ingest,
    new_id,
    ping,
    publish,
    refusal,
    request,
    server_source,
    status,
    told,
    unknown_arm,
)
from tests.support.preferences import DEPLOYMENT, DISABLED, ENABLED, SERVER, USER, set_preference

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard.schema.v1.annotations_pb2 import CATEGORY_INTERACTION, CATEGORY_TECHNICAL
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.server import ServerProcess

SCOPES: list[tuple[Request.Scope.ValueType, Callable[[], Source]]] = [
    (USER, lambda: deployment_source(new_id(), user_id="u1")),
    (DEPLOYMENT, lambda: deployment_source(new_id())),
    (SERVER, server_source),
]
at_each_scope = pytest.mark.parametrize(("scope", "make"), SCOPES, ids=["user", "deployment", "server"])


def collects(server: ServerProcess, source: Source) -> bool:
    """Say whether an event of a source is stored, and see that all that is told agrees with it."""
    before = held(server, source)
    response = publish(server, source, element())
    stored = held(server, source).get("element_stat", 0) - before.get("element_stat", 0)
    enabled = response.collection_status.state == CollectionStatus.STATE_ENABLED
    assert stored == response.accepted_count == enabled
    assert status(server, source).state == response.collection_status.state
    if not enabled:
        assert told(response.verdicts) == [(0, "OPTED_OUT", "UNSPECIFIED", "")]
    return enabled


@at_each_scope
def test_nothing_is_stored_of_who_has_opted_out(
    shared_server: ServerProcess, scope: Request.Scope.ValueType, make: Callable[[], Source]
) -> None:
    """DISABLED: every later event is OPTED_OUT, the status says so, and no row of any kind appears."""
    source = make()
    answer = set_preference(shared_server, source, scope, DISABLED)
    assert answer.state == CollectionStatus.STATE_DISABLED
    assert not answer.categories
    events = [element(), environment(), ping(), unknown_arm(1000), element(event_id="x")]
    response = publish(shared_server, source, *events)
    assert response.accepted_count == 0
    assert told(response.verdicts) == [(n, "OPTED_OUT", "UNSPECIFIED", "") for n in range(5)]
    assert response.collection_status.state == CollectionStatus.STATE_DISABLED
    with ingest(shared_server) as stub:
        streamed = StreamEventsRequest(sequence=1, publish=request(source, events))
        (answered,) = stub.StreamEvents(iter([streamed]), timeout=TIMEOUT)
    assert answered.accepted_count == 0
    assert [told([one.verdict])[0][1] for one in answered.verdicts] == ["OPTED_OUT"] * 5
    assert status(shared_server, source).state == CollectionStatus.STATE_DISABLED
    assert not held(shared_server, source)
    assert not any(registered(shared_server, source).values())


def registered(server: ServerProcess, source: Source) -> dict[str, int]:
    """Count the rows that say that a source was seen at all."""
    tables = {
        "source": ("company_id", source.deployment.company_id),
        "company": ("company_id", source.deployment.company_id),
        "deployment": ("company_id", source.deployment.company_id),
    }
    if source.HasField("server"):
        key = ("server_uuid", source.server.server_uuid)
        tables = {"source": key, "server": key}
    return {
        table: server.query(f"SELECT count(*) FROM {table} WHERE {column} = ?", value)[0][0]
        for table, (column, value) in tables.items()
    }


@at_each_scope
def test_enabled_lifts_it(
    shared_server: ServerProcess, scope: Request.Scope.ValueType, make: Callable[[], Source]
) -> None:
    """ENABLED at the same scope: events are stored again; either way it may be said any number of times."""
    source = make()
    for _ in range(2):
        set_preference(shared_server, source, scope, DISABLED)
        assert not collects(shared_server, source)
    for _ in range(2):
        answer = set_preference(shared_server, source, scope, ENABLED)
        assert answer.state == CollectionStatus.STATE_ENABLED
        assert list(answer.categories) == [CATEGORY_INTERACTION, CATEGORY_TECHNICAL]
        assert collects(shared_server, source)
    set_preference(shared_server, source, scope, DISABLED)
    assert not collects(shared_server, source)
    assert held(shared_server, source) == {"element_stat": 2}


def test_a_deployment_covers_its_users_and_nobody_else(shared_server: ServerProcess) -> None:
    """A deployment's opt-out covers every user and instance in it; its company's others go on."""
    company = new_id()
    deployment = deployment_source(company, "d1", user_id="u1")
    set_preference(shared_server, deployment, DEPLOYMENT, DISABLED)
    for covered in (
        deployment_source(company, "d1"),
        deployment_source(company, "d1", user_id="u2", instance_id="tab-2", version="9"),
        deployment_source(company, "d1", solution="Another", company_name="N", deployment_name="M"),
    ):
        assert not collects(shared_server, covered)
    for other in (
        deployment_source(company, "d2", user_id="u1"),
        deployment_source(company + "x", "d1", user_id="u1"),
        deployment_source(company[:-1], company[-1:] + "d1"),
    ):
        assert collects(shared_server, other)


def test_a_user_leaves_the_others(shared_server: ServerProcess) -> None:
    """A user's opt-out covers that user in that deployment, whatever the instance; all others go on."""
    company = new_id()
    set_preference(shared_server, deployment_source(company, user_id="u1"), USER, DISABLED)
    assert not collects(shared_server, deployment_source(company, user_id="u1", instance_id="tab-9"))
    for other in (
        deployment_source(company, user_id="u2"),
        deployment_source(company),
        deployment_source(company, "d2", user_id="u1"),
        deployment_source(new_id(), user_id="u1"),
    ):
        assert collects(shared_server, other)


def test_a_server_is_known_by_its_uuid_alone(shared_server: ServerProcess) -> None:
    """A server stays opted out through an upgrade, and however its UUID is spelt."""
    source = server_source(version="1.0.0")
    uuid = source.server.server_uuid
    set_preference(shared_server, server_source(uuid.upper()), SERVER, DISABLED)
    assert not collects(shared_server, source)
    assert not collects(shared_server, server_source(uuid, version="2.0.0", solution="Other"))
    assert collects(shared_server, server_source())


def test_each_scope_is_lifted_by_itself(shared_server: ServerProcess) -> None:
    """ENABLED for a user does not lift the deployment's opt-out, nor the other way round."""
    source = deployment_source(new_id(), user_id="u1")
    set_preference(shared_server, source, USER, DISABLED)
    set_preference(shared_server, source, DEPLOYMENT, DISABLED)
    answer = set_preference(shared_server, source, USER, ENABLED)
    assert answer.state == CollectionStatus.STATE_DISABLED
    assert not collects(shared_server, source)
    set_preference(shared_server, source, USER, DISABLED)
    assert set_preference(shared_server, source, DEPLOYMENT, ENABLED).state == answer.state
    assert not collects(shared_server, source)
    set_preference(shared_server, source, USER, ENABLED)
    assert collects(shared_server, source)


@pytest.mark.parametrize(
    ("make", "scope"),
    [
        (server_source, Request.SCOPE_UNSPECIFIED),
        (server_source, 99),
        (server_source, USER),
        (server_source, DEPLOYMENT),
        (lambda: deployment_source("c", user_id="u"), SERVER),
        (lambda: deployment_source("c"), USER),
    ],
)
def test_a_scope_is_never_inferred(
    shared_server: ServerProcess, make: Callable[[], Source], scope: Request.Scope.ValueType
) -> None:
    """A scope that is missing, unknown or not held by the source is refused, and nothing is set."""
    source = make()
    before = opt_outs(shared_server)
    answer = refusal(lambda: set_preference(shared_server, source, scope, DISABLED))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == "SCOPE_INVALID"
    assert [field for field, _ in answer.details.fields] == ["scope"]
    assert opt_outs(shared_server) == before
    assert collects(shared_server, source)


@pytest.mark.parametrize(
    ("source", "preference", "reason", "field"),
    [
        (server_source(), Request.PREFERENCE_UNSPECIFIED, "ARGUMENT_INVALID", "preference"),
        (server_source(), 99, "ARGUMENT_INVALID", "preference"),
        (None, DISABLED, "SOURCE_MISSING", "source"),
        (Source(), DISABLED, "SOURCE_MISSING", "source"),
        (server_source("x"), DISABLED, "SOURCE_INVALID", "source.server.server_uuid"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    shared_server: ServerProcess,
    source: Source | None,
    preference: Request.Preference.ValueType,
    reason: str,
    field: str,
) -> None:
    """A preference or a source that is missing or wrong is refused by name, and nothing is set."""
    before = opt_outs(shared_server)
    answer = refusal(lambda: set_preference(shared_server, source, SERVER, preference))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == reason
    assert [name for name, _ in answer.details.fields] == [field]
    assert opt_outs(shared_server) == before


def opt_outs(server: ServerProcess) -> int:
    """Count the opt-outs there ever were."""
    count: int = server.query("SELECT count(*) FROM opt_out")[0][0]
    return count


def test_the_database_names_no_user_who_has_opted_out(shared_server: ServerProcess) -> None:
    """A user's opt-out is kept by a keyed digest: the identifier that was sent cannot be read from it."""
    company = new_id()
    set_preference(shared_server, deployment_source(company, "d", user_id="u-canary"), USER, DISABLED)
    rows = shared_server.query("SELECT * FROM opt_out")
    shown = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
    assert company.encode() in shown
    assert not any(b"canary" in value for value in shown)


def test_it_survives_restart_and_kill(server: ServerProcess) -> None:
    """Once the RPC has returned, neither a restart nor SIGKILL brings collection back, nor undoes ENABLED."""
    kept = [(make(), scope) for scope, make in SCOPES]
    lifted = server_source()
    set_preference(server, lifted, SERVER, DISABLED)
    set_preference(server, lifted, SERVER, ENABLED)
    for source, scope in kept:
        set_preference(server, source, scope, DISABLED)
    server.kill()
    for end in (server.stop, server.kill):
        server.start()
        for source, _ in kept:
            assert not collects(server, source)
        assert collects(server, lifted)
        end()
    server.start()
    source, scope = kept[0]
    set_preference(server, source, scope, ENABLED)
    server.kill()
    server.start()
    assert collects(server, source)
    assert not collects(server, kept[1][0])


def test_no_commit_after_the_rpc_has_returned(shared_server: ServerProcess) -> None:
    """While 8 clients publish, an opt-out returns: what is stored at that moment is all that ever will be."""
    for _ in range(5):
        source = server_source()
        running, off = threading.Barrier(9), threading.Event()

        def send(
            source: Source = source, running: threading.Barrier = running, off: threading.Event = off
        ) -> tuple[int, int]:
            accepted = late = 0
            with ingest(shared_server) as stub:
                for turn in range(10_000):
                    began_late = off.is_set()
                    events = [element() for _ in range(20)]
                    response = stub.PublishEvents(request(source, events), timeout=TIMEOUT)
                    accepted += response.accepted_count
                    late += response.accepted_count * began_late
                    if turn == 2:
                        running.wait(TIMEOUT)
                    if began_late:
                        break
            return accepted, late

        with ThreadPoolExecutor(8) as pool:
            senders = [pool.submit(send) for _ in range(8)]
            running.wait(TIMEOUT)
            answer = set_preference(shared_server, source, SERVER, DISABLED)
            at_return = held(shared_server, source)
            off.set()
            results = [sender.result() for sender in senders]
        assert answer.state == CollectionStatus.STATE_DISABLED
        assert held(shared_server, source) == at_return
        assert at_return == {"element_stat": sum(accepted for accepted, _ in results)}
        assert not sum(late for _, late in results)
