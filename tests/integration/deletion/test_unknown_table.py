"""A table of another version that comes while a server runs: its deletions wait, and say why."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from tests.support.browser import eventually
from tests.support.clients import deployment_source, element, publish
from tests.support.deletions import PATIENCE, company, create, finished, get, is_postgres
from tests.support.figures import figures

from aboveboard.admin.v1 import deletion_pb2 as d

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def execute(server: ServerProcess, statement: str) -> None:
    """Change the schema beside the running server."""
    if is_postgres(server):
        server.query(statement)
        return
    with closing(sqlite3.connect(server.database, timeout=PATIENCE)) as database:
        database.execute(statement)


def test_a_deletion_waits_without_a_receipt(anywhere: ServerProcess) -> None:
    """It stays RUNNING, a log line names the table, and it ends once the table is gone."""
    publish(anywhere, deployment_source("waits"), element())
    execute(anywhere, "CREATE TABLE report_stat (source_id BIGINT, received_at BIGINT)")
    try:
        deletion = create(anywhere, company("waits"), scrub_now=True)
        deadline = time.monotonic() + PATIENCE
        while not (lines := [line for line in anywhere.log() if line.get("event") == "deletions_stopped"]):
            assert time.monotonic() < deadline, "nothing says that deletions wait"
            time.sleep(0.05)
        assert lines[0]["unknown_tables"] == ["report_stat"]
        waiting = get(anywhere, deletion.deletion_id)
        assert waiting.state == d.Deletion.STATE_RUNNING
        assert not waiting.HasField("receipt")
        assert figures(anywhere)["aboveboard_erasure_stopped", "eraser"] == 1
    finally:
        execute(anywhere, "DROP TABLE report_stat")
    done = finished(anywhere, deletion)
    eventually(lambda: figures(anywhere)["aboveboard_erasure_stopped", "eraser"] == 0)
    assert sum(count.rows for count in done.table_counts) >= 1
