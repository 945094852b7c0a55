"""A deletion that waits: it finds its subject under any later key, and ends confirmed, rejected or lapsed."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.support.admin import admin, admin_json, run_admin
from tests.support.browser import eventually
from tests.support.canaries import Canaries
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    new_id,
    of_the_next_hour,
    publish,
    refusal,
)
from tests.support.deletions import ask, company, counts, create, delete, dump, finished, get, kept, tables
from tests.support.figures import figures
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1.audit_pb2 import ListAuditEntriesRequest
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference
from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_lines import Rejection, Tombstone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

SCOPES = (Preference.SCOPE_DEPLOYMENT, Preference.SCOPE_USER)


def lift(server: ServerProcess) -> None:
    """Lift every opt-out in force, as an administrator may."""
    with admin(server) as stub:
        active = o.ListOptOutsRequest(state=o.OptOut.STATE_ACTIVE, page_size=1_000)
        for found in stub.ListOptOuts(active, timeout=TIMEOUT).opt_outs:
            stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=found.opt_out_id), timeout=TIMEOUT)


def later() -> EventEnvelope:
    """Return an event that occurs after every cut-off."""
    return of_the_next_hour(element())


def confirm(server: ServerProcess, deletion_id: str, **fields: Any) -> d.Deletion:
    request = d.ConfirmDeletionRequest(deletion_id=deletion_id, **fields)
    with admin(server) as stub:
        return stub.ConfirmDeletion(request, timeout=TIMEOUT).deletion


def reject(server: ServerProcess, deletion_id: str, **fields: Any) -> d.Deletion:
    request = d.RejectDeletionRequest(deletion_id=deletion_id, **fields)
    with admin(server) as stub:
        return stub.RejectDeletion(request, timeout=TIMEOUT).deletion


def change(server: ServerProcess, *statements: str) -> None:
    """Change a stopped server's database behind its back."""
    with closing(sqlite3.connect(server.database)) as database, database:
        for statement in statements:
            database.execute(statement)


def without_key(server: ServerProcess) -> None:
    """Leave a database as the sweep does once nothing of a company was seen for long."""
    server.stop()
    change(
        server,
        "DELETE FROM element_stat",
        *(f"DELETE FROM {table}" for table in ("source", "deployment", "company", "company_key")),
    )
    server.start()


@pytest.mark.parametrize("scope", SCOPES)
def test_what_came_after_the_companys_deletion_goes_too(
    anywhere: ServerProcess, scope: Preference.Scope.ValueType
) -> None:
    """Confirmed after its company was deleted, it removes what its subject has sent since, and only that."""
    name = new_id()
    source, other = (deployment_source(name, "d1", user_id=user) for user in ("u1", "u2"))
    elsewhere = deployment_source(name, "d2", user_id="u1")
    for each in (source, other, elsewhere):
        publish(anywhere, each, element())
    deletion_id = ask(anywhere, source, scope)
    assert get(anywhere, deletion_id).known
    delete(anywhere, company(name))
    assert not get(anywhere, deletion_id).HasField("subject")
    lift(anywhere)
    for each in (source, source, other, elsewhere):
        assert publish(anywhere, each, later()).accepted_count == 1
    gone = 3 if scope == Preference.SCOPE_DEPLOYMENT else 2
    assert counts(confirm(anywhere, deletion_id, validate_only=True))["element_stat"] == gone
    done = finished(anywhere, confirm(anywhere, deletion_id, scrub_now=True))
    assert counts(done)["element_stat"] == gone
    assert kept(anywhere, "company_id", name) == {"element_stat": 4 - gone}
    before = element()
    before.occurred_at.CopyFrom(done.cut_off_at)
    assert publish(anywhere, source, before).accepted_count == 0


