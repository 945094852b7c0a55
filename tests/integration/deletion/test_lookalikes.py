"""Subjects that look alike: new ones are refused, old ones can be deleted, and a dry run names them."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.admin import admin, run_admin
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    ingest,
    publish,
    refusal,
)
from tests.support.deletions import PATIENCE, company, create, delete, is_postgres, kept

from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataRequest
from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard.admin.v1.subject_pb2 import DeploymentRef, Subject, UserRef
from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest as Status
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

OLD = "old\N{ZERO WIDTH SPACE} "
RULE = "contains a format character"


def execute(server: ServerProcess, statement: str, *parameters: str) -> None:
    """Change rows beside the running server."""
    if is_postgres(server):
        server.query(f"{statement} RETURNING 1", *parameters)
        return
    with closing(sqlite3.connect(server.database, timeout=PATIENCE)) as database, database:
        database.execute(statement, parameters)


def test_a_source_is_refused_by_field_and_rule(anywhere: ServerProcess) -> None:
    """By every RPC that names one and by the HTTP edge; nothing of it is stored, nor repeated."""
    source = deployment_source(OLD)
    preference = Preference(
        source=source, scope=Preference.SCOPE_DEPLOYMENT, preference=Preference.PREFERENCE_DISABLED
    )
    with ingest(anywhere) as stub:
        refusals = [
            refusal(lambda: publish(anywhere, source, element())),
            refusal(lambda: stub.GetCollectionStatus(Status(source=source), timeout=TIMEOUT)),
            refusal(lambda: stub.SetCollectionPreference(preference, timeout=TIMEOUT)),
        ]
    for refused in refusals:
        assert (refused.code, refused.details.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SOURCE_INVALID")
        assert "source.deployment.company_id" in refused.message
        assert RULE in refused.message
        assert OLD not in refused.seen
    body = {"source": {"deployment": {"solution": "s", "companyId": "a ", "deploymentId": "d"}}}
    status = urllib.request.Request(
        f"http://{anywhere.http_address}/v1/status", json.dumps(body).encode(), {"content-type": "text/plain"}
    )
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(status, timeout=30)
    with answered.value as answer:
        assert answer.code == 400
        assert "begins or ends with white space" in answer.read().decode()
    assert kept(anywhere, "company_id", OLD) == {}


def test_an_event_is_rejected_alone(anywhere: ServerProcess) -> None:
    """An identifier within an event costs that event only."""
    bad = element("10\n")
    answer = publish(anywhere, deployment_source("one bad event"), element(), bad)
    assert answer.accepted_count == 1
    (verdict,) = answer.verdicts
    assert (verdict.index, verdict.field) == (1, "element_stat.element_id")
    assert verdict.message == "element_stat.element_id: contains a control character"


def test_what_was_stored_before_the_rule_stays_an_administrators(anywhere: ServerProcess) -> None:
    """Opted out, exported, deleted: by the very id that no client may send any more."""
    publish(anywhere, deployment_source("stored before"), element())
    for table in ("source", "company", "deployment"):
        execute(anywhere, f"UPDATE {table} SET company_id = ? WHERE company_id = 'stored before'", OLD)
    with admin(anywhere) as stub:
        request = CreateOptOutRequest(subject=company(OLD))
        assert stub.CreateOptOut(request, timeout=TIMEOUT).opt_out.subject.company_id == OLD
        held = list(stub.ExportSubjectData(ExportSubjectDataRequest(subject=company(OLD)), timeout=TIMEOUT))
        assert held
    assert [one.company_id for one in create(anywhere, company("OLD"), validate_only=True).neighbours] == [
        OLD
    ]
    done = delete(anywhere, company(OLD))
    assert {count.table for count in done.table_counts} >= {"element_stat", "source", "company"}
    assert kept(anywhere, "company_id", OLD) == {}


def test_a_dry_run_names_neighbours(anywhere: ServerProcess) -> None:
    """Those that differ by case, form or spacing; of a user those of its deployment."""
    wide = "\N{FULLWIDTH LATIN SMALL LETTER A}cme"
    for name in ("acme", "Acme", "ac me", wide, "acmes"):
        publish(anywhere, deployment_source(name, "d1"), element())
    publish(anywhere, deployment_source("acme", "D1"), element())
    publish(anywhere, deployment_source("acme", "d2"), element())
    found = create(anywhere, company("acme"), validate_only=True).neighbours
    assert sorted(one.company_id for one in found) == sorted(["Acme", "ac me", wide])
    assert [one.company_id for one in create(anywhere, company("ACMES"), validate_only=True).neighbours] == [
        "acmes"
    ]

    alike = [("Acme", "d1"), ("ac me", "d1"), (wide, "d1"), ("acme", "D1")]
    for subject in (
        Subject(deployment=DeploymentRef(company_id="acme", deployment_id="d1")),
        Subject(user=UserRef(company_id="acme", deployment_id="d1", user_id="u")),
    ):
        found = create(anywhere, subject, validate_only=True).neighbours
        assert sorted((one.deployment.company_id, one.deployment.deployment_id) for one in found) == sorted(
            alike
        )
    shown = run_admin(anywhere, "deletion", "create", "--company", "acme", "--dry-run").stdout
    assert 'company "Acme"' in shown
    assert r'company "\uff41cme"' in shown


def test_at_most_20_neighbours_are_named(anywhere: ServerProcess) -> None:
    """However many there are, and however many pages of others lie between."""
    name = "manyalike"
    spellings = [
        f"{name[:n].upper()}{name[n : n + m]} {name[n + m :]}" for n in range(4) for m in range(1, 9 - n)
    ]
    for spelling in dict.fromkeys(spellings):
        publish(anywhere, deployment_source(spelling), element())
    assert len(create(anywhere, company(name), validate_only=True).neighbours) == 20
