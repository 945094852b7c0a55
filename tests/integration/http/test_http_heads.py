"""Heads as hostile clients and other people's gateways write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.support.clients import held, server_source
from tests.support.http_clients import element_json, exchange, request_json, server_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ServerProcess

KIB = 1024
OFFERS = {
    "h2c": (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAAAAIAAAAB"),
    "websocket": (b"Connection: keep-alive, Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: AAAA"),
    "something": (b"upgrade: TLS/1.0, other", b"connection: upgrade"),
}


def event(server_uuid: str) -> bytes:
    """Return a good request's body."""
    return json.dumps(request_json(server_json(server_uuid), element_json())).encode()


def post(body: bytes, *headers: bytes, close: bool = True) -> bytes:
    """Return a request that posts events, with the headers of a test."""
    own = [b"Host: a.example", b"Content-Type: text/plain", b"Content-Length: %d" % len(body)]
    return request(b"POST /v1/events HTTP/1.1", *own, *headers, close=close) + body


def request(first: bytes, *headers: bytes, close: bool = True) -> bytes:
    """Return a head; `close` asks for the connection's end."""
    last = [b"Connection: close"] if close else []
    return b"\r\n".join([first, *headers, *last, b"", b""])


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Cut bytes into writes of that size."""
    yield from (data[at : at + size] for at in range(0, len(data), size))


def statuses(received: bytes) -> list[int]:
    """Return the status of each answer."""
    return [int(line.split()[1]) for line in received.split(b"\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.mark.parametrize("size", [1, 7, 1 << 20], ids=["byte by byte", "in pieces", "at once"])
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_offered_upgrade_changes_nothing(
    shared_server: ServerProcess, offer: tuple[bytes, ...], size: int, framing: str
) -> None:
    """The body is read as if nothing had been offered, and so is the request behind it."""
    source = server_source()
    body = event(source.server.server_uuid)
    if framing == "chunked":
        own = [b"Host: a", b"Content-Type: text/plain", b"Transfer-Encoding: chunked"]
        first = request(b"POST /v1/events HTTP/1.1", *own, *offer, close=False)
        first += b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    else:
        first = post(body, *offer, close=False)
    data = first + post(event(source.server.server_uuid), *offer, close=False)
    data += request(b"GET /healthz HTTP/1.1", b"Host: a", *offer, b"Connection: close", close=False)
    assert statuses(exchange(shared_server, pieces(data, size))) == [204, 204, 200]
    assert held(shared_server, source) == {"element_stat": 2}


@pytest.mark.parametrize("method", [b"GET", b"POST", b"DELETE"])
@pytest.mark.parametrize("path", [b"/", b"/healthz", b"/v1/events", b"/nothing"])
def test_an_offer_is_answered_as_the_request_without_it(
    shared_server: ServerProcess, method: bytes, path: bytes
) -> None:
    """No route behaves in another way, and none switches protocols."""
    first = method + b" " + path + b" HTTP/1.1"
    length = b"Content-Length: 0"
    plain = exchange(shared_server, request(first, b"Host: a", length))
    for offer in OFFERS.values():
        offered = exchange(
            shared_server, request(first, b"Host: a", length, *offer, b"Connection: close", close=False)
        )
        assert statuses(offered) == statuses(plain)
        assert statuses(offered) != [101]


def test_a_connect_is_no_request(shared_server: ServerProcess) -> None:
    """What follows it is not read as HTTP of somebody else, and it is answered once."""
    for target in (b"a.example:443", b"/v1/events"):
        data = request(b"CONNECT " + target + b" HTTP/1.1", b"Host: a", close=False)
        received = statuses(exchange(shared_server, data + request(b"GET /healthz HTTP/1.1", b"Host: a")))
        assert len(received) == 1
        assert received[0] in {400, 405}


def long_head(size: int, kind: str, *, close: bool = True) -> bytes:
    """Return a request of GET /healthz whose head has exactly that many bytes."""
    first, last = b"GET /healthz HTTP/1.1", [b"Host: a", *([b"Connection: close"] if close else [])]
    room = size - len(request(first, *last, close=False))
    if kind == "target":
        first = b"GET /healthz?" + b"a" * (room - 1) + b" HTTP/1.1"
    elif kind == "one header":
        last.append(b"X: " + b"a" * (room - 5))
    elif kind == "white space":
        last.append(b"X:" + b" " * (room - 5) + b"a")
    else:
        count, rest = divmod(room, 6)
        last += [b"X: a"] * (count - 1) + [b"X: a" + b"a" * rest]
    data = request(first, *last, close=False)
    assert len(data) == size
    return data


KINDS = ["target", "one header", "white space", "many headers"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [997, 1 << 20], ids=["in pieces", "at once"])
def test_a_head_of_32_kib_and_no_more(shared_server: ServerProcess, kind: str, size: int) -> None:
    """To the byte, however it is cut: beyond it the request is refused, and the connection ends."""
    assert statuses(exchange(shared_server, pieces(long_head(32 * KIB, kind), size))) == [200]
    for beyond in (32 * KIB + 1, 40 * KIB, 64 * KIB, 120 * KIB):
        received = exchange(shared_server, pieces(long_head(beyond, kind, close=False), size))
        # A client that goes on writing when the connection ends may lose the answer.
        assert statuses(received) in ([431], []), beyond
        assert statuses(received) == [431] or beyond > 33 * KIB


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_head_behind_others(shared_server: ServerProcess, kind: str) -> None:
    """Each request of a pipeline has its own 32 KiB, and none has more."""
    heads = [long_head(24 * KIB, kind, close=False)] * 3
    body = b" " * 100
    good = b"".join([*heads, post(body, close=False), long_head(32 * KIB, kind)])
    assert statuses(exchange(shared_server, good)) == [200, 200, 200, 400, 200]
    chunked = request(
        b"POST /v1/events HTTP/1.1",
        *(b"Host: a", b"Content-Type: text/plain", b"Transfer-Encoding: chunked"),
        close=False,
    )
    for before in (b"", heads[0], post(body, close=False), chunked + b"1\r\n \r\n0\r\n\r\n"):
        received = exchange(shared_server, before + long_head(40 * KIB, kind) + heads[0])
        # What is too long is never answered as what stands before it.
        assert len(statuses(received)) <= 1 + bool(before)
        assert statuses(received).count(200) <= (before == heads[0])
        assert b"\n" not in received.rpartition(b"431 Request Header Fields Too Large")[0] or before


HOSTS: dict[str, tuple[bytes, int]] = {
    "none": (request(b"GET /healthz HTTP/1.1"), 400),
    "two": (request(b"GET /healthz HTTP/1.1", b"Host: a", b"Host: b"), 400),
    "the same twice": (request(b"GET /healthz HTTP/1.1", b"Host: a", b"host: a"), 400),
    "two, by HTTP/1.0": (request(b"GET /healthz HTTP/1.0", b"Host: a", b"Host: b"), 400),
    "two in one": (request(b"GET /healthz HTTP/1.1", b"Host: a, b"), 400),
    "white space in it": (request(b"GET /healthz HTTP/1.1", b"Host: a b"), 400),
    "a path in it": (request(b"GET /healthz HTTP/1.1", b"Host: a/b"), 400),
    "someone in it": (request(b"GET /healthz HTTP/1.1", b"Host: me@a"), 400),
    "one": (request(b"GET /healthz HTTP/1.1", b"Host: a"), 200),
    "one with a port": (request(b"GET /healthz HTTP/1.1", b"Host: a.example:8080"), 200),
    "IPv6": (request(b"GET /healthz HTTP/1.1", b"Host: [::1]:8080"), 200),
    "an underscore": (request(b"GET /healthz HTTP/1.1", b"Host: my_service.ns"), 200),
    "empty": (request(b"GET /healthz HTTP/1.1", b"Host:"), 200),
    "none, by HTTP/1.0": (request(b"GET /healthz HTTP/1.0"), 200),
}


@pytest.mark.parametrize(("data", "status"), HOSTS.values(), ids=HOSTS)
def test_one_host_in_each_request(shared_server: ServerProcess, data: bytes, status: int) -> None:
    """HTTP/1.1 asks for one: two servers in a row must not read two different ones."""
    received = exchange(shared_server, data)
    assert statuses(received) == [status]


def test_a_refused_head_does_not_answer_for_another(shared_server: ServerProcess) -> None:
    """Behind a request that still waits for its answer nothing is written in its place."""
    source = server_source()
    data = post(event(source.server.server_uuid), close=False) + request(b"GET /healthz HTTP/1.1")
    assert statuses(exchange(shared_server, data)) in ([], [204], [204, 400])
