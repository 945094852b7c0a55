"""On SQLite no byte of a deleted subject is left in any file once it is scrubbed; `make fault` tries more."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.support.canaries import Canaries
from tests.support.clients import publish
from tests.support.deletions import company, create, files, finished, get
from tests.support.scrubbing import round_of
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import deletion_pb2 as d

if TYPE_CHECKING:
    from pathlib import Path


def test_no_file_shows_it_once_it_is_scrubbed(server: ServerProcess) -> None:
    """Database, log, keys, journal, the service's own log: no canary in the raw bytes of any."""
    assert round_of(server, 0x5C) == []


def test_it_is_scrubbed_when_it_is_quiet(tmp_path: Path) -> None:
    """Without --scrub-now it waits until no event has come for a while, and then no byte is left."""
    server = ServerProcess(tmp_path, "--scrub-quiet-seconds", "1")
    server.start()
    canaries = Canaries(0x9)
    source = canaries.source()
    publish(server, source, *canaries.events())
    deletion = finished(server, create(server, company(source.deployment.company_id)))
    assert deletion.scrubbed_at.ToNanoseconds() > deletion.erased_at.ToNanoseconds()
    assert not any(canaries.found_in(data) for data in files(tmp_path).values())
    server.stop()


def test_it_is_scrubbed_in_time_even_where_it_is_never_quiet(tmp_path: Path) -> None:
    """After --scrub-within-hours it waits no longer."""
    server = ServerProcess(tmp_path, "--scrub-quiet-seconds", "3600", "--scrub-within-hours", "0")
    server.start()
    canaries = Canaries(0xA)
    source = canaries.source()
    publish(server, source, *canaries.events())
    deletion = finished(server, create(server, company(source.deployment.company_id)))
    assert deletion.HasField("scrubbed_at")
    server.stop()


@pytest.mark.fault
def test_who_reads_what_was_deleted_holds_scrubbing_up(server: ServerProcess) -> None:
    """As long as a reader sees the old state it is not said to be scrubbed, for its bytes are still there."""
    canaries = Canaries(0xB)
    source = canaries.source()
    publish(server, source, *canaries.events())
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM source").fetchall()
        made = create(server, company(source.deployment.company_id), scrub_now=True)
        while not any(line["event"] == "scrubbing_delayed" for line in server.log()):
            time.sleep(0.05)
        assert get(server, made.deletion_id).state == d.Deletion.STATE_ERASED
        assert any(canaries.found_in(data) for data in files(server.folder).values())
