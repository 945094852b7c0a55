"""Retention reaches every table; one that does not say how long its rows live is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from aboveboard_server.schema import catalog, expiry, tables
from aboveboard_server.schema.expiry import AGED, OWNED, UNSEEN, Expires

if TYPE_CHECKING:
    from typing import Any

EVENTS = {event.name for event in catalog.default().events}
KEYED = {"subject_key": "COMPANY"}


def test_every_table_has_a_limit_or_says_why_not() -> None:
    """No table of the service, generated or hand-written, is out of retention's reach."""
    assert [str(finding) for finding in expiry.unlimited(tables.import_all(), EVENTS)] == []


def test_what_others_wait_for_goes_first() -> None:
    """Rows by their age, then sources, then who is known by them, then what belongs to those."""
    found = expiry.expiries(tables.import_all(), EVENTS)
    assert {item.table for item in found if item.table in EVENTS} == EVENTS
    rules = [item.expires.rule for item in found]
    assert rules == sorted(rules, key=(AGED, UNSEEN, OWNED).index)
    unseen = [item.table for item in found if item.expires.rule == UNSEEN]
    assert unseen == ["source", "company", "deployment", "server"]


@pytest.mark.parametrize(
    ("info", "columns", "words"),
    [
        ({}, {}, "says neither"),
        ({"expires": Expires(AGED, "at")}, {}, "no column at"),
        ({"expires": Expires(AGED, "at"), "stays": "it is small"}, {"at": {}}, "says both"),
        ({"stays": "it is small"}, {"company_id": KEYED}, "names a Subject"),
        ({"stays": "it is small", "subject": "redacted"}, {"company_id": KEYED}, ""),
        ({"expires": Expires(AGED, "at")}, {"at": {}}, ""),
    ],
)
def test_a_table_without_limit_is_found(
    info: dict[str, Any], columns: dict[str, dict[str, str]], words: str
) -> None:
    """What is missing is named."""
    metadata = MetaData()
    made = (Column(name, Integer, info=column) for name, column in columns.items())
    Table("some", metadata, Column("some_id", Integer, primary_key=True), *made, info=info)
    found = [str(finding) for finding in expiry.unlimited(metadata, EVENTS)]
    assert len(found) == bool(words)
    assert words in "".join(found)
