"""A deletion that waits ends on the day that was told, whenever the job comes that ends what has lapsed."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, publish, refusal
from tests.support.deletions import ask, get, kept
from tests.support.in_thread import InThread

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

LAPSE = timedelta(days=30)
SOON = timedelta(minutes=5)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.fault)])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InThread]:
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    process = InThread(tmp_path, monkeypatch, postgres)
    process.clock.synchronised = True
    process.start()
    yield process
    process.stop()


def decide(server: InThread, rpc: str, deletion_id: str) -> d.Deletion:
    """Confirm, reject or try a deletion."""
    requests: dict[str, Any] = {
        "confirm": d.ConfirmDeletionRequest(deletion_id=deletion_id),
        "dry run": d.ConfirmDeletionRequest(deletion_id=deletion_id, validate_only=True),
        "reject": d.RejectDeletionRequest(deletion_id=deletion_id, reason="no"),
    }
    with admin(server) as stub:
        call = stub.RejectDeletion if rpc == "reject" else stub.ConfirmDeletion
        done: d.Deletion = call(requests[rpc], timeout=TIMEOUT).deletion
        return done


def test_what_has_lapsed_is_no_longer_decided_on(server: InThread) -> None:
    """From that moment on it is answered as one that has lapsed, and has; until then it is confirmed."""
    waiting = {}
    for rpc in ("confirm", "dry run", "reject", "in time"):
        source = deployment_source(rpc)
        publish(server, source, element())
        waiting[rpc] = ask(server, source, Preference.SCOPE_DEPLOYMENT)
    server.clock.run(LAPSE - SOON)
    in_time = decide(server, "confirm", waiting.pop("in time"))
    assert in_time.state == d.Deletion.STATE_RUNNING
    server.clock.run(SOON)
    for rpc, deletion_id in waiting.items():
        refused = refusal(partial(decide, server, rpc, deletion_id))
        assert refused.details.reason == "DELETION_NOT_PENDING", rpc
        assert get(server, deletion_id).state == d.Deletion.STATE_LAPSED
        assert kept(server, "company_id", rpc) == {"element_stat": 1}


def test_a_clock_that_may_be_wrong_ends_nothing(server: InThread) -> None:
    """While it is suspect nobody knows that the day has come: a deletion that waits is still confirmed."""
    source = deployment_source("suspect")
    publish(server, source, element())
    deletion_id = ask(server, source, Preference.SCOPE_DEPLOYMENT)
    server.clock.synchronised = False
    server.clock.moved += LAPSE
    assert decide(server, "confirm", deletion_id).state == d.Deletion.STATE_RUNNING
