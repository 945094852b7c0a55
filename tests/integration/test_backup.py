"""Backup and restore as docs/deploy/backup.md tells them, with its very commands, while events come in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.admin import admin
from tests.support.browser import eventually
from tests.support.canaries import Canaries
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    held,
    ingest,
    publish,
    server_source,
    told,
)
from tests.support.deletions import company, delete, dump, finished
from tests.support.keys import make_key, reason_of, revoke
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deploy/backup.md").read_text(encoding="utf-8")


# What is said in words: the journal is copied often.
OFTEN = 'aboveboard journal export --key-dir "$KEYS" -o "$BACKUP/journal.jsonl"'


def commands(name: str) -> str:
    """Return the commands of the page under a mark."""
    _, _, after = PAGE.partition(f"<!-- {name} -->\n\n")
    lines = after.splitlines()
    end = next(number for number, line in enumerate(lines) if line and not line.startswith("    "))
    return "\n".join(line.removeprefix("    ") for line in lines[:end])


def run(name: str, server: ServerProcess, backup: Path) -> None:
    """Run the commands under a mark as they stand."""
    run_commands(commands(name), server, backup)


def run_commands(script: str, server: ServerProcess, backup: Path) -> None:
    """Run commands of the page."""
    places = {"DB": str(server.database), "KEYS": str(server.key_dir), "BACKUP": str(backup)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **places, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(["bash", "-euxc", script], env=environment, check=True, timeout=60)


@contextmanager
def load(server: ServerProcess) -> Iterator[list[int]]:
    """Send as long as the context lasts; the list holds how many events were acknowledged."""
    enough, acknowledged = threading.Event(), [0]
    source = deployment_source("busy")

    def send() -> None:
        while not enough.is_set():
            acknowledged[0] += publish(server, source, *[element() for _ in range(20)]).accepted_count

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield acknowledged
    finally:
        enough.set()
        sender.join()


def test_who_was_deleted_after_a_backup_stays_deleted(tmp_path: Path) -> None:
    """Taken under load, restored on the same machine, and on another one from the newest journal."""
    server, backup = ServerProcess(tmp_path), tmp_path / "backup"
    server.start()
    canaries = Canaries(0xB4C)
    gone, unwanted = canaries.source(), server_source()
    publish(server, gone, *canaries.events(2))
    key = make_key(server, k.Key.KIND_WRITE)
    with load(server) as acknowledged:
        eventually(lambda: acknowledged[0] > 100)
        before = acknowledged[0]
        run("backup", server, backup)
        eventually(lambda: acknowledged[0] > before)
    delete(server, company(gone.deployment.company_id))
    with admin(server) as stub:
        subject = Subject(server_uuid=unwanted.server.server_uuid)
        stub.CreateOptOut(CreateOptOutRequest(subject=subject), timeout=TIMEOUT)
    revoke(server, key.key.key_id)
    server.stop()

    def restored() -> None:
        """Start, and see that nothing has come back and nothing else is lost."""
        server.start()
        with ingest(server) as stub:
            asked = GetCollectionStatusRequest(source=server_source(), write_key=key.secret)
            assert reason_of(lambda: stub.GetCollectionStatus(asked, timeout=TIMEOUT)) == "UNAUTHENTICATED"
        with admin(server) as stub:
            (deletion,) = stub.ListDeletions(d.ListDeletionsRequest(), timeout=TIMEOUT).deletions
        finished(server, deletion)
        assert server.log()[-1]["event"] != "internal_error"
        assert not canaries.found_in(dump(server))
        assert held(server, deployment_source("busy"))["element_stat"] >= before
        for source, outcome in ((gone, "SUBJECT_ERASED"), (unwanted, "OPTED_OUT")):
            old = canaries.events()[:1] if source is gone else [element()]
            assert [verdict[1] for verdict in told(publish(server, source, *old).verdicts)] == [outcome]
        server.stop()

    run("restore", server, backup)
    restored()
    # The newest journal was kept elsewhere; all else of the machine is lost.
    assert OFTEN in PAGE
    run_commands(OFTEN, server, backup)
    shutil.rmtree(server.key_dir)
    run("restore", server, backup)
    run("restore-keys", server, backup)
    restored()
