"""The verdicts on events that were not accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.telemetry.v1 import verdict_pb2 as v

if TYPE_CHECKING:
    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.schema.validate import Rejection

# An event id has 36 characters; one that is no UUID may have any number, and is not thrown back whole.
ID_LENGTH = 36


def rejected(index: int, event: EventEnvelope, why: Rejection) -> v.EventVerdict:
    """Return the verdict of an event that broke a rule."""
    return _of_rule(index, event, v.OUTCOME_REJECTED, why)


def quarantined(index: int, event: EventEnvelope, why: Rejection) -> v.EventVerdict:
    """Return the verdict of an event that is kept until this server knows it."""
    return _of_rule(index, event, v.OUTCOME_QUARANTINED, why)


def duplicate(index: int, event: EventEnvelope) -> v.EventVerdict:
    """Return the verdict of an event whose id is held already."""
    return v.EventVerdict(
        index=index,
        event_id=event.event_id,
        outcome=v.OUTCOME_DUPLICATE,
        message="an event of this type and id is held already",
    )


def opted_out(index: int, event: EventEnvelope) -> v.EventVerdict:
    """Return the verdict of an event whose source has opted out."""
    return v.EventVerdict(
        index=index,
        event_id=event.event_id[:ID_LENGTH],
        outcome=v.OUTCOME_OPTED_OUT,
        message="the source has opted out",
    )


def subject_erased(index: int, event: EventEnvelope) -> v.EventVerdict:
    """Return the verdict of an event that occurred before its source's Subject was erased."""
    return v.EventVerdict(
        index=index,
        event_id=event.event_id,
        outcome=v.OUTCOME_SUBJECT_ERASED,
        message="it occurred before its subject was erased",
    )


def _of_rule(
    index: int, event: EventEnvelope, outcome: v.Outcome.ValueType, why: Rejection
) -> v.EventVerdict:
    return v.EventVerdict(
        index=index,
        event_id=event.event_id[:ID_LENGTH],
        outcome=outcome,
        reason=why.reason,
        field=why.field,
        message=f"{why.field}: {why.text}" if why.field else why.text,
    )
