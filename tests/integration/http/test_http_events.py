"""POST /v1/events, /v1/status and /v1/preference are the service's RPCs, for browsers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf import json_format
from tests.support.clients import (
    deployment_source,
    element,
    held,
    new_id,
    ping,
    publish,
    request,
    server_source,
    status,
    told,
)
from tests.support.http_clients import (
    EVENTS,
    JSON,
    PREFERENCE,
    PROTOBUF,
    STATUS,
    TEXT,
    call,
    element_json,
    ping_json,
    post,
    request_json,
    server_json,
)
from tests.support.preferences import TOKEN

from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

DISABLED = "PREFERENCE_DISABLED"
ENABLED = "PREFERENCE_ENABLED"


@pytest.mark.parametrize("content_type", [TEXT, "text/plain", JSON, "Application/JSON; charset=utf-8"])
def test_a_beacon_is_stored_and_answered_without_a_word(
    shared_server: ServerProcess, content_type: str
) -> None:
    """What sendBeacon sends is durable when it is answered 204, with an empty body."""
    source = server_source()
    document = request_json(server_json(source.server.server_uuid), element_json(), ping_json())
    answer = post(shared_server, EVENTS, document, content_type, accept="*/*")
    assert (answer.status, answer.body) == (204, b"")
    assert held(shared_server, source) == {"element_stat": 1, "ping": 1}


def test_protobuf_is_taken_as_it_is(shared_server: ServerProcess) -> None:
    """A request's bytes are taken as over gRPC, one broken event's verdict included."""
    source = server_source()
    good, broken = element(), element("BROKEN")
    data = request(source, [good, broken]).SerializeToString().replace(b"BROKEN", b"BRO\xff\xff\xff")
    answer = call(shared_server, "POST", EVENTS, data, PROTOBUF, accept=JSON)
    assert told(answer.published.verdicts) == [(1, "REJECTED", "MALFORMED", "")]
    assert held(shared_server, source) == {"element_stat": 1}


def test_verdicts_are_told_to_who_asks_for_json(shared_server: ServerProcess) -> None:
    """The answer is the ProtoJSON of PublishEventsResponse, with every field a client may look for."""
    event = element_json(elementStat={"elementId": "10"})
    document = request_json(server_json(new_id()), element_json(), event)
    answer = post(shared_server, EVENTS, document, TEXT, accept="text/html, application/json;q=0.9")
    assert (answer.status, answer.headers["content-type"]) == (200, JSON)
    told_as_json = json.loads(answer.body)
    assert told_as_json["acceptedCount"] == 1
    assert told_as_json["verdicts"] == [
        {
            "index": 1,
            "eventId": event["eventId"],
            "outcome": "OUTCOME_REJECTED",
            "reason": "REJECTION_REASON_FIELD_REQUIRED",
            "field": "element_stat.change_type",
            "message": "element_stat.change_type: required",
        }
    ]
    assert told_as_json["collectionStatus"]["state"] == "STATE_ENABLED"
    assert told_as_json["collectionStatus"]["notice"] == ""


def test_values_land_as_over_grpc(shared_server: ServerProcess) -> None:
    """The same events, sent as protobuf and as JSON, become the same rows."""
    rows = []
    event = ping("Started", {"n": 1.5, "l": [1, None, {"t": True}], "s": "é😀"}, sequence=7)
    event.occurred_at.FromJsonString("2026-07-13T12:00:00.123456Z")
    source = deployment_source(new_id(), user_id="u1", instance_id="tab", version="4.1.3")
    for through_http in (False, True):
        event.event_id = new_id()
        message = request(source, [event])
        if through_http:
            assert post(shared_server, EVENTS, json_format.MessageToJson(message), TEXT).status == 200
        else:
            assert publish(shared_server, source, event).accepted_count == 1
        rows += shared_server.query(
            "SELECT occurred_at, sequence, event_name, payload, category, user_id, instance_id, version"
            " FROM ping JOIN source USING (source_id) WHERE event_id = ?",
            event.event_id,
        )
    # The keys of a map come in no order.
    over_grpc, over_http = ([*row[:3], json.loads(row[3]), *row[4:]] for row in rows)
    assert over_grpc == over_http


def test_the_same_id_through_both_doors_is_stored_once(shared_server: ServerProcess) -> None:
    """An event sent over gRPC and again over HTTP, or the other way round, is one row and DUPLICATE."""
    source = server_source()
    as_json = server_json(source.server.server_uuid)
    first, second = new_id(), new_id()
    assert publish(shared_server, source, element(event_id=first)).accepted_count == 1
    again = post(shared_server, EVENTS, request_json(as_json, element_json(first), element_json(second)))
    assert told(again.published.verdicts) == [(0, "DUPLICATE", "UNSPECIFIED", "")]
    assert told(publish(shared_server, source, element(event_id=second)).verdicts) == [
        (0, "DUPLICATE", "UNSPECIFIED", "")
    ]
    assert held(shared_server, source) == {"element_stat": 2}


def test_an_opted_out_source_stores_nothing(shared_server: ServerProcess) -> None:
    """What an opted-out source sends is answered 204, or OPTED_OUT, and nothing of it is stored."""
    source = server_source()
    as_json = server_json(source.server.server_uuid)
    token = base64.b64encode(TOKEN).decode()
    asked = {
        "source": as_json,
        "scope": "SCOPE_SERVER",
        "preference": DISABLED,
        "preferenceToken": token,
    }
    answer = post(shared_server, PREFERENCE, asked, TEXT)
    assert (answer.status, json.loads(answer.body)["collectionStatus"]["state"]) == (200, "STATE_DISABLED")
    assert status(shared_server, source).state == CollectionStatus.STATE_DISABLED
    document = request_json(as_json, element_json(), {"broken": 1})
    assert post(shared_server, EVENTS, document, TEXT, accept=None).status == 204
    published = post(shared_server, EVENTS, document, TEXT).published
    assert [outcome for _, outcome, _, _ in told(published.verdicts)] == ["OPTED_OUT", "OPTED_OUT"]
    assert published.collection_status.state == CollectionStatus.STATE_DISABLED
    assert held(shared_server, source) == {}
    back = post(shared_server, PREFERENCE, {**asked, "preference": ENABLED})
    assert json.loads(back.body)["collectionStatus"]["state"] == "STATE_ENABLED"
    assert post(shared_server, EVENTS, request_json(as_json, element_json())).published.accepted_count == 1


def test_status_is_told(shared_server: ServerProcess) -> None:
    """A browser asks whether it may collect, and is told as over gRPC."""
    answer = post(shared_server, STATUS, {"source": server_json(new_id())}, TEXT, accept="*/*")
    told_as_json = json.loads(answer.body)["collectionStatus"]
    assert told_as_json["state"] == "STATE_ENABLED"
    assert told_as_json["categories"] == ["CATEGORY_INTERACTION", "CATEGORY_TECHNICAL"]
    assert told_as_json["pingInterval"] == "43200s"


@pytest.mark.parametrize("path", [EVENTS, STATUS, PREFERENCE])
def test_pages_of_any_origin_may_call(shared_server: ServerProcess, path: str) -> None:
    """Every answer may be read by any origin, without credentials; a preflight is told what may be sent."""
    origin = {"Origin": "https://product.example"}
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type"}
    preflight = call(shared_server, "OPTIONS", path, **origin, **asked)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert preflight.headers["access-control-allow-headers"] == "content-type"
    refused = call(shared_server, "POST", path, "{", JSON, **origin)
    assert refused.status == 400
    for answer in (preflight, refused):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", [EVENTS, "/healthz", "/readyz", "/nothing/here"])
def test_no_cookie_is_set_and_nothing_may_be_embedded(shared_server: ServerProcess, path: str) -> None:
    """Every answer forbids what an answer could do in a browser; a cookie is neither set nor of effect."""
    answer = call(shared_server, "GET", path, Cookie="session=1")
    assert "set-cookie" not in answer.headers
    assert "vary" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
