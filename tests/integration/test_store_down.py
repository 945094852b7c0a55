"""The store is away, whatever the reason: nothing is told as stored, and all goes on once it is back.

`make fault` walks each of these through every step; here are some.
"""

from __future__ import annotations

import errno
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.support.clients import deployment_source, element, ping, publish, server_source
from tests.support.deletions import company, create, finished, kept
from tests.support.disk_walks import Walk
from tests.support.kills import kill_writer
from tests.support.server import ServerProcess
from tests.support.small_disk import fill, free, small_disk
from tests.support.witness import Witness

from aboveboard.admin.v1.deletion_pb2 import Deletion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

# Locks a database as another program might, until its standard input ends.
LOCK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with closing(Walk(tmp_path_factory.mktemp("walk"))) as walk:
        yield walk


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_a_disk_that_takes_no_writes(walk: Walk, error: int) -> None:
    """Full, broken or read-only at some steps of a commit: UNAVAILABLE, up, and back within 5 s."""

    def commit() -> Callable[[], None]:
        source, events = deployment_source("company", user_id="u"), [element() for _ in range(20)]
        return lambda: walk.witness.publish(source, *events)

    assert walk.through(commit, error, [0, 2, 5]) == 3
    walk.witness.check_copy()


def test_a_writer_that_began_on_a_read_only_disk(walk: Walk) -> None:
    """SQLite opens such a file for reading alone, for good: it is opened again, and takes events."""
    source, event = server_source(), element()
    walk.disk.fail(errno.EROFS)
    assert kill_writer(walk.server)
    # Waits for the new one.
    assert walk.witness.is_refused(lambda: walk.witness.publish(source, event))
    walk.disk.heal()
    walk.witness.resume(lambda: walk.witness.publish(source, event))


def test_a_file_that_somebody_else_locks(walk: Walk) -> None:
    """UNAVAILABLE as long as another program holds a transaction open, and back within 5 s."""
    source, event = server_source(), element()
    command = [sys.executable, "-c", LOCK, str(walk.server.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as locker:
        assert locker.stdout
        assert locker.stdout.readline() == b"locked\n"
        assert walk.witness.is_refused(lambda: walk.witness.publish(source, event))
        walk.witness.check_copy()
    walk.witness.resume(lambda: walk.witness.publish(source, event))
    walk.witness.check_restarted()


def many() -> list[EventEnvelope]:
    """Return more than a page that is half empty has room for."""
    return [ping("Started", {"key": "v" * 500}) for _ in range(500)]


def test_a_deletion_on_a_full_disk(tmp_path: Path) -> None:
    """It goes through to its receipt, its journal entry too; nothing is stored until there is room again."""
    with small_disk(tmp_path / "disk", mebibytes=32) as disk:
        server = ServerProcess(disk)
        server.start()
        witness = Witness(server, "ping")
        try:
            gone = deployment_source("gone", user_id="u")
            publish(server, gone, *[element(str(number)) for number in range(500)])
            pid = server.pid
            fill(disk)
            while not witness.is_refused(lambda: witness.publish(server_source(), *many())):
                fill(disk)
            deletion = create(server, company("gone"), scrub_now=True)
            assert b"Tombstone" in (server.key_dir / "journal").read_bytes()
            done = finished(server, deletion)
            assert done.state == Deletion.STATE_SCRUBBED
            assert kept(server, "company_id", "gone") == {}
            fill(disk)
            assert witness.is_refused(lambda: witness.publish(server_source(), *many()))
            free(disk)
            witness.resume(lambda: witness.publish(server_source(), *many()))
            assert server.database.with_suffix(".db.reserve").exists()
            witness.check_alive(pid)
            witness.check_restarted()
        finally:
            server.kill()
