"""What AdminService and SetCollectionPreference promise of a deletion that is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.support.admin import admin
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    ingest,
    new_id,
    ping,
    publish,
    refusal,
    server_source,
    told,
)
from tests.support.deletions import company, counts, create, delete, finished, get, kept, tables
from tests.support.keys import write_key
from tests.support.preferences import TOKEN

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1.subject_pb2 import (
    ORIGIN_ADMINISTRATOR,
    ORIGIN_SELF_SERVICE,
    DeploymentRef,
    Subject,
    UserRef,
)
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.source_pb2 import Source

PENDING = d.Deletion.STATE_PENDING_CONFIRMATION


def confirm(server: ServerProcess, deletion_id: str, **fields: Any) -> d.Deletion:
    request = d.ConfirmDeletionRequest(deletion_id=deletion_id, **fields)
    with admin(server) as stub:
        return stub.ConfirmDeletion(request, timeout=TIMEOUT).deletion


def listed(server: ServerProcess, **fields: Any) -> list[str]:
    with admin(server) as stub:
        page = stub.ListDeletions(d.ListDeletionsRequest(**fields), timeout=TIMEOUT)
    return [deletion.deletion_id for deletion in page.deletions]


def erase_history(server: ServerProcess, source: Source, scope: Preference.Scope.ValueType) -> str:
    asked = Preference(
        source=source,
        scope=scope,
        preference=Preference.PREFERENCE_DISABLED,
        erase_history=True,
        preference_token=TOKEN,
    )
    with ingest(server) as stub:
        answer = stub.SetCollectionPreference(asked, timeout=TIMEOUT)
    assert answer.collection_status.state == answer.collection_status.STATE_DISABLED
    return answer.deletion_id


def test_an_unknown_subject_is_an_empty_success_with_a_tombstone(anywhere: ServerProcess) -> None:
    """Nothing goes, the receipt says so, and what it sends of the time before is refused from then on."""
    deletion = delete(anywhere, company("nobody"), reference="T-7")
    assert (counts(deletion), counts(deletion.receipt)) == ({}, {})
    assert deletion.receipt.reference == deletion.reference == "T-7"
    assert deletion.origin == ORIGIN_ADMINISTRATOR
    response = publish(anywhere, deployment_source("nobody"), element(), ping())
    assert [verdict[1] for verdict in told(response.verdicts)] == ["SUBJECT_ERASED"] * 2
    assert not kept(anywhere, "company_id", "nobody")


@pytest.mark.parametrize(
    ("subject", "field"),
    [
        (Subject(), "subject"),
        (Subject(company_id=""), "subject.company_id"),
        (Subject(company_id="x" * 129), "subject.company_id"),
        (Subject(company_id="a\0b"), "subject.company_id"),
        (Subject(server_uuid="no uuid"), "subject.server_uuid"),
        (Subject(deployment=DeploymentRef(company_id="c")), "subject.deployment.deployment_id"),
        (Subject(user=UserRef(company_id="c", deployment_id="d")), "subject.user.user_id"),
    ],
)
def test_a_malformed_subject_is_refused_by_name(
    shared_server: ServerProcess, subject: Subject, field: str
) -> None:
    """INVALID_ARGUMENT with the field, with validate_only and without; nothing is recorded."""
    before = tables(shared_server)
    for dry_run in (True, False):
        refused = refusal(partial(create, shared_server, subject, validate_only=dry_run))
        assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
        assert [name for name, _ in refused.details.fields] == [field]
    assert tables(shared_server)["deletion"] == before["deletion"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"reference": "x" * 257}, "reference"), ({"request_id": "17"}, "request_id")],
)
def test_a_malformed_field_is_refused_by_name(
    shared_server: ServerProcess, fields: dict[str, str], field: str
) -> None:
    """INVALID_ARGUMENT naming the field."""
    refused = refusal(lambda: create(shared_server, company("c"), **fields))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [name for name, _ in refused.details.fields] == [field]


def test_the_same_request_again_is_the_same_deletion(anywhere: ServerProcess) -> None:
    """By its request_id; another subject with it is refused, and leaves no trace."""
    request_id = new_id()
    first = finished(anywhere, create(anywhere, company("once"), request_id=request_id, scrub_now=True))
    again = create(anywhere, company("once"), request_id=request_id)
    assert (again.deletion_id, again.receipt) == (first.deletion_id, first.receipt)
    before = tables(anywhere)
    refused = refusal(lambda: create(anywhere, company("other"), request_id=request_id))
    assert refused.code is grpc.StatusCode.ALREADY_EXISTS
    assert refused.details.reason == "REQUEST_ID_REUSED"
    assert tables(anywhere) == before


def test_a_subject_comes_anew_after_its_deletion(anywhere: ServerProcess) -> None:
    """What occurs after the cut-off is stored, in rows of its own; a second deletion removes that too."""
    source = deployment_source("anew", company_name="Anew")
    publish(anywhere, source, element(), ping())
    first = delete(anywhere, company("anew"))
    assert not kept(anywhere, "company_id", "anew")
    later = element()
    later.occurred_at.GetCurrentTime()
    key = write_key(anywhere, company_id="anew")
    assert publish(anywhere, source, later, write_key=key).accepted_count == 1
    assert kept(anywhere, "company_id", "anew") == {"element_stat": 1}
    second = delete(anywhere, company("anew"))
    assert (counts(first)["element_stat"], counts(second)["element_stat"]) == (1, 1)
    assert second.receipt.sequence == first.receipt.sequence + 1
    assert not kept(anywhere, "company_id", "anew")


def test_with_also_opt_out_newer_events_are_refused_too(anywhere: ServerProcess) -> None:
    """Nothing is taken any more, and the opt-out names nobody."""
    source = deployment_source("leaving")
    publish(anywhere, source, element())
    deletion = delete(anywhere, company("leaving"), also_opt_out=True, reference="T-9")
    assert deletion.also_opt_out
    later = element()
    later.occurred_at.GetCurrentTime()
    assert [verdict[1] for verdict in told(publish(anywhere, source, later).verdicts)] == ["OPTED_OUT"]
    with admin(anywhere) as stub:
        found = stub.ListOptOuts(o.ListOptOutsRequest(page_size=1000), timeout=TIMEOUT).opt_outs
    (opt_out,) = [one for one in found if one.reference == "T-9"]
    assert not opt_out.HasField("subject")
    assert opt_out.subject_kind == deletion.subject_kind


def test_narrower_subjects_leave_the_wider(anywhere: ServerProcess) -> None:
    """A deployment's deletion leaves the company and its other deployments as they are."""
    gone, stays = (deployment_source("wide", name, company_name="Wide") for name in ("gone", "stays"))
    for source in (gone, stays):
        publish(anywhere, source, element(), ping())
    ref = DeploymentRef(company_id="wide", deployment_id="gone")
    deletion = delete(anywhere, Subject(deployment=ref))
    assert counts(deletion) == {"deployment": 1, "element_stat": 1, "ping": 1, "source": 1}
    assert kept(anywhere, "company_id", "wide") == {"element_stat": 1, "ping": 1}
    assert not kept(anywhere, "deployment_id", "gone")
    assert anywhere.query("SELECT count(*) FROM company WHERE company_id = 'wide'") == [(1,)]


