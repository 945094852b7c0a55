"""A deletion reaches every column that can hold anything of its subject, found by canaries in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.admin import admin
from tests.support.canaries import SCHEMA, Canaries
from tests.support.clients import TIMEOUT, ingest, publish
from tests.support.deletions import company, counts, create, delete, dump, files, tables

from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference
from aboveboard_server.schema import erasure
from aboveboard_server.schema.tables import import_all

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

    from aboveboard.admin.v1.deletion_pb2 import Deletion
    from aboveboard.telemetry.v1.source_pb2 import Source

EACH = 3


def leave_traces(server: ServerProcess, canaries: Canaries) -> Source:
    """Have a server hold something of a company wherever it can, and return one of its deployments."""
    company_id = canaries.text()
    sources = [canaries.source(company_id=company_id) for _ in range(3)]
    for source in sources:
        publish(server, source, *canaries.events(EACH))
    with admin(server) as stub:
        opt_out = CreateOptOutRequest()
        opt_out.subject.deployment.company_id = company_id
        opt_out.subject.deployment.deployment_id = canaries.text()
        stub.CreateOptOut(opt_out, timeout=TIMEOUT)
    with ingest(server) as stub:
        stub.SetCollectionPreference(
            Preference(
                source=sources[2],
                scope=Preference.SCOPE_DEPLOYMENT,
                preference=Preference.PREFERENCE_DISABLED,
                erase_history=True,
            ),
            timeout=TIMEOUT,
        )
    return sources[0]


def test_no_canary_is_left_in_any_table(anywhere: ServerProcess) -> None:
    """Every field of every message full of canaries, quarantine included: after the deletion none is left."""
    canaries = Canaries(0xA11)
    source = leave_traces(anywhere, canaries)
    subject = company(source.deployment.company_id)
    before = tables(anywhere)
    # Else the test shows nothing: each table that erasure goes through holds something of the company.
    targets = erasure.targets(import_all())
    empty = [target.table for target in targets if not before[target.table] and target.table != "server"]
    assert set(empty) <= {"company_key"}
    assert canaries.found_in(dump(anywhere))

    told = counts(told_before(anywhere, subject))
    deletion = delete(anywhere, subject, reference="T-1", also_opt_out=True)

    assert not canaries.found_in(dump(anywhere))
    assert not any(canaries.found_in(data) for data in files(anywhere.folder).values())
    expected = {
        table: len(rows) - len(after)
        for (table, rows), after in zip(before.items(), tables(anywhere).values(), strict=True)
        if len(rows) > len(after)
    }
    assert counts(deletion) == told == expected == counts(deletion.receipt)
    assert {event.name for event in SCHEMA.events} <= expected.keys()
    assert not deletion.HasField("subject")


def told_before(server: ServerProcess, subject: Subject) -> Deletion:
    """Ask what would go, and see that nothing changes."""
    before = tables(server)
    told = create(server, subject, validate_only=True)
    assert tables(server) == before
    return told


def test_no_canary_of_a_server_is_left(anywhere: ServerProcess) -> None:
    """The same of an anonymous server, whose only key is its UUID."""
    canaries = Canaries(0x5E2)
    source = canaries.server()
    publish(anywhere, source, *canaries.events(EACH))
    assert canaries.found_in(dump(anywhere))
    delete(anywhere, Subject(server_uuid=source.server.server_uuid))
    assert not canaries.found_in(dump(anywhere))
    assert not any(canaries.found_in(data) for data in files(anywhere.folder).values())
