"""An unmodified Testsigma server is a client: what it sends and what its page shows has typed columns."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.documents import SOURCE_COLUMNS, TESTSIGMA, Document, as_json
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, element, held, new_id, publish, server_source, status, told
from tests.support.http_clients import JSON, PREFERENCE, TEXT, call, post, server_json
from tests.support.keys import write_key
from tests.support.preferences import opt_out_rows
from tests.support.server import ServerProcess

from aboveboard.admin.v1.opt_out_pb2 import RevokeOptOutRequest
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus
from aboveboard_server.http_edge.testsigma import STATS
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.http_clients import HttpAnswer

UP = 1_641_816_988_000  # 2022-01-10T12:16:28Z in milliseconds

# What its client sends, by route: ids are numbers, what is null is left out. Recorded from its source.
RECORDED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "servers": (
        {"serverVersion": "1.0.0", "serverOs": "LINUX", "lastUpTime": UP},
        {"server_version": "1.0.0", "server_os": "LINUX", "last_up_time": UP * 1000, "trigger": None},
    ),
    "stats/test_case": (
        {"eventType": "CREATE", "testCaseId": 10},
        {"change_type": "CREATE", "test_case_id": "10"},
    ),
    "stats/test_suite": (
        {"eventType": "UPDATE", "testSuiteId": 4_294_967_296},
        {"change_type": "UPDATE", "test_suite_id": "4294967296"},
    ),
    "stats/test_step": (
        {"eventType": "DELETE", "testStepId": 10, "testCaseId": 20},
        {"change_type": "DELETE", "test_step_id": "10", "test_case_id": "20"},
    ),
    "stats/test_data": (
        {"eventType": "CREATE", "testDataId": 10},
        {"change_type": "CREATE", "test_data_id": "10"},
    ),
    "stats/element": (
        {"eventType": "CREATE", "elementId": 10},
        {"change_type": "CREATE", "element_id": "10"},
    ),
    "stats/upload": (
        {"eventType": "CREATE", "uploadId": 10, "uploadExtension": "apk"},
        {"change_type": "CREATE", "upload_id": "10", "upload_extension": "apk"},
    ),
    "stats/environment": (
        {"eventType": "CREATE", "environmentId": 10},
        {"change_type": "CREATE", "environment_id": "10"},
    ),
    # The client sends a lab type here, which the page does not name: it has no column, and is not kept.
    "stats/test_plan": (
        {
            "eventType": "CREATE",
            "testPlanId": 10,
            "testPlanLabType": "Hybrid",
            "applicationType": "WebApplication",
            "entityType": "TEST_PLAN",
        },
        {
            "change_type": "CREATE",
            "test_plan_id": "10",
            "application_type": "WebApplication",
            "test_plan_type": None,
            "entity_type": "TEST_PLAN",
        },
    ),
    "stats/test_plan_run": (
        {
            "eventType": "CREATE",
            "testPlanRunId": 10,
            "testPlanType": "ADHOC_TEST_PLAN",
            "applicationType": "MobileNative",
            "testPlanLabType": "Hybrid",
        },
        {
            "change_type": "CREATE",
            "test_plan_run_id": "10",
            "application_type": "MobileNative",
            "test_plan_type": "ADHOC_TEST_PLAN",
            "test_plan_lab_type": "Hybrid",
        },
    ),
    "stats/agent": (
        {"eventType": "CREATE", "agentId": 10, "agentOs": "LINUX"},
        {"change_type": "CREATE", "agent_id": "10", "agent_os": "LINUX"},
    ),
    "stats/agent_device": (
        {"eventType": "CREATE", "agentDeviceId": 10, "agentDeviceOs": "ANDROID"},
        {"change_type": "CREATE", "agent_device_id": "10", "agent_device_os": "ANDROID"},
    ),
}


def send(
    server: ServerProcess, route: str, document: Mapping[str, Any], server_uuid: str, prefix: str = ""
) -> HttpAnswer:
    """Send a document as the client does: application/json, and nothing asked of the answer."""
    body = json.dumps(document)
    if route == "servers":
        return call(server, "PUT", f"{prefix}/api_public/servers/{server_uuid}", body, JSON)
    return call(server, "POST", f"{prefix}/api_public/{route}", body, JSON)


def stored(server: ServerProcess, table: str, columns: list[str], server_uuid: str) -> dict[str, Any]:
    """Return those columns of the one row of a server in a table."""
    names = ", ".join(f'{table}."{column}"' for column in columns)
    (row,) = server.query(
        f"SELECT {names} FROM {table} JOIN source USING (source_id) WHERE server_uuid = ?", server_uuid
    )
    return dict(zip(columns, row, strict=True))


def table_of(route: str) -> str:
    """Return the table that a route's events lie in."""
    return "server_ping" if route == "servers" else f"{route.removeprefix('stats/')}_stat"


