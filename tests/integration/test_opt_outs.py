"""Opt-outs by an administrator, and the audit log that tells of them."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.support.admin import admin
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    held,
    ingest,
    new_id,
    publish,
    refusal,
    server_source,
    status,
)

from aboveboard.admin.v1 import audit_pb2
from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1 import subject_pb2 as s
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference
from aboveboard.schema.v1 import annotations_pb2 as a
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ServerProcess

    from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub
    from aboveboard.telemetry.v1.source_pb2 import Source


@pytest.fixture
def stub(shared_server: ServerProcess) -> Iterator[AdminServiceStub]:
    with admin(shared_server) as connected:
        yield connected


def create(stub: AdminServiceStub, subject: s.Subject, **fields: str) -> o.OptOut:
    return stub.CreateOptOut(o.CreateOptOutRequest(subject=subject, **fields), timeout=TIMEOUT).opt_out


def revoke(stub: AdminServiceStub, opt_out_id: str) -> o.OptOut:
    return stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=opt_out_id), timeout=TIMEOUT).opt_out


def user(company: str, name: str = "u") -> s.Subject:
    return s.Subject(user=s.UserRef(company_id=company, deployment_id="d1", user_id=name))


def of_company(company: str) -> s.Subject:
    return s.Subject(company_id=company)


def of_deployment(company: str) -> s.Subject:
    return s.Subject(deployment=s.DeploymentRef(company_id=company, deployment_id="d1"))


LEVELS = {"company": of_company, "deployment": of_deployment, "user": user}


def collects(server: ServerProcess, source: Source) -> bool:
    answer = publish(server, source, element())
    assert status(server, source).state == answer.collection_status.state
    return answer.accepted_count == 1


@pytest.mark.parametrize("level", LEVELS)
def test_an_opt_out_covers_the_subject_and_what_is_narrower(
    shared_server: ServerProcess, stub: AdminServiceStub, level: str
) -> None:
    """From the RPC's return on nothing of the Subject is stored; others go on; lifted, it is again."""
    company = new_id()
    source = deployment_source(company, user_id="u")
    others = {
        "company": [deployment_source(new_id(), user_id="u")],
        "deployment": [deployment_source(company, "d2", user_id="u")],
        "user": [deployment_source(company, user_id="v"), deployment_source(company)],
    }[level]
    made = create(stub, LEVELS[level](company), reference="T-1")
    assert not collects(shared_server, source)
    assert held(shared_server, deployment_source(company, "d1")).get("element_stat", 0) == 0
    assert all(collects(shared_server, other) for other in others)
    lifted = revoke(stub, made.opt_out_id)
    assert lifted.state == o.OptOut.STATE_REVOKED
    assert lifted.revoked_at.ToMicroseconds() >= lifted.created_at.ToMicroseconds()
    assert collects(shared_server, source)


def test_a_server_is_opted_out_whatever_the_case_of_its_uuid(
    shared_server: ServerProcess, stub: AdminServiceStub
) -> None:
    """A server's UUID is taken without regard to case."""
    source = server_source()
    made = create(stub, s.Subject(server_uuid=source.server.server_uuid.upper()))
    assert made.subject.server_uuid == source.server.server_uuid
    assert not collects(shared_server, source)


def test_the_resource_says_who_when_and_how(stub: AdminServiceStub) -> None:
    """What was asked for stands in the resource; a user's id does not."""
    company = new_id()
    made = create(stub, user(company, "secret"), reference="T-2")
    assert made.subject == s.Subject(user=s.UserRef(company_id=company, deployment_id="d1"))
    assert made.subject_kind == a.SUBJECT_KEY_USER
    assert (len(made.subject_digest), made.reference) == (32, "T-2")
    assert (made.origin, made.state) == (s.ORIGIN_ADMINISTRATOR, o.OptOut.STATE_ACTIVE)
    assert not made.HasField("revoked_at")
    assert stub.GetOptOut(o.GetOptOutRequest(opt_out_id=made.opt_out_id)).opt_out == made


def test_creating_is_idempotent(stub: AdminServiceStub) -> None:
    """A Subject that is opted out stays so by the same opt-out; one request_id makes one opt-out."""
    company, request_id = new_id(), new_id()
    made = create(stub, of_company(company), request_id=request_id)
    assert create(stub, of_company(company)) == made
    lifted = revoke(stub, made.opt_out_id)
    assert create(stub, of_company(company), request_id=request_id) == lifted
    assert revoke(stub, made.opt_out_id) == lifted
    again = create(stub, of_company(company))
    assert again.opt_out_id != made.opt_out_id
    reused = refusal(lambda: create(stub, of_company(new_id()), request_id=request_id))
    assert reused.code == grpc.StatusCode.ALREADY_EXISTS
    assert reused.details.reason == "REQUEST_ID_REUSED"


def test_a_source_cannot_lift_what_an_administrator_set(
    shared_server: ServerProcess, stub: AdminServiceStub
) -> None:
    """ENABLED through SetCollectionPreference leaves an administrator's opt-out in force."""

    company = new_id()
    create(stub, of_deployment(company))
    asked = Preference(
        source=deployment_source(company),
        scope=Preference.SCOPE_DEPLOYMENT,
        preference=Preference.PREFERENCE_ENABLED,
    )
    with ingest(shared_server) as source:
        answer = source.SetCollectionPreference(asked, timeout=TIMEOUT).collection_status
    assert answer.state == CollectionStatus.STATE_DISABLED


