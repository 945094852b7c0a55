"""ExportSubjectData and `aboveboard admin export`: everything held on a Subject, and of nobody else."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import json_format
from tests.contract.filled import fill
from tests.support.admin import admin, admin_json, run_admin
from tests.support.clients import (
    NOON,
    TIMEOUT,
    deployment_source,
    element,
    new_id,
    ping,
    publish,
    refusal,
    server_source,
    unknown_arm,
)

from aboveboard.admin.v1 import audit_pb2, company_pb2, opt_out_pb2
from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataRequest
from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataResponse as Record
from aboveboard.admin.v1.subject_pb2 import DeploymentRef, Subject, UserRef
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.source_pb2 import Source

NEWER = 1_000


def export(server: ServerProcess, subject: Subject) -> list[Record]:
    with admin(server) as stub:
        return list(stub.ExportSubjectData(ExportSubjectDataRequest(subject=subject), timeout=TIMEOUT))


def kinds(records: list[Record]) -> list[str]:
    return [str(record.WhichOneof("record")) for record in records]


def one_of_each() -> list[EventEnvelope]:
    """Return an event of every type, with something in every field."""
    made = []
    for event in catalog.default().events:
        envelope = EventEnvelope(event_id=new_id(), occurred_at=NOON, sequence=7)
        getattr(envelope, event.name).CopyFrom(fill(event.message))
        made.append(envelope)
    return made


def sent_of(records: list[Record]) -> list[EventEnvelope]:
    return [record.event.event for record in records if record.HasField("event")]


def by_id(events: list[EventEnvelope]) -> list[dict[str, Any]]:
    """Return events in order of their ids; not as text, for a payload's keys have no order."""
    return [json_format.MessageToDict(event) for event in sorted(events, key=lambda event: event.event_id)]


def opt_out(server: ServerProcess, subject: Subject) -> None:
    with admin(server) as stub:
        stub.CreateOptOut(opt_out_pb2.CreateOptOutRequest(subject=subject, reference="T-1"), timeout=TIMEOUT)


def test_everything_of_a_company_comes_back_as_it_was_sent(either_server: ServerProcess) -> None:
    """Every event of every type, quarantine, registry, contact and opt-outs; of others nothing."""
    company, other = new_id(), new_id()
    sources = [deployment_source(company, name, version=name, company_name="Busag") for name in ("d1", "d2")]
    events = {source.deployment.deployment_id: one_of_each() for source in sources}
    newer = unknown_arm(NEWER)
    for source in sources:
        publish(either_server, source, *events[source.deployment.deployment_id])
    publish(either_server, sources[0], newer)
    publish(either_server, deployment_source(other), element())
    contact = company_pb2.Contact(email="a@b")
    with admin(either_server) as stub:
        noted = company_pb2.Company(company_id=company, contact=contact)
        stub.UpdateCompany(company_pb2.UpdateCompanyRequest(company=noted), timeout=TIMEOUT)
    narrower = Subject(user=UserRef(company_id=company, deployment_id="d1", user_id="u"))
    opt_out(either_server, narrower)

    records = export(either_server, Subject(company_id=company))

    assert other not in str(records)
    order = ["company", "deployment", "deployment", "opt_out", "source", "source"]
    assert kinds(records)[: len(order)] == order
    assert (records[0].company.company_name, records[0].company.contact) == ("Busag", contact)
    assert [[seen.version for seen in record.deployment.versions] for record in records[1:3]] == [
        ["d1"],
        ["d2"],
    ]
    # A user's id is kept nowhere as it was given.
    assert records[3].opt_out.subject.user.user_id == ""
    held = {record.source.source_ref: record.source for record in records[4:6]}
    assert [source.source for source in held.values()] == sources
    assert all(
        source.HasField("first_seen_at") and source.HasField("last_seen_at") for source in held.values()
    )
    for ref, of_source in held.items():
        theirs = [record for record in records if record.event.source_ref == ref]
        assert by_id(sent_of(theirs)) == by_id(events[of_source.source.deployment.deployment_id])
        assert all(record.event.HasField("received_at") for record in theirs)
    (kept,) = [record.quarantined_event for record in records if record.HasField("quarantined_event")]
    assert kept.payload == newer.SerializeToString()
    assert (kept.quarantined_event.event_id, kept.quarantined_event.event_field_number) == (
        newer.event_id,
        NEWER,
    )
    assert kept.source_ref in held


def test_a_deployment_is_exported_without_its_neighbours(either_server: ServerProcess) -> None:
    """Its own sources and events; the company as such is a wider subject."""
    company = new_id()
    ours = element()
    publish(either_server, deployment_source(company, "d1"), ours)
    publish(either_server, deployment_source(company, "d2"), element())
    records = export(either_server, Subject(deployment=DeploymentRef(company_id=company, deployment_id="d1")))
    assert kinds(records) == ["deployment", "source", "event"]
    assert by_id(sent_of(records)) == by_id([ours])


