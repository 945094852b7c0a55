"""`aboveboard admin opt-out` and `aboveboard admin audit`, as an operator uses them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.support.admin import admin_json, run_admin
from tests.support.clients import deployment_source, element, new_id, publish, server_source
from tests.support.preferences import DISABLED, ENABLED, NO_TOKEN, SERVER, TOKEN, set_preference

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def test_an_operator_sets_finds_and_lifts_an_opt_out(either_server: ServerProcess) -> None:
    """`create` stops a company at once, `list` finds it by its state, `revoke` lets it send again."""
    company = new_id()
    source = deployment_source(company)
    run_admin(either_server, "opt-out", "create", "--company", company, "--reference", "T-[1]")
    assert publish(either_server, source, element()).accepted_count == 0

    active = admin_json(either_server, "opt-out", "list", "--state", "active")["optOuts"]
    (made,) = [opt_out for opt_out in active if opt_out["subject"] == {"companyId": company}]
    assert (made["reference"], made["state"]) == ("T-[1]", "STATE_ACTIVE")
    shown = run_admin(either_server, "opt-out", "list").stdout
    assert f"company {company}" in shown
    assert "T-[1]" in shown

    run_admin(either_server, "opt-out", "revoke", made["optOutId"])
    assert publish(either_server, source, element()).accepted_count == 1
    revoked = admin_json(either_server, "opt-out", "list", "--state", "revoked")["optOuts"]
    assert made["optOutId"] in [opt_out["optOutId"] for opt_out in revoked]

    entries = admin_json(either_server, "audit")["auditEntries"]
    acts = [entry["action"] for entry in entries if entry["subjectDigest"] == made["subjectDigest"]]
    assert acts == ["RevokeOptOut", "CreateOptOut"]
    assert company not in run_admin(either_server, "audit").stdout
    assert "none changed or missing" in run_admin(either_server, "audit", "--verify").stdout
    assert admin_json(either_server, "audit", "--verify")["faults"] == []


def test_a_wrong_use_is_told_and_asks_nobody(either_server: ServerProcess) -> None:
    """Options that name no subject are a usage error; what the server refuses is one line with its field."""
    wrong = run_admin(either_server, "opt-out", "create", "--user", "u", code=2)
    assert "--company" in wrong.stderr
    refused = run_admin(either_server, "opt-out", "create", "--server", "no-uuid", code=1)
    assert "subject.server_uuid" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_what_sources_set_since_a_time_is_listed_and_lifted_together(server: ServerProcess) -> None:
    """After a flood: `--self-service --since` finds what is in force, and lifts it; older ones stay."""
    older, administrators, lifted = server_source(), server_source(), server_source()
    flood = [server_source() for _ in range(3)]
    set_preference(server, older, SERVER, DISABLED)
    since = datetime.now(UTC).isoformat()
    run_admin(server, "opt-out", "create", "--server", administrators.server.server_uuid)
    for source in (*flood, lifted):
        set_preference(server, source, SERVER, DISABLED, token=NO_TOKEN if source is flood[0] else TOKEN)
    set_preference(server, lifted, SERVER, ENABLED)
    chosen = ("--self-service", "--since", since)

    def listed(*flags: str) -> set[str]:
        found = admin_json(server, "opt-out", "list", *flags)["optOuts"]
        return {opt_out["subject"]["serverUuid"] for opt_out in found}

    uuids = {source.server.server_uuid for source in flood}
    assert listed(*chosen) == uuids | {lifted.server.server_uuid}
    assert listed("--self-service") == listed(*chosen) | {older.server.server_uuid}
    assert listed("--since", since) == listed(*chosen) | {administrators.server.server_uuid}

    would = admin_json(server, "opt-out", "revoke", *chosen, "--dry-run")["optOuts"]
    assert {opt_out["subject"]["serverUuid"] for opt_out in would} == uuids
    assert sorted(opt_out["hasPreferenceToken"] for opt_out in would) == [False, True, True]
    unasked = run_admin(server, "opt-out", "revoke", *chosen, code=2)
    assert "--yes" in unasked.stderr
    assert listed("--state", "active") == uuids | {
        older.server.server_uuid,
        administrators.server.server_uuid,
    }
    assert "3 lifted." in run_admin(server, "opt-out", "revoke", *chosen, "--yes").stdout
    assert all(publish(server, source, element()).accepted_count == 1 for source in flood)
    assert listed("--state", "active") == {older.server.server_uuid, administrators.server.server_uuid}
    assert "0 lifted." in run_admin(server, "opt-out", "revoke", *chosen, "--yes").stdout


def test_revoke_takes_an_id_or_both_flags(shared_server: ServerProcess) -> None:
    """Anything else is a usage error, and so is a time that is none."""
    for flags in (
        (),
        ("--self-service",),
        ("--since", "2026-01-01"),
        ("--dry-run",),
        (new_id(), "--self-service", "--since", "2026-01-01"),
        ("--self-service", "--since", "yesterday"),
    ):
        run_admin(shared_server, "opt-out", "revoke", *flags, "--yes", code=2)
