"""Nothing of the published pages is left without a column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.documents import DOCUMENTS, TESTSIGMA, Document, as_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=[document.name for document in DOCUMENTS])


@EACH
def test_every_value_of_a_document_has_a_column_that_holds_it(document: Document) -> None:
    """Each key of the document has a place, and the column there is expected to hold its very value.

    The one that points at a person is keyed again there.
    """
    values = as_json(document.text)
    assert values.keys() == document.places.keys()
    for key, place in document.places.items():
        if key == "Payload":  # the page describes it and shows none
            continue
        assert document.expected(place) == as_stored(values[key], place), key


@EACH
def test_every_field_of_an_event_has_an_expected_column(document: Document) -> None:
    """The expectations name each field of the event's message and of the envelope, set or not."""
    envelope = document.request().events[0]
    arm = envelope.WhichOneof("event")
    assert arm == document.table
    fields = {field.name for field in getattr(envelope, arm).DESCRIPTOR.fields}
    assert document.columns.keys() == fields | {"event_id", "occurred_at", "sequence"}


def test_the_testsigma_page_shows_twelve_documents() -> None:
    """Twelve documents, each for a table of its own."""
    assert len({document.table for document in TESTSIGMA}) == 12


def as_stored(value: str, place: str) -> object:
    """Turn a value of a page into what its column holds: itself, or microseconds where it is a time."""
    if place not in {"occurred_at", "last_up_time"}:
        return value
    return (datetime.fromisoformat(value).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
