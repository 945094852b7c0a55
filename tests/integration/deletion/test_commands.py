"""`aboveboard admin deletion …`, and the head of the receipts as the service publishes it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.support.admin import admin_json, run_admin
from tests.support.clients import deployment_source, element, ingest, new_id, publish, server_source

from aboveboard.admin.v1.deletion_pb2 import Receipt
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ServerProcess


def get(server: ServerProcess, path: str) -> str:
    with urllib.request.urlopen(f"http://{server.http_address}{path}", timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def test_a_deletion_from_the_dry_run_to_the_verified_receipt(server: ServerProcess, tmp_path: Path) -> None:
    """What would go goes, the receipt proves it offline, and the public page names the newest one."""
    assert "There is none yet" in get(server, "/")
    assert json.loads(get(server, "/v1/receipts/head"))["sequence"] == 0
    publish(server, deployment_source("acme"), element(), element())
    command = ("deletion", "create", "--company", "acme", "--reference", "T-1", "--scrub-now")
    shown = run_admin(server, *command, "--dry-run").stdout
    assert "element_stat" in shown
    assert server.query("SELECT count(*) FROM element_stat") == [(2,)]

    deletion = admin_json(server, *command, "--wait")
    assert (deletion["state"], deletion["reference"]) == ("STATE_SCRUBBED", "T-1")
    assert {"table": "element_stat", "rows": "2"} in deletion["tableCounts"]
    assert run_admin(server, "deletion", "get", deletion["deletionId"]).stdout.count("T-1") == 1
    assert "acme" not in run_admin(server, "deletion", "list", "--state", "scrubbed").stdout

    receipts, head = tmp_path / "receipts.json", tmp_path / "head.json"
    receipts.write_text(run_admin(server, "deletion", "list", "--json").stdout)
    head.write_text(get(server, "/v1/receipts/head"))
    assert json.loads(head.read_text())["hash"] in get(server, "/")
    verified = run_admin_offline("receipt", "verify", str(receipts), "--head", str(head))
    assert "none is missing up to 1" in verified


def test_a_customer_is_answered_with_a_bundle(server: ServerProcess, tmp_path: Path) -> None:
    """Its own receipt and hashes of the others': it verifies against a head of before, and of now."""
    deletions = []
    for name in ("first", "second", "third"):
        publish(server, deployment_source(name), element())
        command = (
            "deletion",
            "create",
            "--company",
            name,
            "--reference",
            f"of {name}",
            "--scrub-now",
            "--wait",
        )
        deletions.append(admin_json(server, *command))
        (tmp_path / f"{name}.json").write_text(get(server, "/v1/receipts/head"))
    bundle, written = tmp_path / "bundle.json", tmp_path / "written.json"
    bundle.write_text(run_admin(server, "receipt", "export", deletions[1]["deletionId"]).stdout)
    run_admin(server, "receipt", "export", deletions[1]["deletionId"], "-o", str(written))
    assert written.read_text() == bundle.read_text()
    assert written.stat().st_mode & 0o777 == 0o600
    for other in (deletions[0], deletions[2]):
        assert other["deletionId"] not in bundle.read_text()
        assert other["reference"] not in bundle.read_text()
    for name in ("first", "second", "third"):
        head = str(tmp_path / f"{name}.json")
        verified = run_admin_offline("receipt", "verify", str(bundle), "--head", head)
        assert "none is missing up to 3" in verified
    published = json.loads((tmp_path / "third.json").read_text())
    assert published["hashes_digest"] in get(server, "/")
    refused = run_admin(server, "receipt", "export", new_id(), "-o", str(tmp_path / "none.json"), code=1)
    assert "NOT_FOUND" in refused.stderr
    assert not (tmp_path / "none.json").exists()


@pytest.mark.fault(seconds=40)
def test_a_bundle_of_a_long_chain_is_exported(server: ServerProcess, tmp_path: Path) -> None:
    """More than the 4 MiB that grpc takes of an answer otherwise; its head is the published one."""
    server.stop()
    count = 130_000
    with closing(sqlite3.connect(server.database)) as database, database:
        database.executemany(
            "INSERT INTO deletion (deletion_id, subject_kind, subject_digest, origin, reference, state,"
            " also_opt_out, scrub_now, created_at, removed, receipt, receipt_sequence)"
            " VALUES (?, 'COMPANY', x'00', 'ADMINISTRATOR', '', 'SCRUBBED', 0, 0, 0, '{}', ?, ?)",
            (
                (new_id(), Receipt(sequence=turn, signed_payload=b"%d" % turn).SerializeToString(), turn)
                for turn in range(1, count + 1)
            ),
        )
    server.start()
    deletion = admin_json(server, "deletion", "create", "--company", "c", "--scrub-now", "--wait")
    bundle, head = tmp_path / "bundle.json", tmp_path / "head.json"
    run_admin(server, "receipt", "export", deletion["deletionId"], "-o", str(bundle))
    head.write_text(get(server, "/v1/receipts/head"))
    verified = run_admin_offline("receipt", "verify", str(bundle), "--head", str(head))
    assert f"none is missing up to {count + 1}" in verified


def run_admin_offline(*arguments: str) -> str:
    command = [sys.executable, "-m", "aboveboard_server", "admin", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_what_a_source_has_asked_for_is_confirmed(shared_server: ServerProcess) -> None:
    """`list` shows it waiting, `confirm` lets it begin; a second time is one line of refusal."""
    source = deployment_source("asked by itself")
    publish(shared_server, source, element())
    with ingest(shared_server) as stub:
        stub.SetCollectionPreference(
            Preference(
                source=source,
                scope=Preference.SCOPE_DEPLOYMENT,
                preference=Preference.PREFERENCE_DISABLED,
                erase_history=True,
            )
        )
    found = admin_json(shared_server, "deletion", "list", "--state", "pending_confirmation")["deletions"]
    (waiting,) = [one for one in found if one["subject"]["deployment"]["companyId"] == "asked by itself"]
    confirm = ("deletion", "confirm", waiting["deletionId"])
    assert "element_stat" in run_admin(shared_server, *confirm, "--dry-run").stdout
    assert admin_json(shared_server, *confirm, "--reference", "T-2", "--wait")["erasedAt"]
    refused = run_admin(shared_server, *confirm, code=1)
    assert "DELETION_NOT_PENDING" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "say whom"),
        (("--user", "u"), 2, "needs its --company"),
        (("--server", "x"), 1, "must be a UUID"),
    ],
)
def test_whom_it_concerns_must_be_said(
    shared_server: ServerProcess, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Without a subject, with half of one, or with a malformed one: told, and nothing is deleted."""
    refused = run_admin(shared_server, "deletion", "create", *arguments, code=code)
    assert words in refused.stderr


def test_a_server_is_named_by_its_uuid(shared_server: ServerProcess) -> None:
    """In any case of its letters."""
    source = server_source()
    publish(shared_server, source, element())
    deletion = admin_json(
        shared_server,
        "deletion",
        "create",
        "--server",
        source.server.server_uuid.upper(),
        "--also-opt-out",
        "--wait",
    )
    assert {"table": "server", "rows": "1"} in deletion["tableCounts"]
    assert publish(shared_server, source, element()).accepted_count == 0