def test_what_came_after_the_key_expired_goes_too(server: ServerProcess) -> None:
    """A user's company was not seen for so long that its key went: the user is found under the new one."""
    source = deployment_source("expired", user_id="u1")
    publish(server, source, element())
    deletion_id = ask(server, source, Preference.SCOPE_USER)
    without_key(server)
    lift(server)
    publish(server, source, later())
    done = finished(server, confirm(server, deletion_id, scrub_now=True))
    assert counts(done)["element_stat"] == 1
    assert not kept(server, "company_id", "expired")


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("lose", ["deleted", "expired"])
def test_one_that_can_find_nobody_is_refused_and_never_signed(
    server: ServerProcess, scope: Preference.Scope.ValueType, lose: str
) -> None:
    """Asked for before subjects were sealed, and its names or its key are gone: nothing begins."""
    source = deployment_source("lost", user_id="u1")
    publish(server, source, element())
    deletion_id = ask(server, source, scope)
    if lose == "deleted":
        delete(server, company("lost"))
    else:
        without_key(server)
    server.stop()
    change(server, "UPDATE deletion SET sealed_subject = NULL")
    server.start()
    if lose == "expired" and scope == Preference.SCOPE_DEPLOYMENT:
        # Its names are still there, and find whatever comes.
        assert counts(finished(server, confirm(server, deletion_id, scrub_now=True))) == {}
        return
    before = tables(server), (server.key_dir / "journal").read_bytes()
    for dry_run in (True, False):
        refused = refusal(partial(confirm, server, deletion_id, validate_only=dry_run))
        assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
        assert refused.details.reason == "DELETION_SUBJECT_LOST"
    assert (tables(server), (server.key_dir / "journal").read_bytes()) == before
    assert reject(server, deletion_id).state == d.Deletion.STATE_REJECTED


def test_one_from_before_subjects_were_sealed_is_still_confirmed(server: ServerProcess) -> None:
    """By its names and its company's key, as long as they are there."""
    source = deployment_source("old", user_id="u1")
    publish(server, source, element())
    deletion_id = ask(server, source, Preference.SCOPE_USER)
    server.stop()
    change(server, "UPDATE deletion SET sealed_subject = NULL, known = NULL")
    server.start()
    assert not get(server, deletion_id).HasField("known")
    done = finished(server, confirm(server, deletion_id, scrub_now=True))
    assert counts(done)["element_stat"] == 1


def test_a_rejected_one_removes_nothing_and_names_nobody(anywhere: ServerProcess) -> None:
    """Its reason stays, its subject does not; again it is the same, and neither begins nor comes back."""
    canaries = Canaries(0x4E1)
    source = canaries.source()
    publish(anywhere, source, element())
    deletion_id = ask(anywhere, source, Preference.SCOPE_DEPLOYMENT)
    lapses = get(anywhere, deletion_id)
    assert lapses.lapses_at.seconds - lapses.created_at.seconds == 30 * 86_400
    done = reject(anywhere, deletion_id, reason="not the customer", reference="T-5")
    assert (done.state, done.rejection_reason, done.reference) == (
        d.Deletion.STATE_REJECTED,
        "not the customer",
        "T-5",
    )
    assert done.HasField("ended_at")
    assert not any(done.HasField(name) for name in ("cut_off_at", "receipt", "subject", "lapses_at"))
    assert reject(anywhere, deletion_id, reason="another") == done == get(anywhere, deletion_id)
    assert kept(anywhere, "company_id", source.deployment.company_id) == {"element_stat": 1}
    row = anywhere.query("SELECT * FROM deletion WHERE deletion_id = ?", deletion_id)[0]
    assert not canaries.found_in(repr(row).encode())
    assert sealed(anywhere, deletion_id) is None
    refused = refusal(partial(confirm, anywhere, deletion_id))
    assert refused.details.reason == "DELETION_NOT_PENDING"
    with admin(anywhere) as stub:
        entries = stub.ListAuditEntries(ListAuditEntriesRequest(), timeout=TIMEOUT).audit_entries
    (entry,) = [one for one in entries if one.action == "RejectDeletion" and one.reference == "T-5"]
    assert entry.subject_digest == done.subject_digest
    assert ask(anywhere, source, Preference.SCOPE_DEPLOYMENT) not in {"", deletion_id}


def sealed(server: ServerProcess, deletion_id: str) -> object:
    """Return what is sealed of a deletion's subject."""
    return server.query("SELECT sealed_subject FROM deletion WHERE deletion_id = ?", deletion_id)[0][0]


