"""A journal that is not there is missed, and made anew from the database where no other is left."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, publish, server_source, told
from tests.support.deletions import company, delete
from tests.support.keys import make_key, revoke
from tests.support.server import ServerProcess
from typer.testing import CliRunner

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard_server.cli.app import app
from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_lines import (
    Begun,
    ClockMark,
    KeyRevocation,
    OptOut,
    Revocation,
    Tombstone,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.privacy.journal_lines import Entry


def rebuild(server: ServerProcess) -> tuple[int, str]:
    """Return exit code and output of the command."""
    result = CliRunner().invoke(
        app,
        ["journal", "rebuild", f"--database=sqlite:///{server.database}", f"--key-dir={server.key_dir}"],
    )
    return result.exit_code, result.output


def refusal(server: ServerProcess) -> str:
    """Return why a server does not start."""
    with pytest.raises(AssertionError) as raised:
        server.start()
    return str(raised.value)


def test_without_its_journal_a_server_does_not_start(tmp_path: Path) -> None:
    """From its first start on, before anything was deleted; where there is one it starts."""
    server = ServerProcess(tmp_path)
    server.start()
    server.stop()
    kept = (server.key_dir / journal.JOURNAL).read_bytes()
    for lost in (None, b"", kept[:-9]):
        (server.key_dir / journal.JOURNAL).unlink()
        if lost is not None:
            (server.key_dir / journal.JOURNAL).write_bytes(lost)
        said = refusal(server)
        assert "the deletion journal is missing" in said
        assert "aboveboard journal rebuild" in said
        assert kept[:-9].decode() not in said
        (server.key_dir / journal.JOURNAL).write_bytes(kept)
    server.start()
    server.stop()


def test_an_upgrade_without_anything_in_its_journal_starts(tmp_path: Path) -> None:
    """An earlier version left an empty one, and marked nothing, as long as nothing was deleted."""
    server = ServerProcess(tmp_path)
    server.start()
    with admin(server) as stub:
        subject = Subject(server_uuid=server_source().server.server_uuid)
        stub.CreateOptOut(o.CreateOptOutRequest(subject=subject), timeout=TIMEOUT)
    server.stop()
    (server.key_dir / journal.JOURNAL).write_bytes(b"")
    with closing(sqlite3.connect(server.database)) as database, database:
        database.execute("DELETE FROM key_fingerprint WHERE name = 'journal'")
    server.start()
    server.stop()
    assert [type(entry) for entry in journal.read(server.key_dir)] == [Begun, OptOut]


def test_it_is_rebuilt_from_the_database(tmp_path: Path) -> None:
    """What the database knows is in the new one, and protects a backup that is taken and restored later."""
    server = ServerProcess(tmp_path)
    server.start()
    gone, unwanted, lifted = deployment_source("gone"), server_source(), server_source()
    publish(server, gone, element())
    with admin(server) as stub:
        made = stub.CreateOptOut(o.CreateOptOutRequest(subject=of(lifted)), timeout=TIMEOUT).opt_out
        backup = tmp_path / "backup"
        server.query("VACUUM INTO ?", str(backup))
        stub.CreateOptOut(o.CreateOptOutRequest(subject=of(unwanted), reference="T-1"), timeout=TIMEOUT)
        stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=made.opt_out_id), timeout=TIMEOUT)
    deletion = delete(server, company("gone"))
    revoke(server, make_key(server, k.Key.KIND_WRITE).key.key_id)
    server.stop()
    before = journal.read(server.key_dir)
    assert rebuild(server)[0] == 1, "there is one"
    assert journal.read(server.key_dir) == before
    (server.key_dir / journal.JOURNAL).unlink()
    assert rebuild(server) == (
        0,
        "6 entries written; backups that are older than this journal must not be restored.\n",
    )
    kinds = [Begun, Tombstone, OptOut, Revocation, OptOut, KeyRevocation]
    made_anew = journal.read(server.key_dir)
    assert sorted(map(str, map(type, made_anew))) == sorted(map(str, kinds))
    assert set(made_anew[1:]) == set(before[1:])
    assert (server.key_dir / journal.JOURNAL).stat().st_mode & 0o777 == 0o600
    for path in tmp_path.glob("aboveboard.db*"):
        path.unlink()
    shutil.copyfile(backup, server.database)
    server.start()
    with admin(server) as stub:
        found = stub.ListDeletions(d.ListDeletionsRequest(), timeout=TIMEOUT).deletions
    assert [one.deletion_id for one in found] == [deletion.deletion_id]
    outcomes = [
        {verdict[1] for verdict in told(publish(server, source, element()).verdicts)}
        for source in (unwanted, lifted)
    ]
    assert outcomes == [{"OPTED_OUT"}, set()]
    server.stop()


def test_an_older_journal_is_completed(tmp_path: Path) -> None:
    """What only the database knows is told to the journal at the start, so that the next backup is safe."""
    server = ServerProcess(tmp_path)
    server.start()
    publish(server, deployment_source("gone"), element())
    server.stop()
    older = (server.key_dir / journal.JOURNAL).read_bytes()
    server.start()
    delete(server, company("gone"))
    server.stop()
    whole = journal.read(server.key_dir)
    (server.key_dir / journal.JOURNAL).write_bytes(older)
    server.start()
    server.stop()
    assert but_for_time(journal.read(server.key_dir)) == but_for_time(whole)
    assert [line["entries"] for line in server.log() if line["event"] == "journal_completed"] == [1]


def but_for_time(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what a server that has run for long enough says of its clock."""
    return [entry for entry in entries if not isinstance(entry, ClockMark)]


def of(source: Source) -> Subject:
    return Subject(server_uuid=source.server.server_uuid)
