"""Of a subject that was never seen there is nothing to delete: what that costs, and what is told of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.integration.deletion.test_waiting import lift
from tests.support.canaries import Canaries
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    ingest,
    new_id,
    of_the_next_hour,
    publish,
    refusal_of,
    server_source,
)
from tests.support.deletions import company, counts, create, files, finished, get, tables
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1.subject_pb2 import Subject, UserRef
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference
from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_lines import Tombstone

if TYPE_CHECKING:
    from pathlib import Path

    from aboveboard.telemetry.v1.source_pb2 import Source

NEVER_SEEN: list[tuple[Preference.Scope.ValueType, Source]] = [
    (Preference.SCOPE_SERVER, server_source()),
    (Preference.SCOPE_DEPLOYMENT, deployment_source("never seen")),
    (Preference.SCOPE_USER, deployment_source("never seen", "d2", user_id="u1")),
]
# What a server that has run for long enough writes, whatever anybody asks for.
BY_THE_CLOCK = ("scheduled_job", "server_clock")
# What a deletion leaves wherever it is told of.
TRACES = ("deletion", "tombstone")


def erase_history(server: ServerProcess, source: Source, scope: Preference.Scope.ValueType) -> str:
    asked = Preference(
        source=source, scope=scope, preference=Preference.PREFERENCE_DISABLED, erase_history=True
    )
    with ingest(server) as stub:
        answer = stub.SetCollectionPreference(asked, timeout=TIMEOUT)
    assert answer.collection_status.state == answer.collection_status.STATE_DISABLED
    return answer.deletion_id


def tombstones(server: ServerProcess) -> list[Tombstone]:
    return [entry for entry in journal.read(server.key_dir) if isinstance(entry, Tombstone)]


def erased(server: ServerProcess, deletion_id: str) -> d.Deletion:
    """Return a deletion once it is erased."""
    deletion = get(server, deletion_id)
    while not deletion.HasField("erased_at"):
        deletion = get(server, deletion_id)
    return deletion


@pytest.mark.parametrize(("scope", "source"), NEVER_SEEN, ids=["server", "deployment", "user"])
def test_who_was_never_seen_is_opted_out_and_nothing_is_deleted(
    anywhere: ServerProcess, scope: Preference.Scope.ValueType, source: Source
) -> None:
    """No deletion, no tombstone, no line of the journal, no entry of the audit log but the opt-out's."""
    before, written = tables(anywhere), tombstones(anywhere)
    assert erase_history(anywhere, source, scope) == ""
    after = tables(anywhere)
    assert [after[table] for table in TRACES] == [before[table] for table in TRACES]
    assert len(after["audit_entry"]) <= len(before["audit_entry"]) + 1
    assert tombstones(anywhere) == written
    assert erase_history(anywhere, source, scope) == ""
    assert tables(anywhere) == after
    assert tombstones(anywhere) == written


def test_asked_again_nothing_begins_until_something_new_came(anywhere: ServerProcess) -> None:
    """While its deletion runs it is that one, later none; what came since begins another."""
    source = server_source()
    publish(anywhere, source, element())
    first = erase_history(anywhere, source, Preference.SCOPE_SERVER)
    assert get(anywhere, first).known
    assert erase_history(anywhere, source, Preference.SCOPE_SERVER) in {first, ""}
    erased(anywhere, first)
    before, written = tables(anywhere)["tombstone"], tombstones(anywhere)
    assert erase_history(anywhere, source, Preference.SCOPE_SERVER) == ""
    assert (tables(anywhere)["tombstone"], tombstones(anywhere)) == (before, written)
    lift(anywhere)
    assert publish(anywhere, source, of_the_next_hour(element())).accepted_count == 1
    second = erase_history(anywhere, source, Preference.SCOPE_SERVER)
    assert second not in {first, ""}
    assert counts(erased(anywhere, second))["element_stat"] == 1


def held_tables(server: ServerProcess) -> dict[str, Any]:
    """Return all that is held but what a server notes by the clock, whoever asks it for what."""
    return {name: rows for name, rows in tables(server).items() if name not in BY_THE_CLOCK}