def test_an_anonymous_server_is_exported_whatever_the_case_of_its_uuid(either_server: ServerProcess) -> None:
    """With every source it was, as after an upgrade, and its opt-out."""
    first = server_source(version="1")
    uuid = first.server.server_uuid
    for source in (first, server_source(uuid, version="2")):
        publish(either_server, source, element())
    opt_out(either_server, Subject(server_uuid=uuid))
    records = export(either_server, Subject(server_uuid=uuid.upper()))
    assert sorted(kinds(records)) == ["event", "event", "opt_out", "source", "source"]
    assert kinds(records)[0] == "opt_out"


def test_a_subject_of_whom_nothing_is_held_is_an_empty_stream(either_server: ServerProcess) -> None:
    """Of each kind; a malformed one is refused by its field."""
    company = new_id()
    for nobody in (
        Subject(company_id=company),
        Subject(deployment=DeploymentRef(company_id=company, deployment_id="d1")),
        Subject(server_uuid=new_id()),
        Subject(user=UserRef(company_id=company, deployment_id="d1", user_id="u")),
    ):
        assert export(either_server, nobody) == []
    refused = refusal(lambda: export(either_server, Subject(server_uuid="x")))
    assert (refused.code, "subject.server_uuid" in refused.message) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        True,
    )


def test_an_unknown_user_is_not_taken_for_the_deployment(either_server: ServerProcess) -> None:
    """Of a user who never sent nothing comes, though the deployment has sent."""
    company = new_id()
    publish(either_server, deployment_source(company, user_id="u1"), element())
    nobody = Subject(user=UserRef(company_id=company, deployment_id="d1", user_id="u2"))
    assert export(either_server, nobody) == []


def many(source: Source, count: int) -> list[EventEnvelope]:
    return [element(str(number)) for number in range(count)]


def test_an_export_of_many_pages_holds_every_event_once(either_server: ServerProcess) -> None:
    """Requests of a thousand events that arrived at one moment, and hundreds of sources of a few."""
    company = new_id()
    sent: list[EventEnvelope] = []
    for count in (1_000, 7, 1_000):
        sent += (events := many(deployment_source(company), count))
        publish(either_server, deployment_source(company), *events)
    for number in range(210):
        sent += (events := many(deployment_source(company), 2))
        publish(either_server, deployment_source(company, instance_id=str(number)), *events)
    records = export(either_server, Subject(company_id=company))
    assert sorted(event.event_id for event in sent_of(records)) == sorted(event.event_id for event in sent)
    told: set[int] = set()
    for record in records:
        if record.HasField("source"):
            assert record.source.source_ref not in told
            told.add(record.source.source_ref)
        elif record.HasField("event"):
            assert record.event.source_ref in told
    assert len(told) == 211


def test_an_export_is_audited(either_server: ServerProcess) -> None:
    """By the Subject's digest, before anything is told; the subject is not named."""
    company = new_id()
    export(either_server, Subject(company_id=company))
    with admin(either_server) as stub:
        newest = stub.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(page_size=1), timeout=TIMEOUT)
    (entry,) = newest.audit_entries
    assert (entry.action, len(entry.subject_digest)) == ("ExportSubjectData", 32)
    assert company not in str(entry)


def test_an_operator_exports_to_a_file(either_server: ServerProcess, tmp_path: Path) -> None:
    """A record a line, each of them ProtoJSON; the file is whole, and for its owner alone."""
    company = new_id()
    publish(either_server, deployment_source(company), element(), ping(payload={"é": "é\n"}))
    file = tmp_path / "export.jsonl"
    counts = admin_json(either_server, "export", "--company", company, "-o", str(file))
    assert counts == {"company": 1, "deployment": 1, "source": 1, "event": 2}
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [json_format.Parse(line, Record()) for line in lines] == export(
        either_server, Subject(company_id=company)
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["export.jsonl"]
    shown = run_admin(either_server, "export", "--company", company).stdout
    assert [json.loads(line) for line in shown.splitlines()] == [json.loads(line) for line in lines]


def test_an_export_that_is_refused_leaves_no_file(either_server: ServerProcess, tmp_path: Path) -> None:
    """Neither a whole one nor a part; one that was there stays."""
    file = tmp_path / "export.jsonl"
    file.write_text("before")
    run_admin(either_server, "export", "--server", "no-uuid", "-o", str(file), code=1)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]
    run_admin(either_server, "export", "-o", str(file), code=2)
    run_admin(either_server, "export", "--company", "c", "-o", str(tmp_path / "no" / "file"), code=2)