@pytest.fixture(scope="module")
def page_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that has the page's own server as its only source."""
    process = ServerProcess(tmp_path_factory.mktemp("page"))
    process.start()
    yield process
    process.kill()


def test_every_route_is_recorded() -> None:
    """The eleven statistics and the ping are all there, each the event of its name."""
    assert RECORDED.keys() == {"servers", *(f"stats/{name}" for name in STATS)}
    assert {table_of(route) for route in RECORDED} <= {event.name for event in catalog.default().events}


@pytest.fixture(scope="module")
def key(shared_server: ServerProcess) -> str:
    """A write key of the product."""
    return write_key(shared_server, solution="Testsigma")


@pytest.mark.parametrize("prefix", ["", "/k/{key}"])
@pytest.mark.parametrize("route", RECORDED)
def test_what_the_client_sends_lands_in_typed_columns(
    shared_server: ServerProcess, key: str, route: str, prefix: str
) -> None:
    """Each recorded request is one row, its id and time made by the edge, and a status below 300."""
    server_uuid = new_id()
    document, columns = RECORDED[route]
    before = time.time_ns() // 1_000
    sent = {**document, "serverUuid": server_uuid}
    answer = send(shared_server, route, sent, server_uuid, prefix.format(key=key))
    after = time.time_ns() // 1_000
    assert (answer.status, answer.text) == (200, "ok\n")
    assert answer.headers["content-type"].startswith("text/plain")
    made = ["event_id", "occurred_at", "received_at"]
    row = stored(shared_server, table_of(route), [*columns, *made], server_uuid)
    assert {name: row[name] for name in columns} == columns
    assert row["event_id"][14] == "7"
    # It cannot say its product; its key does.
    product = shared_server.query("SELECT solution FROM source WHERE server_uuid = ?", server_uuid)
    assert product == [("Testsigma" if prefix else None,)]
    assert before <= row["occurred_at"] <= row["received_at"] <= after


@pytest.mark.parametrize("document", TESTSIGMA, ids=[document.name for document in TESTSIGMA])
def test_what_the_page_shows_lands_in_the_same_columns(
    page_server: ServerProcess, document: Document
) -> None:
    """Each sample of the page, word for word but for its comma, is the row that it is over gRPC."""
    values = as_json(document.text)
    route = "servers" if document.table == "server_ping" else f"stats/{document.table.removesuffix('_stat')}"
    answer = send(page_server, route, values, values["serverUuid"])
    assert answer.status == 200
    made_by_the_edge = {"event_id", "occurred_at", "trigger"}
    expected = {name: value for name, value in document.columns.items() if name not in made_by_the_edge}
    assert stored(page_server, document.table, list(expected), values["serverUuid"]) == expected
    source = page_server.query(f"SELECT {', '.join(SOURCE_COLUMNS)} FROM source")
    assert source == [tuple(document.source_columns[name] for name in SOURCE_COLUMNS)]


@pytest.mark.parametrize(
    ("said", "micros"),
    [
        (UP, UP * 1000),
        ("2022-01-10 12:16:28", UP * 1000),
        ("2022-01-10 12:16:28.25", UP * 1000 + 250_000),
        ("2022-01-10T12:16:28Z", UP * 1000),
        ("2022-01-10T13:16:28.000+01:00", UP * 1000),
        ("2022-01-10T12:16:28.000+0000", UP * 1000),
        (None, None),
    ],
)
def test_every_way_to_write_a_time(shared_server: ServerProcess, said: Any, micros: int | None) -> None:
    """Epoch milliseconds, the page's spelling in UTC and RFC 3339 are one time."""
    server_uuid = new_id()
    assert send(shared_server, "servers", {"lastUpTime": said}, server_uuid).status == 200
    row = stored(shared_server, "server_ping", ["last_up_time", "server_os"], server_uuid)
    assert row == {"last_up_time": micros, "server_os": None}


def test_unlisted_values_are_stored(shared_server: ServerProcess) -> None:
    """An event type nobody listed is OTHER, an operating system nobody listed itself, a new key nothing."""
    server_uuid = new_id()
    document = {"serverUuid": server_uuid, "eventType": "MOVE", "agentId": "7", "agentOs": "HAIKU", "new": {}}
    assert send(shared_server, "stats/agent", document, server_uuid).status == 200
    columns = ["change_type", "agent_id", "agent_os"]
    assert stored(shared_server, "agent_stat", columns, server_uuid) == {
        "change_type": "OTHER",
        "agent_id": "7",
        "agent_os": "HAIKU",
    }