def test_what_an_administrator_asks_for_says_whether_anything_was_seen(anywhere: ServerProcess) -> None:
    """`known`, with validate_only and without; to ask leaves nothing, not even a company's key."""
    seen, unseen = new_id(), new_id()
    publish(anywhere, deployment_source(seen, user_id="u1"), element())
    of_user = {
        name: Subject(user=UserRef(company_id=name, deployment_id="d1", user_id="u1"))
        for name in (seen, unseen)
    }
    for name in (seen, unseen):
        for subject in (company(name), of_user[name]):
            before = held_tables(anywhere)
            told = create(anywhere, subject, validate_only=True)
            assert told.HasField("known")
            assert told.known is (name == seen)
            assert held_tables(anywhere) == before
    # The narrower first: nothing is seen of it afterwards.
    for name in (seen, unseen):
        for subject in (of_user[name], company(name)):
            made = create(anywhere, subject)
            assert made.known is (name == seen)
            assert get(anywhere, made.deletion_id).known is (name == seen)


def test_an_unknown_one_is_signed_without_a_scrub(tmp_path: Path) -> None:
    """Where it is never quiet the receipt of nothing comes all the same, and no byte of its name is left."""
    server = ServerProcess(tmp_path, "--scrub-quiet-seconds", "3600")
    server.start()
    publish(server, deployment_source("stays"), element())
    canaries = Canaries(0x0)
    source = canaries.source()
    made = create(server, company(source.deployment.company_id), reference="T-0")
    assert (made.state, made.known, made.HasField("subject")) == (d.Deletion.STATE_SCRUBBED, False, False)
    done = finished(server, made)
    assert (counts(done), done.receipt.reference) == ({}, "T-0")
    assert done.receipt.HasField("cut_off_at")
    assert not any(canaries.found_in(data) for data in files(tmp_path).values())
    # One that there is something of waits for the scrub.
    held = create(server, company("stays"))
    erased(server, held.deletion_id)
    finished(server, create(server, company(canaries.text())))
    assert get(server, held.deletion_id).state == d.Deletion.STATE_ERASED
    server.stop()


def test_one_that_is_unknown_but_named_in_an_opt_out_is_scrubbed(anywhere: ServerProcess) -> None:
    """Its name stood in the database: its deletion is of nothing that was seen, and yet not over at once."""
    canaries = Canaries(0x0F7)
    source = canaries.source()
    name = source.deployment.company_id
    erase_history(anywhere, source, Preference.SCOPE_DEPLOYMENT)
    made = create(anywhere, company(name), scrub_now=True)
    assert made.state == d.Deletion.STATE_RUNNING
    assert not made.known
    finished(anywhere, made)
    assert not any(name.encode() in data for data in files(anywhere.folder).values())


@pytest.mark.parametrize("known", [True, False])
def test_a_race_of_equal_requests_is_one_deletion(anywhere: ServerProcess, known: bool) -> None:  # noqa: FBT001  # a parameter
    """The journal tells of one, and so does the database."""
    name, request_id, together = new_id(), new_id(), threading.Barrier(8)
    if known:
        publish(anywhere, deployment_source(name), element())

    def ask() -> str:
        together.wait(TIMEOUT)
        return create(anywhere, company(name), request_id=request_id).deletion_id

    before = {entry.deletion_id for entry in tombstones(anywhere)}
    with ThreadPoolExecutor(8) as pool:
        found = {asked.result() for asked in [pool.submit(ask) for _ in range(8)]}
    assert len(found) == 1
    assert {entry.deletion_id for entry in tombstones(anywhere)} - before == found


def test_a_race_of_unequal_requests_with_one_id_is_one_deletion(anywhere: ServerProcess) -> None:
    """One of their subjects is deleted; the journal tells of no other, nor would a restore delete one."""
    request_id, names, together = new_id(), [new_id() for _ in range(6)], threading.Barrier(6)

    def ask(name: str) -> str:
        together.wait(TIMEOUT)
        try:
            return create(anywhere, company(name), request_id=request_id).deletion_id
        except grpc.RpcError as error:
            return refusal_of(error).details.reason

    before = {entry.deletion_id for entry in tombstones(anywhere)}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, names))
    found = [answer for answer in answers if answer != "REQUEST_ID_REUSED"]
    assert len(found) == 1
    assert {entry.deletion_id for entry in tombstones(anywhere)} - before == set(found)