def test_a_server_may_erase_its_history_at_once(anywhere: ServerProcess) -> None:
    """At SERVER scope the deletion starts; asked again while it runs it is the same one."""
    source = server_source()
    publish(anywhere, source, element(), ping())
    deletion = get(anywhere, erase_history(anywhere, source, Preference.SCOPE_SERVER))
    assert deletion.origin == ORIGIN_SELF_SERVICE
    assert deletion.state >= d.Deletion.STATE_RUNNING
    while not deletion.HasField("erased_at"):
        deletion = get(anywhere, deletion.deletion_id)
    assert not kept(anywhere, "server_uuid", source.server.server_uuid)


@pytest.mark.parametrize("scope", [Preference.SCOPE_DEPLOYMENT, Preference.SCOPE_USER])
def test_what_anyone_could_ask_for_waits_for_an_administrator(
    anywhere: ServerProcess, scope: Preference.Scope.ValueType
) -> None:
    """At DEPLOYMENT and USER scope nothing goes until it is confirmed; the preference counts at once."""
    name = f"asked-{scope}"
    source = deployment_source(name, user_id="u1")
    publish(anywhere, source, element(), ping())
    deletion_id = erase_history(anywhere, source, scope)
    assert erase_history(anywhere, source, scope) == deletion_id
    waiting = get(anywhere, deletion_id)
    assert (waiting.state, waiting.HasField("cut_off_at")) == (PENDING, False)
    assert waiting.origin == ORIGIN_SELF_SERVICE
    assert deletion_id in listed(anywhere, state=PENDING)
    foreseen = confirm(anywhere, deletion_id, validate_only=True)
    assert foreseen.state == PENDING
    assert counts(foreseen).items() >= {"element_stat": 1, "ping": 1, "source": 1}.items()
    assert kept(anywhere, "company_id", name) == {"element_stat": 1, "ping": 1}

    done = finished(anywhere, confirm(anywhere, deletion_id, reference="T-3", scrub_now=True))
    assert (done.reference, counts(done)) == ("T-3", counts(foreseen))
    assert done.HasField("confirmed_at")
    assert done.confirmed_at.seconds < done.receipt.confirmed_at.seconds
    assert not kept(anywhere, "company_id", name)
    assert deletion_id not in listed(anywhere, state=PENDING)
    refused = refusal(lambda: confirm(anywhere, deletion_id))
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.details.reason == "DELETION_NOT_PENDING"