def test_what_is_sealed_ends_with_the_waiting(anywhere: ServerProcess) -> None:
    """It names nobody, and is gone once the deletion has begun."""
    canaries = Canaries(0x5EA)
    source = canaries.source()
    publish(anywhere, source, element())
    deletion_id = ask(anywhere, source, Preference.SCOPE_USER)
    found = sealed(anywhere, deletion_id)
    assert isinstance(found, bytes)
    assert not canaries.found_in(found)
    delete(anywhere, company(source.deployment.company_id))
    assert sealed(anywhere, deletion_id) == found
    assert not canaries.found_in(dump(anywhere))
    confirm(anywhere, deletion_id)
    assert sealed(anywhere, deletion_id) is None


def test_of_two_decisions_at_once_the_journal_tells_one(anywhere: ServerProcess) -> None:
    """Confirmed or rejected, and the journal says no other: a restore puts in force what was answered."""
    name = new_id()
    for turn in range(4):
        source = deployment_source(name, f"d{turn}")
        publish(anywhere, source, element())
        deletion_id = ask(anywhere, source, Preference.SCOPE_DEPLOYMENT)
        together = threading.Barrier(4)

        def decide(
            how: Callable[..., d.Deletion], deletion_id: str = deletion_id, together: Any = together
        ) -> None:
            together.wait(TIMEOUT)
            with suppress(grpc.RpcError):
                how(anywhere, deletion_id)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(decide, (confirm, reject, confirm, reject)))
        written = [
            type(entry)
            for entry in journal.read(anywhere.key_dir)
            if isinstance(entry, Tombstone | Rejection) and entry.deletion_id == deletion_id
        ]
        rejected = get(anywhere, deletion_id).state == d.Deletion.STATE_REJECTED
        assert written == [Rejection if rejected else Tombstone]


@pytest.mark.parametrize(
    ("fields", "field"), [({"reason": "x" * 257}, "reason"), ({"reference": "x" * 257}, "reference")]
)
def test_a_malformed_rejection_is_refused_by_name(
    anywhere: ServerProcess, fields: dict[str, str], field: str
) -> None:
    """INVALID_ARGUMENT naming the field, and the deletion waits on."""
    source = deployment_source(new_id())
    publish(anywhere, source, element())
    deletion_id = ask(anywhere, source, Preference.SCOPE_DEPLOYMENT)
    refused = refusal(partial(reject, anywhere, deletion_id, **fields))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [name for name, _ in refused.details.fields] == [field]
    assert get(anywhere, deletion_id).state == d.Deletion.STATE_PENDING_CONFIRMATION


def test_only_what_waits_is_rejected(anywhere: ServerProcess) -> None:
    """NOT_FOUND for one that there is none of, DELETION_NOT_PENDING for one that has begun."""
    assert refusal(partial(reject, anywhere, new_id())).code is grpc.StatusCode.NOT_FOUND
    begun = create(anywhere, company(new_id()))
    refused = refusal(partial(reject, anywhere, begun.deletion_id))
    assert refused.details.reason == "DELETION_NOT_PENDING"


# One row like the one that waits, for each number up to so many.
COPIES = """
INSERT INTO deletion (deletion_id, subject_kind, subject_digest, origin, reference, state, also_opt_out,
    scrub_now, created_at, removed, company_id, deployment_id, rejection_reason)
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})
SELECT printf('00000000-0000-7000-8000-%012d', n), subject_kind, randomblob(32), origin, reference, state,
    also_opt_out, scrub_now, created_at, removed, {company}, deployment_id, ''
FROM deletion, number WHERE state = 'PENDING_CONFIRMATION'
"""


