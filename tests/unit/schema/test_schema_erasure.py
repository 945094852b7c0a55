"""Erasure reaches every table that holds something of a Subject; a table that it cannot reach is found."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from aboveboard_server.schema import catalog, erasure, tables
from aboveboard_server.schema.erasure import ErasureTarget, KeyColumn

KEYED = {"subject_key": "COMPANY"}


def test_every_event_table_is_a_target() -> None:
    """Every event's table is reached through its source, and the source by its own keys."""
    found = {target.table: target for target in erasure.targets(tables.import_all())}
    for event in catalog.default().events:
        assert found[event.name] == ErasureTarget(event.name, "source_id", ())
    assert {key.subject_key for key in found["source"].keys} == {"COMPANY", "DEPLOYMENT", "SERVER", "USER"}
    assert KeyColumn("SERVER", "server_uuid") in found["source"].keys


def test_every_table_is_reached_or_says_why_not() -> None:
    """No table of the service, generated or hand-written, is out of erasure's reach."""
    assert [str(finding) for finding in erasure.unreachable(tables.import_all())] == []


def test_keys_go_last() -> None:
    """Rows that are found through a source come before the tables that hold the keys."""
    paths = [target.path for target in erasure.targets(tables.import_all())]
    assert paths == sorted(paths, key=lambda path: path != "source_id")
    assert set(paths) == {"source_id", "columns", "redacted"}


@pytest.mark.parametrize(
    ("info", "columns", "words"),
    [
        ({}, {}, "says nothing"),
        ({"subject": "elsewhere"}, {}, "'elsewhere' is no path"),
        ({"subject": "source_id"}, {}, "no column source_id"),
        ({"subject": "columns"}, {"company_id": {}}, "no column has a subject_key"),
        ({"subject": "redacted"}, {}, "no column has a subject_key"),
        ({"subject": "none"}, {}, "needs a reason"),
        ({"subject": "none", "why": "it is small"}, {"company_id": KEYED}, "lead to a Subject"),
        ({"subject": "none", "why": "it is small"}, {"source_id": {}}, "lead to a Subject"),
    ],
)
def test_table_without_path_is_found(
    info: dict[str, str], columns: dict[str, dict[str, str]], words: str
) -> None:
    """A table that no Subject leads to, and that does not say why, is a finding with its name."""
    metadata = MetaData()
    Table(
        "astray",
        metadata,
        Column("id", Integer, primary_key=True),
        *(Column(name, Text, info=said) for name, said in columns.items()),
        info=info,
    )
    (finding,) = erasure.unreachable(metadata)
    assert finding.name == "astray"
    assert finding.rule == "table-is-reached"
    assert words in finding.message


def test_tables_are_found_by_their_message() -> None:
    """Each event has its generated class, whose table is named after the event."""
    for event in catalog.default().events:
        row = tables.row_class(event)
        assert row.__tablename__ == event.name
        assert row.__name__ == f"{event.message.name}Row"
    assert tables.source_row_class().__tablename__ == "source"
    assert "ping" not in tables.hand_written(tables.import_all())
