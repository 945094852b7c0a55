"""Clients in five languages, made of nothing but the generated stubs, see the same and leave the same rows.

Each language's client is a program that takes the addresses of the two listeners, a file that holds a
PublishEventsRequest with one event of every type as ProtoJSON, and the schema as a descriptor set (Rust's
protobuf library cannot read ProtoJSON without it). As the source of that request it

1. asks for its status (`status`);
2. sends the request (`every_type`), and sends it `again`: every event is a duplicate;
3. sends a batch of elements 1, 2 and 3, of which 2 has no id (`bad_event`);
4. sends element 4 with a ChangeType that only a newer client has (`newer_event`);
5. streams 100 requests, one of the elements 101 to 200 in each (`stream`);
6. sends a request without events and is told why it is wrong (`refused`);
7. as the administrator, lists the quarantine (`quarantined`) and replays it (`replayed`);
8. opts out (`opted_out`), and sends element 5 in vain (`after_opt_out`);

and prints what it was answered at each step as one JSON object, messages as ProtoJSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from tests.polyglot.languages import ARMS, FROM_A_NEWER_CLIENT, LANGUAGES, element, every_type

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import FieldDescriptor
    from tests.polyglot.languages import Conversation

    Converse = Callable[[str], Conversation]

# A first build fetches and compiles what a language's client is made of.
pytestmark = [pytest.mark.polyglot, pytest.mark.timeout(900)]
each_language = pytest.mark.parametrize("language", LANGUAGES)

ENABLED = {
    "state": "STATE_ENABLED",
    "categories": ["CATEGORY_INTERACTION", "CATEGORY_TECHNICAL"],
    "pingInterval": "43200s",
}
DISABLED = {"state": "STATE_DISABLED", "pingInterval": "43200s"}
INVALID_ARGUMENT = 3


@each_language
def test_answers(converse: Converse, language: str) -> None:
    """A client reads each answer as the contract says, to the last field."""
    event_id = "0190a3f2-7c1e-7d3a-9b52-00000000000{}".format
    assert without_messages(converse(language).saw) == {
        "status": {"collectionStatus": ENABLED},
        "every_type": {"acceptedCount": len(ARMS), "collectionStatus": ENABLED},
        "again": {
            "verdicts": [
                # ProtoJSON leaves out an index of 0.
                {"eventId": event.event_id, "outcome": "OUTCOME_DUPLICATE"} | ({"index": i} if i else {})
                for i, event in enumerate(every_type().events)
            ],
            "collectionStatus": ENABLED,
        },
        "bad_event": {
            "acceptedCount": 2,
            "verdicts": [
                {
                    "index": 1,
                    "eventId": event_id(2),
                    "outcome": "OUTCOME_REJECTED",
                    "reason": "REJECTION_REASON_FIELD_REQUIRED",
                    "field": "element_stat.element_id",
                }
            ],
            "collectionStatus": ENABLED,
        },
        "newer_event": {
            "verdicts": [
                {
                    "eventId": event_id(4),
                    "outcome": "OUTCOME_QUARANTINED",
                    "reason": "REJECTION_REASON_UNKNOWN_ENUM_VALUE",
                    "field": "element_stat.change_type",
                }
            ],
            "collectionStatus": ENABLED,
        },
        "stream": {"acknowledgedThrough": "100", "acceptedCount": 100, "collectionStatus": ENABLED},
        "refused": {"code": INVALID_ARGUMENT},
        "quarantined": {
            "quarantinedEvents": [
                {
                    "quarantinedEventId": "1",
                    "eventFieldNumber": EventEnvelope.ELEMENT_STAT_FIELD_NUMBER,
                    "eventId": event_id(4),
                    "sizeBytes": newer_event().ByteSize(),
                    "reason": "REJECTION_REASON_UNKNOWN_ENUM_VALUE",
                }
            ]
        },
        "replayed": {"examinedCount": "1", "stillUnknownCount": "1"},
        "opted_out": {"collectionStatus": DISABLED},
        "after_opt_out": {
            "verdicts": [{"eventId": event_id(5), "outcome": "OUTCOME_OPTED_OUT"}],
            "collectionStatus": DISABLED,
        },
        # By the token that went with the refusal, as each language has its field.
        "opted_in": {"collectionStatus": ENABLED},
    }


@each_language
def test_rows(converse: Converse, language: str) -> None:
    """Each column of each row holds the value that was sent, in its type; nothing else was stored."""
    held = dict(converse(language).rows)
    sent = every_type()
    (source,) = held.pop("source")
    del source["fingerprint"]
    assert {name: value for name, value in source.items() if value is not None} == {
        "source_id": 1,
        "origin": "server",
        **json_format.MessageToDict(sent.source.server, preserving_proto_field_name=True),
    }
    (quarantined,) = held.pop(QUARANTINE)
    assert EventEnvelope.FromString(quarantined["envelope"]) == newer_event()
    expected = {arm.name: [expected_row(event)] for arm, event in zip(ARMS, sent.events, strict=True)}
    expected["element_stat"] += [expected_row(element(number)) for number in (1, 3, *range(101, 201))]
    assert held == expected


@each_language
def test_the_same_in_every_language(converse: Converse, language: str) -> None:
    """What a client saw and what it left is what Python's saw and left: answers, rows, bytes."""
    assert converse(language) == converse("python")


def newer_event() -> EventEnvelope:
    """Return the event that the server does not know yet."""
    event = element(4)
    event.element_stat.change_type = FROM_A_NEWER_CLIENT  # type: ignore[assignment]  # any number is legal
    return event


def without_messages(value: Any) -> Any:
    """Leave out the texts for a developer's eyes, which are free to change."""
    if isinstance(value, dict):
        return {key: without_messages(held) for key, held in value.items() if key != "message"}
    return [without_messages(held) for held in value] if isinstance(value, list) else value


def expected_row(event: EventEnvelope) -> dict[str, Any]:
    """Say what an event's row holds, without asking the code that writes it."""
    arm = event.WhichOneof("event")
    assert arm is not None
    occurred_at = event.occurred_at.ToMicroseconds()
    return {
        "source_id": 1,
        "event_id": event.event_id,
        "occurred_at": occurred_at,
        # No client told its clock: nothing is corrected.
        "occurred_at_corrected": occurred_at,
        "sequence": event.sequence if event.HasField("sequence") else None,
        **{field.name: column(field, value) for field, value in getattr(event, arm).ListFields()},
    }


def column(field: FieldDescriptor, value: Any) -> Any:
    """Say what a column holds for a field's value."""
    if field.enum_type:
        prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
        return field.enum_type.values_by_number[value].name.removeprefix(prefix)
    if isinstance(value, Timestamp):
        return value.ToMicroseconds()
    return json_format.MessageToDict(value) if field.message_type else value
