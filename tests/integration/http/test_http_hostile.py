"""Hostile input over HTTP: one line of reason for a broken envelope, a verdict for a broken event."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.clients import TIMEOUT, element, held, new_id, publish, server_source, told
from tests.support.http_clients import (
    EVENTS,
    JSON,
    PREFERENCE,
    STATUS,
    TEXT,
    call,
    element_json,
    exchange,
    ping_json,
    post,
    request_json,
    server_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.http_clients import HttpAnswer
    from tests.support.server import ServerProcess

LIMIT = 64 * 1024
UUID = "0195f3d8-7165-11ec-8d28-000000000666"
SOURCE = server_json(UUID)


@pytest.fixture(autouse=True)
def _goes_on(shared_server: ServerProcess) -> Iterator[None]:
    """Whatever a test has sent, the same server then takes a good event."""
    process = shared_server.pid
    yield
    source = server_source()
    document = request_json(server_json(source.server.server_uuid), element_json())
    assert post(shared_server, EVENTS, document).published.accepted_count == 1
    assert publish(shared_server, source, element()).accepted_count == 1
    assert shared_server.pid == process


def refused(server: ServerProcess, answer: HttpAnswer, code: int, reason: str, text: str = "") -> None:
    """See that an answer is one line that names the reason, and nothing from inside the server."""
    assert answer.status == code, answer.seen
    assert answer.text.startswith(f"{reason}: "), answer.text
    assert answer.text.endswith("\n")
    assert answer.text.count("\n") == 1
    assert text in answer.text
    for inside in ("Traceback", ".py", "Error(", "google", "line "):
        assert inside not in answer.text
    assert held(server, server_source(UUID)) == {}


def nested(depth: int) -> str:
    """Return a JSON value of that depth."""
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def document(*events: str, source: str = json.dumps(SOURCE), more: str = "") -> str:
    """Return a request, from parts that are JSON already, or are meant not to be."""
    return f'{{"source":{source},"events":[{",".join(events)}]{more}}}'


def keys(count: int) -> str:
    """Return an object with so many keys, as short as they can be."""
    return "{" + ",".join(f'"{number:x}":1' for number in range(count)) + "}"


GOOD = json.dumps(element_json())
# More than Python turns into a number.
DIGITS = "9" * 4_301
BROKEN_ENVELOPES = {
    "nothing": ("", "not JSON"),
    "not JSON": ("}", "not JSON"),
    "two documents": (document(GOOD) * 2, "not JSON"),
    "a comma too many": ('{"events":[],}', "not JSON"),
    "a list": ("[]", "must be an object"),
    "a text": ('"x"', "must be an object"),
    "null": ("null", "must be an object"),
    "a duplicate key": (document(GOOD, more=f',"source":{json.dumps(SOURCE)}'), "has a key twice"),
    "a duplicate key in the source": (document(GOOD, source='{"server":{},"server":{}}'), "has a key twice"),
    "NaN": (document(GOOD, more=',"sentAt":NaN'), "sent_at: is NaN or infinite"),
    "a NaN of its own": ("NaN", "is NaN or infinite"),
    "a lone surrogate": (document(GOOD, more=',"writeKey":"\\ud800"'), "write_key: holds half"),
    "an unknown field": (document(GOOD, more=',"secret":1'), "has a field that this server does not know"),
    "an unknown field, deep": (document(GOOD, more=f',"x":{nested(16)}'), "does not know"),
    "depth 17": (document(GOOD, source=nested(16)), "source: has a field"),
    "very deep": ('{"a":' * 5_000 + "1" + "}" * 5_000, "nests too deep"),
    "a source that is a text": (document(GOOD, source='"x"'), "source: must be an object"),
    "a source of two kinds": (document(GOOD, source='{"server":{},"deployment":{}}'), "source.origin"),
    "a source that is a number": (
        document(GOOD, source='{"server":{"serverUuid":5}}'),
        "source.server.server_uuid: must be a text",
    ),
    "events that are an object": ('{"events":{}}', "events: must be a list"),
    "events of another type": ('{"events":5}', "events: must be a list"),
    "a number with too many digits": (document(GOOD, more=f',"sentAt":{DIGITS}'), "sent_at: has too many"),
    "an unknown number with too many digits": (document(GOOD, more=f',"x":{DIGITS}'), "does not know"),
    "nothing but digits": (DIGITS, "has too many digits"),
    "events that are digits": (f'{{"events":-{DIGITS}}}', "events: has too many digits"),
    "bytes that are not UTF-8": (b'{"writeKey":"\xff"}', "not UTF-8"),
    "UTF-16": ('{"events":[]}'.encode("utf-16"), "not UTF-8"),
    "a control character": ('{"writeKey":"\0"}', "not JSON"),
    "6,000 keys": (keys(6_000), "does not know"),
}


@pytest.mark.parametrize(("body", "text"), BROKEN_ENVELOPES.values(), ids=BROKEN_ENVELOPES.keys())
def test_a_broken_envelope_is_refused_in_one_line(
    shared_server: ServerProcess, body: str | bytes, text: str
) -> None:
    """What is around the events cannot be read: 400, what is wrong in words, and nothing is stored."""
    answer = post(shared_server, EVENTS, body, TEXT, accept="*/*")
    refused(shared_server, answer, 400, "MALFORMED_REQUEST", text)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (document(GOOD, source="null"), "SOURCE_MISSING"),
        (document(GOOD, source="{}"), "SOURCE_MISSING"),
        (document(GOOD, source='{"server":{"serverUuid":"x"}}'), "SOURCE_INVALID"),
        (document(), "EVENTS_MISSING"),
        (document(*["{}"] * 1_001), "TOO_MANY_EVENTS"),
    ],
)
def test_the_services_own_refusals(shared_server: ServerProcess, body: str, reason: str) -> None:
    """What the service refuses as a whole over gRPC it refuses over HTTP, with the same reason."""
    refused(shared_server, post(shared_server, EVENTS, body, JSON, accept=None), 400, reason)


def test_a_refusal_as_json(shared_server: ServerProcess) -> None:
    """A client that asks for JSON gets reason, field and text apart."""
    answer = post(shared_server, STATUS, {"source": {"server": {"serverUuid": "x"}}})
    assert answer.status == 400
    assert json.loads(answer.body) == {
        "reason": "SOURCE_INVALID",
        "field": "source.server.server_uuid",
        "message": "source.server.server_uuid: not a UUID",
    }


BROKEN_EVENTS: dict[str, tuple[Any, str, str]] = {
    "null": (None, "MALFORMED", ""),
    "a text": ("x", "MALFORMED", ""),
    "an unknown field": (element_json(unknown=1), "MALFORMED", ""),
    "an unknown event": (element_json(unknownStat={}), "MALFORMED", ""),
    "two events": (element_json(environmentStat={"environmentId": "1"}), "MALFORMED", "event"),
    "an id that is none": (element_json("x"), "NOT_A_UUID", "event_id"),
    "an id that is a number": (element_json(eventId=5), "MALFORMED", "event_id"),
    "a time that is a number": (element_json(occurredAt=5), "MALFORMED", "occurred_at"),
    "a time that is none": (element_json(occurredAt="2026-02-30T00:00:00Z"), "MALFORMED", "occurred_at"),
    "a time of long ago": (
        element_json(occurredAt="1999-12-31T23:59:59Z"),
        "TIME_OUT_OF_RANGE",
        "occurred_at",
    ),
    "a sequence that is negative": (element_json(sequence=-1), "MALFORMED", "sequence"),
    "a sequence that is a truth": (element_json(sequence=True), "MALFORMED", "sequence"),
    "an enum that is a truth": (
        element_json(elementStat={"elementId": "1", "changeType": True}),
        "MALFORMED",
        "element_stat.change_type",
    ),
    "an enum of another name": (
        element_json(elementStat={"elementId": "1", "changeType": "CHANGE_TYPE_NEW"}),
        "MALFORMED",
        "element_stat.change_type",
    ),
    "U+0000": (
        element_json(elementStat={"elementId": "a\0b", "changeType": 1}),
        "NUL_CHARACTER",
        "element_stat.element_id",
    ),
    "U+0000 in a payload": (ping_json({"a": "\0"}), "NUL_CHARACTER", "ping.payload"),
    "a lone surrogate": (
        element_json(elementStat={"elementId": "\ud800", "changeType": 1}),
        "MALFORMED",
        "element_stat.element_id",
    ),
    "a lone surrogate in a payload": (ping_json({"a": ["\udc00"]}), "MALFORMED", "ping.payload"),
    "a lone surrogate in a key": (ping_json({"\udc00": 1}), "MALFORMED", "ping.payload"),
    "a payload that is a list": (ping_json([1]), "MALFORMED", "ping.payload"),
    "a payload with many keys": (
        ping_json({f"{n:x}": None for n in range(2_000)}),
        "TOO_LONG",
        "ping.payload",
    ),
    "a payload with 65 keys": (ping_json({str(n): 1 for n in range(65)}), "TOO_MANY_KEYS", "ping.payload"),
    "an unknown field of many digits": (element_json(unknown="DIGITS"), "MALFORMED", ""),
    "nothing but digits": ("DIGITS", "MALFORMED", ""),
    "an id of many digits": (element_json(eventId="DIGITS"), "MALFORMED", "event_id"),
    "a time of many digits": (element_json(occurredAt="DIGITS"), "MALFORMED", "occurred_at"),
    "a sequence of many digits": (element_json(sequence="DIGITS"), "MALFORMED", "sequence"),
    "an event of many digits": (element_json(elementStat="DIGITS"), "MALFORMED", "element_stat"),
    "a text of many digits": (
        element_json(elementStat={"elementId": "DIGITS", "changeType": 1}),
        "MALFORMED",
        "element_stat.element_id",
    ),
    "an enum of many digits": (
        element_json(elementStat={"elementId": "1", "changeType": "DIGITS"}),
        "MALFORMED",
        "element_stat.change_type",
    ),
    "a number beyond a double": (ping_json({"n": 10**400}), "MALFORMED", "ping.payload"),
}


@pytest.mark.parametrize(("event", "reason", "field"), BROKEN_EVENTS.values(), ids=BROKEN_EVENTS.keys())
def test_a_broken_event_costs_itself_alone(
    shared_server: ServerProcess, event: Any, reason: str, field: str
) -> None:
    """A broken event is REJECTED with reason and field; its neighbours are stored, and so counted."""
    between_neighbours(shared_server, json.dumps(event).replace('"DIGITS"', DIGITS), reason, field)


def test_a_field_under_both_of_its_names(shared_server: ServerProcess) -> None:
    """A field given as `eventId` and as `event_id` is refused: nobody knows which is meant."""
    event = {"event_id": new_id(), **element_json()}
    between_neighbours(shared_server, json.dumps(event), "MALFORMED", "event_id")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ('{"a":1,"a":2}', "MALFORMED"),
        ('{"a":NaN}', "MALFORMED"),
        ('{"a":[-Infinity]}', "MALFORMED"),
        ('{"a":1e999}', "NOT_FINITE"),
        (f'{{"a":{DIGITS}}}', "MALFORMED"),
        (f'{{"a":[0,-{DIGITS}]}}', "MALFORMED"),
        (DIGITS, "MALFORMED"),
        # The payload's own object has depth 5 in the document.
        (nested(5), "TOO_DEEP"),
        (nested(12), "TOO_DEEP"),
        (nested(13), "MALFORMED"),
        ("[" * 12 + "]" * 12, "MALFORMED"),
    ],
)
def test_what_json_lets_through_and_we_do_not(
    shared_server: ServerProcess, payload: str, reason: str
) -> None:
    """Duplicate keys, NaN, infinity and depth 17 inside an event cost that event alone."""
    event = json.dumps(ping_json("HERE")).replace('"HERE"', payload)
    between_neighbours(shared_server, event, reason, "ping.payload")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (STATUS, f'{{"source":{{"server":{{"serverUuid":{DIGITS}}}}}}}'),
        (PREFERENCE, f'{{"source":{json.dumps(SOURCE)},"scope":{DIGITS}}}'),
        ("/api_public/stats/element", f'{{"serverUuid":"{UUID}","elementId":{DIGITS},"eventType":"CREATE"}}'),
    ],
)
def test_a_number_of_any_length_where_there_is_no_event(
    shared_server: ServerProcess, path: str, body: str
) -> None:
    """The other routes name the field as well, and refuse the request."""
    answer = post(shared_server, path, body, JSON, accept=None)
    assert answer.status == 400, answer.seen
    assert answer.text.endswith(": has too many digits\n")


def between_neighbours(server: ServerProcess, event: str, reason: str, field: str) -> None:
    """Send an event between two good ones, and see what it is told and that they are stored."""
    source = server_source()
    neighbours = [json.dumps(element_json()) for _ in range(2)]
    body = document(
        neighbours[0], event, neighbours[1], source=json.dumps(server_json(source.server.server_uuid))
    )
    published = post(server, EVENTS, body, TEXT).published
    assert told(published.verdicts) == [(1, "REJECTED", reason, field)]
    (verdict,) = published.verdicts
    assert verdict.message
    assert published.accepted_count == 2
    assert held(server, source) == {"element_stat": 2}


def padded(size: int, source: dict[str, Any]) -> str:
    """Return a good request of exactly that many bytes."""
    body = json.dumps(request_json(source, element_json()))
    return body + " " * (size - len(body))


def test_64_kib_are_taken_and_not_one_byte_more(shared_server: ServerProcess) -> None:
    """A body of 64 KiB is stored, one of a byte more is 413, whether its length is declared or not."""
    taken = server_source()
    as_json = server_json(taken.server.server_uuid)
    assert post(shared_server, EVENTS, padded(LIMIT, as_json)).published.accepted_count == 1
    refused(
        shared_server,
        post(shared_server, EVENTS, padded(LIMIT + 1, SOURCE), TEXT, None),
        413,
        "REQUEST_TOO_LARGE",
    )
    chunks = [padded(LIMIT + 1, SOURCE).encode()[at : at + 1_000] for at in range(0, LIMIT + 1, 1_000)]
    answer = call(shared_server, "POST", EVENTS, chunks, TEXT)
    refused(shared_server, answer, 413, "REQUEST_TOO_LARGE", "65536")
    in_chunks = [padded(LIMIT, as_json).encode()[at : at + 1_000] for at in range(0, LIMIT, 1_000)]
    assert call(shared_server, "POST", EVENTS, in_chunks, TEXT).status == 204


@pytest.mark.parametrize("framing", [b"Content-Length: 100000000", b"Transfer-Encoding: chunked"])
def test_a_body_without_end_is_cut_off(shared_server: ServerProcess, framing: bytes) -> None:
    """Who sends on and on is answered 413 and cut off, and the server's memory stays as it was."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n" if b"chunked" in framing else b" " * 0x10000

    def endless() -> Iterator[bytes]:
        yield b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n" + framing + b"\r\n\r\n"
        for _ in range(1_000):
            yield chunk

    before = memory(shared_server)
    for _ in range(5):
        received = exchange(shared_server, endless())
        assert received.startswith(b"HTTP/1.1 413") or not received
    assert memory(shared_server) - before < 8 * 1024


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 200_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000,
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 40_000,
        b"\x16\x03\x01" + b"\0" * 200,
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["url", "header", "headers", "TLS", "two lengths", "no chunk"],
)
def test_a_head_without_end_or_sense_is_cut_off(shared_server: ServerProcess, head: bytes) -> None:
    """A head that is no HTTP, or never ends, closes the connection; at most one line is answered."""
    received = exchange(shared_server, head)
    assert b"Traceback" not in received
    assert len(received) < 1_000


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", [EVENTS, STATUS, PREFERENCE])
def test_another_method_is_405(shared_server: ServerProcess, method: str, path: str) -> None:
    """What is to be posted is posted."""
    answer = call(shared_server, method, path)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("content_type", "more"),
    [
        (None, {}),
        ("", {}),
        ("application/xml", {}),
        ("text/html", {}),
        ("application/json, text/plain", {}),
        ("text/plain; charset=utf-16", {}),
        (JSON, {"Content_Encoding": "gzip"}),
    ],
)
def test_another_content_type_is_415(
    shared_server: ServerProcess, content_type: str | None, more: dict[str, str]
) -> None:
    """Only what is understood is read; a form, which needs no preflight either, is not."""
    for path in (EVENTS, STATUS, PREFERENCE):
        answer = call(shared_server, "POST", path, json.dumps(request_json(SOURCE)), content_type, **more)
        refused(shared_server, answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path", ["/v1/events/", "/v1", "/v2/events", "//v1/events", "/%2e%2e/etc/passwd"])
def test_another_path_is_404(shared_server: ServerProcess, path: str) -> None:
    """There is nothing else; nothing is redirected, and the path is not repeated."""
    answer = post(shared_server, path, request_json(SOURCE, element_json()), TEXT, accept=None)
    refused(shared_server, answer, 404, "NOT_FOUND")
    assert "location" not in answer.headers


def test_a_body_that_breaks_off_stores_nothing(shared_server: ServerProcess) -> None:
    """A client that goes away in the middle of a body is logged as gone, and nothing of it is stored."""
    begin = len(shared_server.log())

    def half() -> Iterator[bytes]:
        yield b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
        yield b"Content-Length: 400\r\n\r\n{"
        raise BrokenPipeError

    assert exchange(shared_server, half()) == b""
    deadline = time.monotonic() + TIMEOUT
    while not (lines := [line for line in shared_server.log()[begin:] if line["event"] == "http"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [line["status"] for line in lines] == [499]


def test_hostile_input_leaves_memory_as_it_was(shared_server: ServerProcess) -> None:
    """Two thousand hostile requests cost the server no memory that it keeps."""
    bodies = [body for body, _ in BROKEN_ENVELOPES.values()]
    deep = document(json.dumps(ping_json("X")).replace('"X"', nested(900)))

    def round_trip() -> None:
        for body in [*bodies, deep, document(*["{}"] * 1_000), padded(LIMIT + 1, SOURCE)]:
            assert post(shared_server, EVENTS, body, TEXT).status in {200, 400, 413}

    for _ in range(10):
        round_trip()
    before = memory(shared_server)
    for _ in range(60):
        round_trip()
    assert memory(shared_server) - before < 8 * 1024


def memory(server: ServerProcess) -> int:
    """Return the resident memory of the server, in KiB."""
    status = (Path("/proc") / str(server.pid) / "status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