def test_a_list_is_paged_newest_first(stub: AdminServiceStub) -> None:
    """Every opt-out comes once, the newest first; a state keeps only those in it."""
    made = [create(stub, of_company(new_id())).opt_out_id for _ in range(5)]
    revoke(stub, made[0])
    found = list_all(stub, page_size=2)
    assert [one for one in found if one in made] == made[::-1]
    assert len(found) == len(set(found))
    active = list_all(stub, page_size=1000, state=o.OptOut.STATE_ACTIVE)
    assert [one for one in active if one in made] == made[:0:-1]
    assert made[0] in list_all(stub, page_size=1000, state=o.OptOut.STATE_REVOKED)


def list_all(stub: AdminServiceStub, **fields: Any) -> list[str]:
    request = o.ListOptOutsRequest(**fields)
    found = []
    while True:
        page = stub.ListOptOuts(request, timeout=TIMEOUT)
        assert len(page.opt_outs) <= request.page_size
        found += [one.opt_out_id for one in page.opt_outs]
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


BAD_SUBJECTS = [
    (s.Subject(), "subject"),
    (s.Subject(company_id=""), "subject.company_id"),
    (s.Subject(company_id="x" * 129), "subject.company_id"),
    (s.Subject(company_id="a\0b"), "subject.company_id"),
    (s.Subject(server_uuid="no uuid"), "subject.server_uuid"),
    (s.Subject(deployment=s.DeploymentRef(company_id="c")), "subject.deployment.deployment_id"),
    (s.Subject(user=s.UserRef(company_id="c", deployment_id="d")), "subject.user.user_id"),
]


@pytest.mark.parametrize(("subject", "field"), BAD_SUBJECTS, ids=[field for _, field in BAD_SUBJECTS])
def test_a_malformed_subject_is_refused_by_its_field(
    stub: AdminServiceStub, subject: s.Subject, field: str
) -> None:
    """INVALID_ARGUMENT names the field, and nothing is recorded."""
    before = list_all(stub, page_size=1000)
    refused = refusal(lambda: create(stub, subject))
    assert refused.code == grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.message
    assert list_all(stub, page_size=1000) == before


def test_bad_arguments_are_refused_by_their_field(stub: AdminServiceStub) -> None:
    """A long reference, a request id that is no UUID, a foreign page token, a negative size, no such id."""
    good = of_company("c")
    calls: dict[str, Any] = {
        "reference": lambda: create(stub, good, reference="x" * 257),
        "request_id": lambda: create(stub, good, request_id="1"),
        "page_token": lambda: stub.ListOptOuts(o.ListOptOutsRequest(page_token="elsewhere")),
        "page_size": lambda: stub.ListOptOuts(o.ListOptOutsRequest(page_size=-1)),
        "opt_out_id": lambda: stub.GetOptOut(o.GetOptOutRequest(opt_out_id="x")),
    }
    for field, call in calls.items():
        refused = refusal(call)
        assert (refused.code, field in refused.message) == (grpc.StatusCode.INVALID_ARGUMENT, True)
    missing = refusal(lambda: revoke(stub, new_id()))
    assert missing.code == grpc.StatusCode.NOT_FOUND


def test_the_audit_log_is_a_chain_of_what_was_done(stub: AdminServiceStub) -> None:
    """Each change has one entry; numbers have no gap, and every hash is what the proto says it is."""
    made = create(stub, of_company(new_id()), reference="T-3")
    create(stub, of_company(made.subject.company_id))
    revoke(stub, made.opt_out_id)
    entries = audit_entries(stub)
    ours = [entry for entry in entries if entry.subject_digest == made.subject_digest]
    assert [(entry.action, entry.reference) for entry in ours] == [
        ("RevokeOptOut", "T-3"),
        ("CreateOptOut", "T-3"),
    ]
    assert made.subject.company_id not in str(ours)
    assert [entry.entry_id for entry in entries] == list(range(len(entries), 0, -1))
    previous = b""
    for entry in reversed(entries):
        assert entry.previous_hash == previous
        assert entry.hash == recomputed(entry)
        previous = entry.hash


def audit_entries(stub: AdminServiceStub) -> list[audit_pb2.AuditEntry]:
    request = audit_pb2.ListAuditEntriesRequest(page_size=3)
    found: list[audit_pb2.AuditEntry] = []
    while True:
        page = stub.ListAuditEntries(request, timeout=TIMEOUT)
        found.extend(page.audit_entries)
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


def recomputed(entry: audit_pb2.AuditEntry) -> bytes:
    """Return an entry's hash by what audit.proto says, in words of our own."""
    recorded = entry.recorded_at.ToDatetime(UTC)
    parts: list[str | bytes] = [
        str(entry.entry_id),
        f"{recorded:%Y-%m-%dT%H:%M:%S}.{recorded.microsecond:06}Z",
        entry.actor,
        entry.action,
        entry.subject_digest,
        entry.reference,
        entry.details,
        entry.previous_hash,
    ]
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def test_the_audit_log_lets_nothing_be_changed(server: ServerProcess) -> None:
    """Not even with the database in hand can an entry be changed or removed without taking the guard down."""

    with admin(server) as stub:
        create(stub, of_company("acme"))
    server.stop()
    with sqlite3.connect(server.database) as database:
        for statement in ("UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