@pytest.mark.parametrize(
    ("count", "named"), [(49, "company_id"), (999, "'c' || n")], ids=["of a company", "in all"]
)
def test_a_full_queue_takes_no_more_until_an_administrator_makes_room(
    server: ServerProcess, count: int, named: str
) -> None:
    """RESOURCE_EXHAUSTED with a delay of an hour; the preference holds, and what waits is still answered."""
    first, more = deployment_source("full", "d1"), deployment_source("full", "d2")
    for source in (first, more):
        publish(server, source, element())
    waiting = ask(server, first, Preference.SCOPE_DEPLOYMENT)
    server.stop()
    change(server, COPIES.format(count=count, company=named))
    server.start()
    refused = refusal(partial(ask, server, more, Preference.SCOPE_DEPLOYMENT))
    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.details.retry_seconds == 3_600
    assert publish(server, more, later()).accepted_count == 0
    assert server.query("SELECT count(*) FROM deletion") == [(count + 1,)]
    assert ask(server, first, Preference.SCOPE_DEPLOYMENT) == waiting
    reject(server, waiting)
    assert ask(server, more, Preference.SCOPE_DEPLOYMENT)


AN_HOUR = 3_600_000_000
LAPSED_DAYS = 3


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose deletions wait for three days."""
    server = ServerProcess(tmp_path, "--deletion-lapse-days", str(LAPSED_DAYS))
    server.start()
    yield server
    server.kill()


def test_how_many_wait_and_since_when_is_told(impatient: ServerProcess) -> None:
    """In the metrics from the start on, and in each deletion when it lapses."""
    source = deployment_source("waits")
    publish(impatient, source, element())
    deletion = get(impatient, ask(impatient, source, Preference.SCOPE_DEPLOYMENT))
    assert deletion.lapses_at.seconds - deletion.created_at.seconds == LAPSED_DAYS * 86_400
    impatient.stop()
    change(impatient, f"UPDATE deletion SET created_at = created_at - {AN_HOUR}")
    impatient.start()
    eventually(lambda: figures(impatient)["aboveboard_deletions_waiting",] == 1)
    assert 3_600 <= figures(impatient)["aboveboard_deletions_waiting_oldest_seconds",] < 2 * 3_600


@pytest.mark.fault(seconds=60)
def test_it_lapses_by_itself(impatient: ServerProcess) -> None:
    """Without a word of an administrator: LAPSED, nothing removed, nobody named, not to be confirmed."""
    source = deployment_source("lapses", user_id="u1")
    publish(impatient, source, element())
    deletion_id = ask(impatient, source, Preference.SCOPE_USER)
    impatient.stop()
    change(impatient, f"UPDATE deletion SET created_at = created_at - {LAPSED_DAYS * 24 + 1} * {AN_HOUR}")
    impatient.start()
    while not any(line["event"] == "deletions_lapsed" for line in impatient.log()):
        time.sleep(0.2)
    done = get(impatient, deletion_id)
    assert done.state == d.Deletion.STATE_LAPSED
    assert done.HasField("ended_at")
    assert not done.HasField("subject")
    assert sealed(impatient, deletion_id) is None
    assert kept(impatient, "company_id", "lapses") == {"element_stat": 1}
    assert refusal(partial(confirm, impatient, deletion_id)).details.reason == "DELETION_NOT_PENDING"
    with admin(impatient) as stub:
        entries = stub.ListAuditEntries(ListAuditEntriesRequest(), timeout=TIMEOUT).audit_entries
    assert [entry.subject_digest for entry in entries if entry.action == "LapseDeletion"] == [
        done.subject_digest
    ]
    # What the database says and the journal does not is as it was: it starts.
    impatient.stop()
    impatient.start()


def test_one_is_rejected_by_command(server: ServerProcess) -> None:
    """`deletion reject` with its reason; `list` shows it as REJECTED."""
    source = deployment_source("by command")
    publish(server, source, element())
    deletion_id = ask(server, source, Preference.SCOPE_DEPLOYMENT)
    command: Callable[..., Any] = partial(admin_json, server, "deletion", "reject", deletion_id)
    done = command("--reason", "a joke", "--reference", "T-6")
    assert (done["state"], done["rejectionReason"], done["reference"]) == (
        "STATE_REJECTED",
        "a joke",
        "T-6",
    )
    assert deletion_id in run_admin(server, "deletion", "list", "--state", "rejected").stdout
