"""What is too much is refused, quickly and by name; who is told nothing of it is the log."""

from __future__ import annotations

import gzip
import http.client
import json
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.admin import run_admin
from tests.support.browser import eventually
from tests.support.clients import (
    PUBLISH,
    TIMEOUT,
    element,
    held,
    ingest,
    length_delimited,
    request,
    server_source,
)
from tests.support.http_clients import EVENTS, JSON, call, element_json, exchange, request_json, server_json
from tests.support.keys import write_key
from tests.support.server import ServerProcess

from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard_client.failure import read_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

BURST = 20
# Addresses that no caller has: what a proxy says it speaks for.
KNOWN = {"192.0.2.%d": "IPv4", "2001:db8:77:%d::1": "IPv6"}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes 20 requests of an address or a key at once, and next to none afterwards."""
    process = ServerProcess(
        tmp_path_factory.mktemp("limited"),
        *("--rate-per-address", str(BURST / 10_000), "--rate-per-key", str(BURST / 10_000)),
        *("--burst-seconds", "10000"),
        *("--trusted-proxy", "127.0.0.0/8"),
    )
    process.start()
    yield process
    process.kill()


def publish_for(server: ServerProcess, address: str, key: str = "") -> str:
    """Publish as a proxy that speaks for an address; return the code of the answer."""
    sent = request(server_source(), [element()])
    sent.write_key = key
    with ingest(server) as stub:
        try:
            stub.PublishEvents(
                sent,
                timeout=TIMEOUT,
                metadata=(("x-forwarded-for", f"203.0.113.99, {address}"),),
            )
        except grpc.RpcError as error:
            failure = read_failure(error)
            assert failure.reason == "OVERLOADED"
            assert failure.retry_seconds == 1
            assert address not in failure.message
            return failure.code
    return "OK"


def post_for(server: ServerProcess, address: str, key: str = "") -> int:
    """The same over HTTP; return the status."""
    body = json.dumps(
        request_json(server_json(server_source().server.server_uuid), element_json(), writeKey=key)
    )
    connection = http.client.HTTPConnection(server.http_address, timeout=TIMEOUT)
    connection.request("POST", EVENTS, body, {"content-type": JSON, "x-forwarded-for": address})
    answer = connection.getresponse()
    if answer.status == 429:
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.read().startswith(b"OVERLOADED: ")
    connection.close()
    return answer.status


@pytest.mark.parametrize("known", KNOWN, ids=KNOWN.values())
def test_an_address_has_its_rate_at_both_doors(limited: ServerProcess, known: str) -> None:
    """What is beyond it is RESOURCE_EXHAUSTED with RetryInfo and 429 with Retry-After; others go on."""
    codes = [publish_for(limited, known % 1) for _ in range(BURST + 5)]
    assert codes == ["OK"] * BURST + ["RESOURCE_EXHAUSTED"] * 5
    assert post_for(limited, known % 1) == 429
    assert [post_for(limited, known % 2) for _ in range(BURST + 5)] == [204] * BURST + [429] * 5
    assert publish_for(limited, known % 3) == "OK"


@pytest.mark.parametrize("written", ["192.0.2.70:%d", '"192.0.2.71:%d"', "[2001:db8:70::1]:%d"])
def test_a_port_makes_no_other_address(limited: ServerProcess, written: str) -> None:
    """Some gateways name one, another for each connection: it is the same caller, over both listeners."""
    codes = [publish_for(limited, written % port) for port in range(1_000, 1_000 + BURST + 2)]
    assert codes == ["OK"] * BURST + ["RESOURCE_EXHAUSTED"] * 2
    assert [post_for(limited, written % port) for port in (1, 65_535)] == [429, 429]


def test_a_key_has_its_rate_wherever_it_is_used(limited: ServerProcess) -> None:
    """It is used up over both doors and from all addresses together; another key goes on."""
    used, other = write_key(limited), write_key(limited)
    codes = [publish_for(limited, f"192.0.2.{100 + n}", used) for n in range(BURST)]
    assert codes == ["OK"] * BURST
    assert post_for(limited, "192.0.2.121", used) == 429
    assert publish_for(limited, "192.0.2.122", used) == "RESOURCE_EXHAUSTED"
    assert post_for(limited, "192.0.2.121", other) == 204
    assert publish_for(limited, "192.0.2.122", other) == "OK"


def test_messages_of_a_stream_count_too(limited: ServerProcess) -> None:
    """A stream ends with RESOURCE_EXHAUSTED at the message that is too much; what came before is stored."""
    source = server_source()
    messages = [StreamEventsRequest(sequence=n, publish=request(source, [element()])) for n in range(1, 30)]
    with ingest(limited) as stub:
        metadata = (("x-forwarded-for", "192.0.2.50"),)
        answers = stub.StreamEvents(iter(messages), timeout=TIMEOUT, metadata=metadata)
        with pytest.raises(grpc.RpcError) as ended:
            list(answers)
    assert held(limited, source) == {"element_stat": BURST}
    assert read_failure(ended.value).reason == "OVERLOADED"


def test_a_large_request_counts_for_several(limited: ServerProcess) -> None:
    """One of 152 KiB counts like the 10 requests of 16 KiB that it is worth."""
    large = request(server_source(), [element("x" * 100) for _ in range(1_000)])
    assert large.ByteSize() // 1024 == 152
    with ingest(limited) as stub:
        stub.PublishEvents(large, timeout=TIMEOUT, metadata=(("x-forwarded-for", "192.0.2.60"),))
    codes = [publish_for(limited, "192.0.2.60") for _ in range(BURST)]
    assert codes == ["OK"] * 10 + ["RESOURCE_EXHAUSTED"] * 10


def test_health_and_administrators_are_not_limited(limited: ServerProcess) -> None:
    """However often they are asked, they answer; and the log holds nobody's address."""
    with grpc.insecure_channel(limited.ingest_address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # its types lack Check
        for _ in range(2 * BURST):
            health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    for _ in range(2 * BURST):
        assert call(limited, "GET", "/healthz").status == 200
    run_admin(limited, "audit")
    written = limited.log_file.read_text().replace(limited.ingest_address.partition(":")[0], "", 3)
    for address in ("192.0.2.", "2001:db8:", "203.0.113.99", "127.0.0.1"):
        assert address not in written


def test_a_bomb_does_not_unpack_beyond_the_limit(shared_server: ServerProcess) -> None:
    """A small compressed request that unpacks to 64 MiB is refused, and memory does not grow by it."""
    before = resident_mib(shared_server)
    bomb = length_delimited(15, b"\0" * (64 << 20))
    with grpc.insecure_channel(
        shared_server.ingest_address, [("grpc.max_send_message_length", -1)], grpc.Compression.Gzip
    ) as channel:
        publish: Any = channel.unary_unary(PUBLISH)
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as refused:
                publish(bomb, timeout=TIMEOUT)
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert resident_mib(shared_server) - before < 48


def test_http_takes_nothing_compressed(shared_server: ServerProcess) -> None:
    """A body with a content encoding is 415, and is not unpacked."""
    body = gzip.compress(json.dumps(request_json(server_json(server_source().server.server_uuid))).encode())
    connection = http.client.HTTPConnection(shared_server.http_address, timeout=TIMEOUT)
    connection.request("POST", EVENTS, body, {"content-type": JSON, "content-encoding": "gzip"})
    assert connection.getresponse().status == 415
    connection.close()


def test_what_is_no_http_is_answered_as_everything_is(shared_server: ServerProcess) -> None:
    """400 with the headers of every answer, and a line in the log."""
    lines = len(shared_server.log())
    head, _, body = exchange(shared_server, b"NONSENSE\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"x-content-type-options: nosniff" in head
    assert body == b"BAD_REQUEST: not a valid HTTP request\n"
    # A thread of the server's own writes it.
    eventually(lambda: 400 in [line.get("status") for line in shared_server.log()[lines:]])


def resident_mib(server: ServerProcess) -> float:
    """Return what the server itself holds in memory."""
    with open(f"/proc/{server.pid}/status") as status:  # noqa: PTH123  # one line of one file
        (line,) = [line for line in status if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024
