"""PostgreSQL that is there, but stores nothing: read-only, or on a full disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.support.clients import element, ping, server_source
from tests.support.on_postgres import OnPostgres
from tests.support.postgres import PostgresServer
from tests.support.small_disk import fill, free, small_disk
from tests.support.witness import Witness

if TYPE_CHECKING:
    from pathlib import Path

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

pytestmark = [pytest.mark.fault(seconds=30), pytest.mark.timeout(300)]


def many() -> list[EventEnvelope]:
    return [ping("Started", {"key": "v" * 500}) for _ in range(500)]


def check_stored(server: OnPostgres, witness: Witness) -> None:
    stored = [event_id for (event_id,) in server.query(f"SELECT event_id FROM {witness.table}")]
    assert witness.acknowledged <= set(stored)
    assert len(stored) == len(set(stored))


def test_a_standby(tmp_path: Path, postgres: PostgresServer) -> None:
    """It answers and takes no writes: UNAVAILABLE, and back within 5 s of its promotion."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = OnPostgres(folder, postgres, postgres.new_database())
    server.start()
    try:
        witness, source = Witness(server), server_source()
        witness.publish(source, element())
        pid = server.pid
        postgres.become_standby()
        try:
            for _ in range(20):
                assert witness.is_refused(lambda: witness.publish(source, element()))
                time.sleep(0.1)
        finally:
            postgres.promote()
        witness.resume(lambda: witness.publish(source, element()))
        witness.check_alive(pid)
        check_stored(server, witness)
    finally:
        server.kill()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UNAVAILABLE even where PostgreSQL ends for want of room, and back within 5 s of its return."""
    folder = tmp_path / "server"
    folder.mkdir()
    with small_disk(tmp_path / "disk", mebibytes=256) as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        postgres = PostgresServer()
        server = OnPostgres(folder, postgres, postgres.new_database())
        server.start()
        try:
            witness = Witness(server, "ping")
            source = server_source()
            witness.publish(source, *many())
            pid = server.pid
            refused = False
            while not refused:
                fill(disk)
                refused = witness.is_refused(lambda: witness.publish(source, *many()))
            witness.check_alive(pid)
            free(disk)
            # It may have ended; who runs it starts it again.
            postgres.start()
            postgres.await_ready()
            witness.resume(lambda: witness.publish(source, *many()))
            witness.check_alive(pid)
            check_stored(server, witness)
        finally:
            server.kill()
            postgres.remove()
