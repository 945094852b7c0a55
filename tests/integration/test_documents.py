"""The published documents arrive over gRPC and lie in the database, value by value."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.contract.documents import DOCUMENTS, SOURCE_COLUMNS, Document, Rekeyed
from tests.support.server import ServerProcess

from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

SQLITE_TYPES = {str: "text", int: "integer", type(None): "null", dict: "text"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that nothing else was sent to: the documents say their ids."""
    process = ServerProcess(tmp_path_factory.mktemp("documents"))
    process.start()
    yield process
    process.kill()


@pytest.mark.parametrize("document", DOCUMENTS, ids=[document.name for document in DOCUMENTS])
def test_each_value_lies_in_its_own_typed_column(server: ServerProcess, document: Document) -> None:
    """A document, sent as protobuf, is one row of its table; each column holds its value in its type."""
    with grpc.insecure_channel(server.ingest_address) as channel:
        response = IngestServiceStub(channel).PublishEvents(document.request(), timeout=10)
    assert response.accepted_count == 1
    assert not response.verdicts
    check(stored(server.database, document, document.columns), document.columns)
    assert document.source_columns.keys() == set(SOURCE_COLUMNS)
    check(stored(server.database, document, document.source_columns, "source"), document.source_columns)


def check(row: Mapping[str, tuple[Any, str]], expected: Mapping[str, Any]) -> None:
    """Compare value and type, column by column; JSON by what it says, a user only by its form."""
    for column, value in expected.items():
        held, sqlite_type = row[column]
        if isinstance(value, Rekeyed):
            assert re.fullmatch("[0-9a-f]{64}", held), column
            continue
        assert sqlite_type == SQLITE_TYPES[type(value)], column
        assert (json.loads(held) if isinstance(value, dict) else held) == value, column


def stored(
    database: Path, document: Document, columns: Iterable[str], table: str = ""
) -> dict[str, tuple[Any, str]]:
    """Return value and SQLite type of each column of the event's row, or of its source's."""
    wanted = ", ".join(
        f'{table or document.table}."{c}", typeof({table or document.table}."{c}")' for c in columns
    )
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            f"SELECT {wanted} FROM {document.table} JOIN source USING (source_id) WHERE event_id = ?",
            [document.columns["event_id"]],
        ).fetchall()
    assert len(rows) == 1, f"{document.table} holds {len(rows)} rows of this event"
    return dict(zip(columns, zip(rows[0][::2], rows[0][1::2], strict=True), strict=True))