def test_no_consent_is_an_opt_out(shared_server: ServerProcess) -> None:
    """`consent: false` stores nothing from then on, the ping itself included; the client is still told 200.

    `consent: true` comes with every ping, unasked, and lifts nothing; an administrator does.
    """
    source = server_source()
    server_uuid = source.server.server_uuid
    assert (
        send(shared_server, "servers", {"consent": True, "consentRequestDone": True}, server_uuid).status
        == 200
    )
    assert send(shared_server, "servers", {"consent": False}, server_uuid).status == 200
    assert status(shared_server, source).state == CollectionStatus.STATE_DISABLED
    change = {"serverUuid": server_uuid, "eventType": "CREATE", "elementId": 1}
    assert send(shared_server, "servers", {"consent": True}, server_uuid).status == 200
    assert send(shared_server, "stats/element", change, server_uuid).status == 200
    assert told(publish(shared_server, source, element()).verdicts)[0][1] == "OPTED_OUT"
    assert held(shared_server, source) == {"server_ping": 1}
    asked = {"source": server_json(server_uuid), "scope": "SCOPE_SERVER", "preference": "PREFERENCE_ENABLED"}
    assert post(shared_server, PREFERENCE, asked, TEXT).status == 403
    (refusal,) = opt_out_rows(shared_server, source)
    with admin(shared_server) as stub:
        stub.RevokeOptOut(RevokeOptOutRequest(opt_out_id=refusal["opt_out_id"]), timeout=TIMEOUT)
    assert send(shared_server, "stats/element", change, server_uuid).status == 200
    assert held(shared_server, source) == {"server_ping": 1, "element_stat": 1}


@pytest.mark.parametrize(
    ("route", "document", "text"),
    [
        ("stats/element", "[]", "must be an object"),
        ("stats/element", '{"a":1,"a":1}', "has a key twice"),
        ("stats/element", "{", "not JSON"),
        ("stats/element", '{"eventType":"CREATE","elementId":1}', "source.server.server_uuid: required"),
        ("stats/element", '{"serverUuid":"x","eventType":"CREATE","elementId":1}', "not a UUID"),
        ("stats/element", '{"serverUuid":"UUID","eventType":"CREATE"}', "element_stat.element_id: required"),
        ("stats/element", '{"serverUuid":"UUID","elementId":1}', "element_stat.change_type: required"),
        ("stats/element", '{"serverUuid":"UUID","eventType":{},"elementId":1}', "eventType: must be"),
        ("stats/element", '{"serverUuid":"UUID","eventType":"CREATE","elementId":1.5}', "elementId: must be"),
        ("stats/element", '{"serverUuid":"UUID","eventType":"CREATE","elementId":true}', "elementId: must"),
        ("stats/element", '{"serverUuid":"UUID","eventType":"CREATE","elementId":NaN}', "elementId: is NaN"),
        ("stats/element", '{"serverUuid":"UUID","eventType":"CREATE","elementId":"\\ud800"}', "elementId"),
        ("stats/element", '{"serverUuid":"UUID","eventType":"CREATE","elementId":"\\u0000"}', "U+0000"),
        ("servers", '{"serverUuid":"0195f3d8-7165-11ec-8d28-000000000000"}', "serverUuid: must be the UUID"),
        ("servers", '{"lastUpTime":"yesterday"}', "lastUpTime: must be"),
        ("servers", '{"lastUpTime":"2022-02-30 00:00:00"}', "lastUpTime: must be"),
        ("servers", '{"lastUpTime":99999999999999999999}', "lastUpTime: must be"),
        ("servers", '{"lastUpTime":0}', "not within the years 2000 to 2100"),
        ("servers", '{"consent":"no"}', "consent: must be true or false"),
    ],
)
def test_a_broken_document_is_one_line(
    shared_server: ServerProcess, route: str, document: str, text: str
) -> None:
    """What cannot be read or stored is a 4xx with one line that names the key, and stores nothing."""
    source = server_source()
    server_uuid = source.server.server_uuid
    path = f"/api_public/servers/{server_uuid}" if route == "servers" else f"/api_public/{route}"
    method = "PUT" if route == "servers" else "POST"
    body = document.replace('"UUID"', f'"{server_uuid}"')
    answer = call(shared_server, method, path, body, JSON)
    assert 400 <= answer.status < 500
    assert text in answer.text
    assert answer.text.count("\n") == 1
    assert held(shared_server, source) == {}


@pytest.mark.parametrize(
    ("method", "path", "content_type", "code"),
    [
        ("POST", "/api_public/servers/0195f3d8-7165-11ec-8d28-2641d35f62cd", JSON, 405),
        ("PUT", "/api_public/stats/element", JSON, 405),
        ("POST", "/api_public/stats/integration", JSON, 404),
        ("POST", "/api_public/stats/element", TEXT, 415),
        ("PUT", "/api_public/servers/x", JSON, 400),
    ],
)
def test_another_way_to_ask(
    shared_server: ServerProcess, method: str, path: str, content_type: str, code: int
) -> None:
    """Another method, another route and another content type are refused as everywhere."""
    assert call(shared_server, method, path, "{}", content_type).status == code


def test_pages_have_no_business_here(shared_server: ServerProcess) -> None:
    """The routes are for servers: no page of another origin may read their answers."""
    answer = call(shared_server, "POST", "/api_public/stats/element", "{}", JSON, Origin="https://x.example")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
