"""The HTTP door opens and closes with the server, and what happens behind it stays there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.broken_writer import CANARY
from tests.support.browser import eventually
from tests.support.clients import held, server_source
from tests.support.http_clients import (
    EVENTS,
    JSON,
    PREFERENCE,
    STATUS,
    TEXT,
    call,
    element_json,
    exchange,
    post,
    request_json,
    server_json,
)
from tests.support.keys import write_key

from aboveboard_server.http_edge import bodies, protocol
from aboveboard_server.ingest.gate import Gate
from aboveboard_server.ingest.service import IngestService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.http_clients import HttpAnswer
    from tests.support.inside import Inside
    from tests.support.server import ServerProcess

UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"


def one_event(source: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a good request."""
    return request_json(source or server_json(UUID), element_json())


def raising(error: BaseException) -> Callable[..., Any]:
    """Return a function that raises that error, whatever it is called with."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(CANARY),
        KeyError(CANARY),
        ValueError(CANARY),
        TimeoutError(CANARY),
        OSError(2, CANARY),
        NotImplementedError(CANARY),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_unforeseen_error_is_an_id(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """What a room raises is 500 with an error id that finds it in the log; its text is nowhere."""
    asked = {"source": server_json(UUID)}
    preference = {**asked, "scope": "SCOPE_SERVER", "preference": "PREFERENCE_DISABLED"}
    calls: list[Callable[[], HttpAnswer]] = [
        lambda: post(inside, EVENTS, one_event(), TEXT, accept=None),
        lambda: post(inside, STATUS, asked, TEXT, accept=None),
        lambda: post(inside, PREFERENCE, preference, TEXT, accept=None),
        lambda: call(inside, "PUT", f"/api_public/servers/{UUID}", "{}", JSON),
    ]
    with monkeypatch.context() as broken:
        broken.setattr(IngestService, "begin", raising(error))
        broken.setattr(Gate, "status", raising(error))
        for make in calls:
            inside.take_log()
            answer = await asyncio.to_thread(make)
            shown = inside.take_log()
            assert answer.status == 500
            assert answer.text.startswith("INTERNAL: internal error ")
            (line,) = [json.loads(line) for line in shown.splitlines() if '"internal_error"' in line]
            assert line["error_id"] in answer.text
            assert line["trace"]
            assert CANARY not in answer.seen + shown
            assert UUID not in shown
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await asyncio.to_thread(post, inside, EVENTS, one_event())).status == 200


async def test_a_store_that_is_not_available(inside: Inside) -> None:
    """Where the store cannot commit the answer is 503 with Retry-After, and the server not ready."""
    source = {"server": {"serverUuid": UUID, "solution": "fail with OperationalError"}}
    ready = await asyncio.to_thread(call, inside, "GET", "/readyz")
    assert (ready.status, ready.text) == (200, "ready\n")
    answer = await asyncio.to_thread(post, inside, EVENTS, one_event(source), TEXT)
    assert answer.status == 503
    assert json.loads(answer.body)["reason"] == "STORE_UNAVAILABLE"
    assert answer.headers["retry-after"] == "2"
    ready = await asyncio.to_thread(call, inside, "GET", "/readyz")
    assert (ready.status, ready.text) == (503, "not ready\n")
    assert (await asyncio.to_thread(post, inside, EVENTS, one_event(), TEXT)).status == 200
    assert (await asyncio.to_thread(call, inside, "GET", "/readyz")).status == 200


async def test_a_body_that_does_not_come(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body has its time, and a head too; then the connection is answered or closed."""
    monkeypatch.setattr(bodies, "PATIENCE", 0.2)
    monkeypatch.setattr(protocol, "PATIENCE", 0.2)
    head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n"
    received = await asyncio.to_thread(exchange, inside, head + b"\r\n{")
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"\r\n\r\nREQUEST_TIMEOUT: " in received
    for beginning in (head, b"", b"G"):
        assert await asyncio.to_thread(exchange, inside, beginning or iter(())) == b""


