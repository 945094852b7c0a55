"""`aboveboard admin opt-out` and `aboveboard admin audit`, as an operator uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.admin import admin_json, run_admin
from tests.support.clients import deployment_source, element, new_id, publish

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
