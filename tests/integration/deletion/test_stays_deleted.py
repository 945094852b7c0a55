"""Deleted stays deleted: whatever is sent, replayed or restored afterwards, nothing of it comes back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import grpc
from tests.support.admin import admin
from tests.support.canaries import Canaries
from tests.support.clients import (
    PUBLISH,
    TIMEOUT,
    deployment_source,
    element,
    held,
    new_id,
    publish,
    request,
    server_source,
    told,
)
from tests.support.deletions import company, counts, delete, dump, finished
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1.quarantine_pb2 import ReplayQuarantinedEventsRequest
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse

if TYPE_CHECKING:
    from pathlib import Path

    from aboveboard.telemetry.v1.source_pb2 import Source


def send_bytes(server: ServerProcess, data: bytes) -> PublishEventsResponse:
    with grpc.insecure_channel(server.ingest_address) as channel:
        call: Any = channel.unary_unary(PUBLISH, None, PublishEventsResponse.FromString)
        response: PublishEventsResponse = call(data, timeout=TIMEOUT)
    return response


def test_what_is_sent_again_is_refused_and_counted(anywhere: ServerProcess) -> None:
    """The same bytes, the same events under fresh ids, unknown ones too: each SUBJECT_ERASED, no row."""
    canaries = Canaries(0x5A7)
    source = canaries.source()
    events = canaries.events()
    data = request(source, events).SerializeToString()
    assert send_bytes(anywhere, data).accepted_count == len(events) - 1
    delete(anywhere, company(source.deployment.company_id))
    for event in events:
        event.event_id = new_id()
    for again in (data, request(source, events).SerializeToString()):
        response = send_bytes(anywhere, again)
        assert response.accepted_count == 0
        assert [verdict[1] for verdict in told(response.verdicts)] == ["SUBJECT_ERASED"] * len(events)
        assert not response.collection_status.HasField("erased_before")
    with admin(anywhere) as stub:
        replayed = stub.ReplayQuarantinedEvents(ReplayQuarantinedEventsRequest(), timeout=TIMEOUT)
    assert replayed.examined_count == 0
    assert not canaries.found_in(dump(anywhere))


def test_a_restored_backup_resurrects_nobody(tmp_path: Path) -> None:
    """Under the newer journal a backup's rows go again, before anything is answered; the rest stays."""
    server = ServerProcess(tmp_path)
    canaries = Canaries(0xBAC)
    gone, anonymous, stays = canaries.source(), canaries.server(), deployment_source("stays")
    unwanted, lifted = server_source(), server_source()
    server.start()
    publish(server, gone, *canaries.events(3))
    publish(server, anonymous, *canaries.events(2))
    publish(server, stays, element(), element())
    with admin(server) as stub:
        made = stub.CreateOptOut(o.CreateOptOutRequest(subject=of(lifted)), timeout=TIMEOUT).opt_out
    server.stop()
    backup = tmp_path / "backup"
    shutil.copyfile(server.database, backup)

    server.start()
    first = delete(server, company(gone.deployment.company_id), also_opt_out=True, reference="T-1")
    delete(server, of(anonymous))
    with admin(server) as stub:
        stub.CreateOptOut(o.CreateOptOutRequest(subject=of(unwanted)), timeout=TIMEOUT)
        stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=made.opt_out_id), timeout=TIMEOUT)
    server.stop()
    for path in tmp_path.glob("aboveboard.db*"):
        path.unlink()
    shutil.copyfile(backup, server.database)
    backup.unlink()

    server.start()
    with admin(server) as stub:
        found = stub.ListDeletions(d.ListDeletionsRequest(), timeout=TIMEOUT).deletions
        opt_outs = stub.ListOptOuts(o.ListOptOutsRequest(), timeout=TIMEOUT).opt_outs
    restored = [finished(server, deletion) for deletion in found]
    assert first.deletion_id in {deletion.deletion_id for deletion in restored}
    assert counts(first) in [counts(deletion) for deletion in restored]
    assert len(restored) == 2
    assert not canaries.found_in(dump(server))
    assert held(server, stays) == {"element_stat": 2}
    assert {opt_out.reference: opt_out.state for opt_out in opt_outs if opt_out.reference} == {
        "T-1": o.OptOut.STATE_ACTIVE
    }
    refused = {
        "gone": publish(server, gone, *canaries.events()),
        "anonymous": publish(server, anonymous, element()),
        "unwanted": publish(server, unwanted, element()),
    }
    assert {name: {verdict[1] for verdict in told(answer.verdicts)} for name, answer in refused.items()} == {
        "gone": {"OPTED_OUT"},
        "anonymous": {"SUBJECT_ERASED"},
        "unwanted": {"OPTED_OUT"},
    }
    assert publish(server, lifted, element()).accepted_count == 1
    # What is known now is not restored again.
    server.stop()
    server.start()
    with admin(server) as stub:
        again = stub.ListDeletions(d.ListDeletionsRequest(), timeout=TIMEOUT).deletions
    assert sorted(deletion.deletion_id for deletion in again) == sorted(
        deletion.deletion_id for deletion in restored
    )
    assert sum(line["event"] == "restored_from_journal" for line in server.log()) == 1
    server.stop()


def of(source: Source) -> Subject:
    return Subject(server_uuid=source.server.server_uuid)