def test_a_wider_deletion_leaves_a_waiting_one_that_can_still_be_confirmed(anywhere: ServerProcess) -> None:
    """It names nobody any more, and yet removes what its subject has sent since."""
    source = deployment_source("both", solution="S")
    publish(anywhere, source, element())
    deletion_id = erase_history(anywhere, source, Preference.SCOPE_DEPLOYMENT)
    delete(anywhere, company("both"))
    assert not get(anywhere, deletion_id).HasField("subject")
    lifted = Preference(
        source=source,
        scope=Preference.SCOPE_DEPLOYMENT,
        preference=Preference.PREFERENCE_ENABLED,
        preference_token=TOKEN,
    )
    with ingest(anywhere) as stub:
        stub.SetCollectionPreference(lifted, timeout=TIMEOUT)
    later = element()
    later.occurred_at.GetCurrentTime()
    key = write_key(anywhere, company_id="both")
    assert publish(anywhere, source, later, write_key=key).accepted_count == 1
    done = finished(anywhere, confirm(anywhere, deletion_id, scrub_now=True))
    assert counts(done) == {"deployment": 1, "element_stat": 1, "source": 1}
    assert not kept(anywhere, "company_id", "both")


def test_erase_history_goes_with_disabled_only(shared_server: ServerProcess) -> None:
    """With ENABLED it is refused, naming the field, and nothing changes."""
    asked = Preference(
        source=server_source(),
        scope=Preference.SCOPE_SERVER,
        preference=Preference.PREFERENCE_ENABLED,
        erase_history=True,
    )
    with ingest(shared_server) as stub:
        refused = refusal(lambda: stub.SetCollectionPreference(asked, timeout=TIMEOUT))
    assert [name for name, _ in refused.details.fields] == ["erase_history"]


def test_deletions_are_listed_newest_first_page_by_page(anywhere: ServerProcess) -> None:
    """Each once, over pages; NOT_FOUND for one that there is none of."""
    made = [create(anywhere, company(f"c{number}")).deletion_id for number in range(5)]
    with admin(anywhere) as stub:
        first = stub.ListDeletions(d.ListDeletionsRequest(page_size=3), timeout=TIMEOUT)
        rest = stub.ListDeletions(
            d.ListDeletionsRequest(page_size=3, page_token=first.next_page_token), timeout=TIMEOUT
        )
    found = [deletion.deletion_id for page in (first, rest) for deletion in page.deletions]
    assert found[:5] == made[::-1]
    assert len(set(found)) == len(found)
    for call in (get, confirm):
        refused = refusal(partial(call, anywhere, new_id()))
        assert refused.code is grpc.StatusCode.NOT_FOUND