def test_one_line_for_each_request_and_nothing_of_what_was_sent(server: ServerProcess) -> None:
    """The log has one line per request, with method, route, status and time, and nothing that identifies."""
    source = {
        "deployment": {"solution": "SEEN", "companyId": "SEEN", "deploymentId": "SEEN", "userId": "SEEN"}
    }
    key = write_key(server)
    post(server, EVENTS, request_json(source, element_json(), writeKey="SEEN"), TEXT)
    document = request_json(source, element_json(), {"SEEN": 1}, writeKey=key)
    post(server, EVENTS, document, TEXT)
    post(server, EVENTS, document, TEXT, accept=None)
    post(server, EVENTS, '{"SEEN":', TEXT)
    call(server, "PUT", f"/k/SEEN/api_public/servers/{UUID}?SEEN=1", "{}", JSON, Referer="http://SEEN/")
    call(server, "PUT", f"/k/{key}/api_public/servers/{UUID}?SEEN=1", "{}", JSON, Referer="http://SEEN/")
    call(server, "POST", "/k/SEEN/api_public/stats/SEEN", "{}", JSON)
    call(server, "GET", "/SEEN", Cookie="SEEN=1", User_Agent="SEEN")
    server.stop()
    text = server.log_file.read_text()
    assert "SEEN" not in text
    assert key not in text
    assert UUID not in text
    assert "127.0.0.1" not in "".join(line for line in text.splitlines() if '"serving"' not in line)
    lines = [line for line in server.log() if line["event"] == "http"]
    told = [(line["method"], line["route"], line["status"], line.get("events")) for line in lines]
    assert told == [
        ("POST", EVENTS, 401, None),
        ("POST", EVENTS, 200, 2),
        ("POST", EVENTS, 204, 2),
        ("POST", EVENTS, 400, None),
        ("PUT", "/k/{write_key}/api_public/servers/{server_uuid}", 401, None),
        ("PUT", "/k/{write_key}/api_public/servers/{server_uuid}", 200, 1),
        ("POST", "", 404, None),
        ("GET", "", 404, None),
    ]
    assert all(line["ms"] >= 0 for line in lines)


def test_the_address_is_free_again_after_a_stop(server: ServerProcess) -> None:
    """A server that is started again at once has its port again, though connections linger."""
    address = server.http_address
    assert post(server, EVENTS, one_event()).status == 200
    assert server.stop() == 0
    server.start(http_bind=address)
    assert server.http_address == address
    assert post(server, EVENTS, one_event()).status == 200


def test_what_is_under_way_is_answered_before_the_end(server: ServerProcess) -> None:
    """A request whose body is still coming when the server is told to stop is stored and answered."""
    source = server_source()
    body = json.dumps(one_event(server_json(source.server.server_uuid))).encode()
    told_to_stop = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield body[:50]
        os.kill(server.pid, signal.SIGTERM)
        told_to_stop.set()
        time.sleep(0.5)
        yield body[50:]

    answer = call(server, "POST", EVENTS, slowly(), TEXT)
    assert told_to_stop.is_set()
    assert answer.status == 204
    assert server.stop() == 0
    assert held(server, source) == {"element_stat": 1}


def test_a_writer_that_does_not_answer_is_not_ready(server: ServerProcess) -> None:
    """While the writer does not answer the server is alive and not ready; then it is ready again."""
    assert call(server, "GET", "/readyz").status == 200
    (writer,) = server.children()
    os.kill(writer, signal.SIGSTOP)
    try:
        # What was seen a moment ago counts for that long.
        eventually(lambda: call(server, "GET", "/readyz").status == 503)
        assert call(server, "GET", "/healthz").text == "ok\n"
    finally:
        os.kill(writer, signal.SIGCONT)
    eventually(lambda: call(server, "GET", "/readyz").status == 200)
