"""Retention as an administrator sets and enforces it, on whole servers."""

from __future__ import annotations

import random
import threading
import time
import urllib.request
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from tests.support.admin import admin, admin_json, run_admin
from tests.support.browser import eventually
from tests.support.clients import TIMEOUT, element, publish, refusal, server_source
from tests.support.on_postgres import OnPostgres
from tests.support.retention_runs import check_end, enforce, fill, run_with_kills
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import retention_pb2 as r
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

    from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub

ROWS = 4_000


@pytest.fixture
def stub(shared_server: ServerProcess) -> Iterator[AdminServiceStub]:
    with admin(shared_server) as connected:
        yield connected


@pytest.fixture(params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ServerProcess, dict[str, int]]]:
    """A server that has not started yet, on a database where much has expired, and what that is."""
    folder = tmp_path / "server"
    folder.mkdir()
    if request.param == "sqlite":
        server = ServerProcess(folder)
        url = f"sqlite:///{server.database}"
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = postgres.new_database()
        server = OnPostgres(folder, postgres, url)
    yield server, fill(url, ROWS)
    server.kill()


def update(stub: AdminServiceStub, event_type: str, days: int, *paths: str) -> r.RetentionPolicy:
    policy = r.RetentionPolicy(event_type=event_type, retention_days=days)
    request = r.UpdateRetentionPolicyRequest(retention_policy=policy, update_mask=FieldMask(paths=paths))
    return stub.UpdateRetentionPolicy(request, timeout=TIMEOUT).retention_policy


def policies(stub: AdminServiceStub, size: int) -> list[r.RetentionPolicy]:
    request = r.ListRetentionPoliciesRequest(page_size=size)
    found: list[r.RetentionPolicy] = []
    while True:
        page = stub.ListRetentionPolicies(request, timeout=TIMEOUT)
        assert len(page.retention_policies) <= size
        found += page.retention_policies
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


def test_there_is_one_policy_for_each_event(stub: AdminServiceStub) -> None:
    """In order of the name, with the annotation's days as default, and in force where nothing was changed."""
    found = policies(stub, size=4)
    expected = sorted((event.name, event.policy.retention_days) for event in catalog.default().events)
    assert [(policy.event_type, policy.default_retention_days) for policy in found] == expected
    for policy in found:
        get = r.GetRetentionPolicyRequest(event_type=policy.event_type)
        assert stub.GetRetentionPolicy(get, timeout=TIMEOUT).retention_policy == policy


def page(server: ServerProcess) -> str:
    """Return the public page, over a connection of its own."""
    with urllib.request.urlopen(f"http://{server.http_address}/", timeout=TIMEOUT) as answer:
        return str(answer.read().decode())


def test_a_policy_is_changed_and_taken_back(shared_server: ServerProcess, stub: AdminServiceStub) -> None:
    """45 to 3650 days, and 0 for the default; the audit log tells each change once, the page what holds."""
    entries = "SELECT count(*) FROM audit_entry WHERE action = 'UpdateRetentionPolicy'"
    ((before,),) = shared_server.query(entries)
    for days in (45, 3_650, 3_650):
        changed = update(stub, "upload_stat", days, "retention_days")
        assert (changed.retention_days, changed.default_retention_days) == (days, 365)
        assert abs(changed.updated_at.seconds - time.time()) < TIMEOUT
    eventually(lambda: "3650 days" in page(shared_server))
    taken_back = update(stub, "upload_stat", 0)
    assert taken_back.retention_days == 365
    eventually(lambda: "3650 days" not in page(shared_server))
    assert shared_server.query(entries) == [(before + 3,)]


def test_what_cannot_be_meant_is_refused(stub: AdminServiceStub) -> None:
    """INVALID_ARGUMENT names the field, NOT_FOUND an event type that there is not; nothing changes."""
    before = policies(stub, 50)
    bad: list[tuple[str, Callable[[], object]]] = [
        ("retention_policy.retention_days", lambda: update(stub, "ping", 44)),
        ("retention_policy.retention_days", lambda: update(stub, "ping", 3_651)),
        ("retention_policy.event_type", lambda: update(stub, "", 45)),
        ("update_mask", lambda: update(stub, "ping", 45, "updated_at")),
        ("retention_policy", lambda: stub.UpdateRetentionPolicy(r.UpdateRetentionPolicyRequest())),
        ("event_type", lambda: stub.GetRetentionPolicy(r.GetRetentionPolicyRequest())),
        ("page_token", lambda: stub.ListRetentionPolicies(r.ListRetentionPoliciesRequest(page_token="x"))),
    ]
    for field, call in bad:
        refused = refusal(call)
        assert (refused.code, field in refused.message) == (grpc.StatusCode.INVALID_ARGUMENT, True)
    for name in ("source", "ping; --"):
        assert refusal(lambda: update(stub, name, 45)).code == grpc.StatusCode.NOT_FOUND  # noqa: B023  # called here
    assert policies(stub, 50) == before


def test_the_commands_show_set_and_enforce(server: ServerProcess) -> None:
    """What AdminService answers, as tables and as JSON."""
    assert "ping" in run_admin(server, "retention", "list").stdout
    assert "45" in run_admin(server, "retention", "set", "ping", "45").stdout
    listed = admin_json(server, "retention", "list")["retentionPolicies"]
    assert {policy["eventType"]: policy["retentionDays"] for policy in listed}["ping"] == 45
    assert admin_json(server, "retention", "enforce", "--dry-run") == {"tableCounts": []}
    assert admin_json(server, "retention", "enforce") == {"tableCounts": []}
    refused = run_admin(server, "retention", "set", "ping", "3651", code=1)
    assert "retention_days" in refused.stderr


def test_a_run_that_is_killed_goes_on_where_it_was(filled: tuple[ServerProcess, dict[str, int]]) -> None:
    """Wherever it is killed: in the end what a clean run removes is gone, nothing else, all counted once."""
    server, expected = filled
    chance = random.Random(7)
    run_with_kills(server, [chance.randrange(2 * ROWS) for _ in range(2)])
    check_end(server, expected)


def test_a_run_under_load_loses_nothing_young(filled: tuple[ServerProcess, dict[str, int]]) -> None:
    """Events that are acknowledged while it runs are all there afterwards."""
    server, expected = filled
    server.start()
    source, acknowledged, over = server_source(), 0, threading.Event()

    def send() -> None:
        nonlocal acknowledged
        while not over.is_set():
            acknowledged += publish(server, source, *(element() for _ in range(50))).accepted_count

    sender = threading.Thread(target=send)
    sender.start()
    try:
        assert enforce(server) == expected
    finally:
        over.set()
        sender.join()
    assert acknowledged
    stored = "SELECT count(*) FROM element_stat JOIN source USING (source_id) WHERE server_uuid = '{}'"
    assert server.query(stored.format(source.server.server_uuid)) == [(acknowledged,)]
