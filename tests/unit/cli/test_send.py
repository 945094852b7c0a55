"""`aboveboard send`, as far as it goes without a server."""

from __future__ import annotations

import pytest
import typer

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource
from aboveboard.telemetry.v1.verdict_pb2 import (
    OUTCOME_DUPLICATE,
    OUTCOME_REJECTED,
    REJECTION_REASON_TOO_LONG,
    CollectionStatus,
    EventVerdict,
)
from aboveboard_server.cli.demo import closing_words
from aboveboard_server.cli.send import complete, make_source, parse, to_text
from aboveboard_server.cli.senders import Tally

ENVELOPE = EventEnvelope(event_id="e1")
ENVELOPE.ping.event_name = "x"


def test_an_event_is_read_and_completed() -> None:
    """The arm is taken as it stands; id and time are added."""
    envelope = complete(parse('{"testCaseStat": {"testCaseId": "10", "changeType": "CHANGE_TYPE_CREATE"}}'))
    assert envelope.test_case_stat.test_case_id == "10"
    assert envelope.test_case_stat.change_type == CHANGE_TYPE_CREATE
    assert len(envelope.event_id) == 36
    assert envelope.occurred_at.ToDatetime().year >= 2026


def test_what_the_event_says_itself_is_kept() -> None:
    """Id and time of the JSON are sent as they are."""
    envelope = complete(parse('{"eventId": "mine", "occurredAt": "2020-05-15T16:50:08.520Z", "ping": {}}'))
    assert envelope.event_id == "mine"
    assert envelope.occurred_at.ToJsonString() == "2020-05-15T16:50:08.520Z"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pong": {}}', '{"ping": {"eventName": 1}}', "[" * 100_000])
def test_what_is_no_event_is_a_usage_error(text: str) -> None:
    """Broken JSON and unknown fields are told without a traceback."""
    with pytest.raises(typer.BadParameter):
        parse(text)


@pytest.mark.parametrize(
    ("server", "deployment"),
    [
        ({}, {}),
        ({"server_uuid": "u"}, {"company_id": "c"}),
        ({"server_uuid": "u"}, {"company_id": "c", "deployment_id": "d"}),
        ({"server_uuid": "u"}, {"user_id": "x"}),
        ({}, {"company_id": "c"}),
        ({}, {"deployment_id": "d", "user_id": "x"}),
    ],
)
def test_exactly_one_sender_is_named(server: dict[str, str], deployment: dict[str, str]) -> None:
    """A source is never guessed: none, both or half of one is a usage error."""
    with pytest.raises(typer.BadParameter):
        make_source(ServerSource(**server), DeploymentSource(**deployment))


def test_an_accepted_event_is_told() -> None:
    """No verdict means accepted; the collection status follows."""
    status = CollectionStatus(state=CollectionStatus.STATE_ENABLED, notice="please\nupgrade")
    shown = to_text(ENVELOPE, PublishEventsResponse(accepted_count=1, collection_status=status))
    assert shown.splitlines() == ["ACCEPTED ping e1", "collection: ENABLED", "notice: please upgrade"]


def test_a_verdict_names_field_and_rule() -> None:
    """What was wrong is shown; a value that only a newer server knows is shown as its number."""
    verdict = EventVerdict(
        outcome=OUTCOME_REJECTED,
        reason=REJECTION_REASON_TOO_LONG,
        field="ping.event_name",
        message="at most 128",
    )
    newer = EventVerdict(outcome=99)  # type: ignore[arg-type]  # a number that this build has no name for
    shown = to_text(ENVELOPE, PublishEventsResponse(verdicts=[verdict, newer])).splitlines()
    assert shown[0] == "REJECTED ping e1 (TOO_LONG): ping.event_name: at most 128"
    assert shown[1] == "99 ping e1"


def test_a_tally_counts_each_event_once_under_its_fate() -> None:
    """Events without a verdict were accepted; an answer that counts otherwise is noticed."""
    tally = Tally()
    request = PublishEventsRequest(events=[ENVELOPE, ENVELOPE, EventEnvelope()])
    verdicts = [
        EventVerdict(index=1, outcome=OUTCOME_DUPLICATE),
        EventVerdict(index=2, outcome=OUTCOME_REJECTED),
    ]
    tally.add(request, PublishEventsResponse(accepted_count=1, verdicts=verdicts))
    assert tally.outcome("ACCEPTED") == 1
    assert tally.outcome("DUPLICATE", "ping") == 1
    assert tally.outcome("REJECTED", "") == 1
    assert tally.sent() == 3
    assert closing_words(tally, 1).startswith("3 events in 1 requests")
    assert "count as accepted" not in closing_words(tally, 1)
    tally.add(request, PublishEventsResponse(accepted_count=2, verdicts=verdicts))
    assert "1 answers count as accepted" in closing_words(tally, 1)
