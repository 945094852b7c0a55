"""A database made by the version before keeps every promise once it is migrated: see make_fixture.py."""

from __future__ import annotations

import gzip
import json
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.support.admin import admin
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    held,
    ingest,
    publish,
    refusal,
    server_source,
    told,
)
from tests.support.deletions import company, delete, finished, kept
from tests.support.http_clients import call
from tests.support.keys import reason_of
from tests.support.on_postgres import OnPostgres
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference
from aboveboard_server import bootstrap
from aboveboard_server.privacy.receipt_files import read_head_document
from aboveboard_server.privacy.receipts import verify_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.postgres import PostgresServer

FIXTURE = Path(__file__).with_name("fixture")


class Old:
    """A server of this version over the files of the version before, and what those files hold."""

    def __init__(self, server: ServerProcess, facts: dict[str, str]) -> None:
        self.server = server
        self.facts = facts

    def outcomes(self, source: Any, *events: Any) -> list[str]:
        """Send, and return what became of each event that was not accepted."""
        return [verdict[1] for verdict in told(publish(self.server, source, *events).verdicts)]


@pytest.fixture(params=["sqlite", "postgres"])
def old(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> Iterator[Callable[[str], Old]]:
    """Return what migrates one of the two files and starts a server on it."""
    made: list[ServerProcess] = []

    def start(moment: str) -> Old:
        files = FIXTURE / request.param
        home = tmp_path / "server"
        home.mkdir()
        server: ServerProcess
        if request.param == "sqlite":
            server = ServerProcess(home)
            content = (files / f"{moment}.db.gz").read_bytes()
            server.database.write_bytes(gzip.decompress(content))
            bootstrap.migrate(f"sqlite:///{server.database}")
        else:
            url = postgres.empty_database()
            _restore(url, gzip.decompress((files / f"{moment}.sql.gz").read_bytes()).decode())
            bootstrap.migrate(url)
            server = OnPostgres(home, postgres, url)
        shutil.copytree(files / "keys", server.key_dir)
        server.key_dir.chmod(0o700)
        made.append(server)
        server.start()
        return Old(server, json.loads((files / "facts.json").read_text(encoding="utf-8")))

    yield start
    for server in made:
        server.stop()


def _restore(url: str, script: str) -> None:
    """Run what pg_dump has written, but for the lines that only psql understands."""
    statements = "\n".join(line for line in script.splitlines() if not line.startswith("\\"))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statements.encode())


def test_what_was_forbidden_stays_forbidden(old: Callable[[str], Old]) -> None:
    """Opt-outs, tombstones and revoked keys of the version before are in force."""
    before = old("end")
    server, facts = before.server, before.facts
    quiet = server_source(facts["quiet_server"])
    assert before.outcomes(quiet, element()) == ["OPTED_OUT"]
    assert before.outcomes(deployment_source("unwanted"), element()) == ["OPTED_OUT"]
    assert before.outcomes(deployment_source("busag", user_id="u2"), element()) == ["OPTED_OUT"]
    gone = element(event_id=facts["deleted_event"])
    assert before.outcomes(deployment_source("aare", "d9"), gone) == ["SUBJECT_ERASED"]
    with ingest(server) as stub:
        asked = GetCollectionStatusRequest(source=server_source(), write_key=facts["revoked_key"])
        assert reason_of(partial(stub.GetCollectionStatus, asked, timeout=TIMEOUT)) == "UNAUTHENTICATED"
        # It was set before there were tokens: none fits.
        lifts = Preference(
            source=quiet,
            scope=Preference.SCOPE_SERVER,
            preference=Preference.PREFERENCE_ENABLED,
            preference_token=b"t" * 32,
        )
        refused = refusal(partial(stub.SetCollectionPreference, lifts, timeout=TIMEOUT))
        assert refused.details.reason == "PREFERENCE_TOKEN_REQUIRED"
    assert before.outcomes(quiet, element()) == ["OPTED_OUT"]


def test_receipts_verify_and_the_chain_goes_on(old: Callable[[str], Old]) -> None:
    """Old receipts stay exact; the next one follows them, rounded to the day."""
    before = old("end")
    server, facts = before.server, before.facts
    new = delete(server, company("busag"))
    with admin(server) as stub:
        listed = stub.ListDeletions(d.ListDeletionsRequest(), timeout=TIMEOUT).deletions
        receipts = sorted(
            (one.receipt for one in listed if one.HasField("receipt")), key=lambda one: one.sequence
        )
        asked = d.GetReceiptBundleRequest(deletion_id=facts["deletion_of_aare"])
        bundle = stub.GetReceiptBundle(asked, timeout=TIMEOUT).receipt_bundle
    kept_head, key = read_head_document(call(server, "GET", "/v1/receipts/head").body)
    verify_chain(receipts, {receipts[0].key_id: key}, kept_head.head)
    assert [one.sequence for one in receipts] == [1, 2, 3, 4]
    assert bundle.has_exact_times
    assert receipts[-1].deletion_id == new.deletion_id
    assert receipts[-1].time_precision == d.Receipt.TIME_PRECISION_DAY


def test_a_backup_from_before_the_deletions_resurrects_nobody(old: Callable[[str], Old]) -> None:
    """The journal of the version before is replayed over an older database."""
    before = old("backup")
    server, facts = before.server, before.facts
    with admin(server) as stub:
        for deletion in stub.ListDeletions(d.ListDeletionsRequest(), timeout=TIMEOUT).deletions:
            finished(server, deletion)
    for name in ("aare", "limmat"):
        assert not kept(server, "company_id", name)
    gone = element(event_id=facts["deleted_event"])
    assert before.outcomes(deployment_source("aare", "d9"), gone) == ["SUBJECT_ERASED"]
    with ingest(server) as stub:
        asked = GetCollectionStatusRequest(source=server_source(), write_key=facts["revoked_key"])
        assert reason_of(partial(stub.GetCollectionStatus, asked, timeout=TIMEOUT)) == "UNAUTHENTICATED"


def test_a_deletion_that_waits_is_confirmed_or_refused(old: Callable[[str], Old]) -> None:
    """One whose subject can be found removes it; one that can find nobody is never signed."""
    before = old("end")
    server, facts = before.server, before.facts
    user = deployment_source("busag", user_id="u1")
    assert held(server, user)["element_stat"] == 1
    with admin(server) as stub:
        confirmed = stub.ConfirmDeletion(
            d.ConfirmDeletionRequest(deletion_id=facts["waiting"]), timeout=TIMEOUT
        )
        finished(server, confirmed.deletion)
        asked = d.ConfirmDeletionRequest(deletion_id=facts["lost"])
        refused = refusal(partial(stub.ConfirmDeletion, asked, timeout=TIMEOUT))
        assert refused.details.reason == "DELETION_SUBJECT_LOST"
        ended = stub.RejectDeletion(
            d.RejectDeletionRequest(deletion_id=facts["lost"], reason="nobody is left"), timeout=TIMEOUT
        )
    assert ended.deletion.state == d.Deletion.STATE_REJECTED
    assert not held(server, user).get("element_stat")


def test_sources_keep_their_rows(old: Callable[[str], Old]) -> None:
    """Whatever is rebuilt, each source keeps its number and its events."""
    before = old("end")
    server = before.server
    rows = "SELECT count(*), count(DISTINCT source_id) FROM element_stat JOIN source USING (source_id)"
    assert server.query(rows) == [(10, 6)]
    publish(server, deployment_source("new"), element())
    ((newest,),) = server.query("SELECT max(source_id) FROM source")
    assert newest > 6
