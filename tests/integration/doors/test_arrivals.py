"""Calls that nobody has looked at yet: too many of them are refused, and what is gone counts no more."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.support.clients import TIMEOUT

from aboveboard_server.grpc_api.arrivals import FEW, LOOK_INTERVAL, MAX_WAIT, Arrivals
from aboveboard_server.grpc_api.transport import COUNTED, MAX_IDLE, options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SLOW, EXEMPT = "/test.Slow/Call", "/test.Exempt/Call"
# Seconds for which a call keeps the loop busy, and so many calls that they take six times what one may wait.
BUSY = 0.004
MANY = int(6 * MAX_WAIT / BUSY)


class SlowServer(threading.Thread):
    """A server in a loop of its own, each of whose calls keeps that loop busy."""

    def __init__(self) -> None:
        super().__init__()
        self._is_up, self._ends = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._address = ""

    def run(self) -> None:
        """Serve until it is stopped."""
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    def channels(self, count: int) -> list[grpc.Channel]:
        """Connect that often, once it is up."""
        assert self._is_up.wait(TIMEOUT)
        options = [("grpc.use_local_subchannel_pool", 1)]
        return [grpc.insecure_channel(self._address, options) for _ in range(count)]

    def stop(self) -> None:
        """Stop, and wait until it has."""
        self._loop.call_soon_threadsafe(self._ends.set)
        self.join()

    async def _serve(self) -> None:
        async def call(_request: bytes, _context: object) -> bytes:
            time.sleep(BUSY)  # noqa: ASYNC251  # what keeps a loop busy is what this is about
            return b""

        async def refuse(_requests: object, context: Any) -> AsyncIterator[bytes]:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "")
            yield b""

        refusal: Any = grpc.stream_stream_rpc_method_handler(refuse)  # its types know synchronous ones only
        answer: Any = grpc.unary_unary_rpc_method_handler(call)
        server = grpc.aio.server(options=options(MAX_IDLE, reuse_port=False) + COUNTED)
        arrivals = Arrivals(lambda _method: refusal, EXEMPT)
        slow = grpc.method_handlers_generic_handler("test.Slow", {"Call": answer})
        exempt = grpc.method_handlers_generic_handler("test.Exempt", {"Call": answer})
        server.add_generic_rpc_handlers((arrivals, slow, exempt))
        self._address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        self._is_up.set()
        await self._ends.wait()
        await server.stop(None)


@pytest.fixture
def channels() -> Iterator[list[grpc.Channel]]:
    server = SlowServer()
    server.start()
    channels = server.channels(20)
    yield channels
    for channel in channels:
        channel.close()
    server.stop()


def begin(channels: list[grpc.Channel], count: int, method: str = SLOW) -> list[Any]:
    """Begin calls, shared out over the connections."""
    calls: list[Any] = [channel.unary_unary(method) for channel in channels]
    return [calls[number % len(calls)].future(b"", timeout=TIMEOUT) for number in range(count)]


def codes(calls: list[Any]) -> list[grpc.StatusCode]:
    return [call.code() for call in calls]


def served_one_by_one(channel: grpc.Channel) -> bool:
    """Whether calls are answered that come one by one for as long as several looks take."""
    ends = time.monotonic() + 5 * LOOK_INTERVAL
    while time.monotonic() < ends:
        begin([channel], 1)[0].result()
    return True


def test_too_many_are_refused_and_the_others_are_served(channels: list[grpc.Channel]) -> None:
    """Half a second of work is taken; of the three seconds that come at once the rest is refused."""
    answers = codes(begin(channels, MANY))
    served = answers.count(grpc.StatusCode.OK)
    assert answers.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == MANY - served
    assert FEW < served < MANY * 0.8
    assert served_one_by_one(channels[0])


def test_few_are_never_refused(channels: list[grpc.Channel]) -> None:
    assert set(codes(begin(channels, FEW))) == {grpc.StatusCode.OK}


def test_health_is_never_refused(channels: list[grpc.Channel]) -> None:
    slow: list[Any] = []
    health: list[Any] = []
    for _ in range(20):
        slow += begin(channels, MANY // 10)
        health += begin(channels, MANY // 100, EXEMPT)
    assert grpc.StatusCode.RESOURCE_EXHAUSTED in codes(slow)
    assert set(codes(health)) == {grpc.StatusCode.OK}


def test_who_gave_up_waits_no_more(channels: list[grpc.Channel]) -> None:
    """Calls that are cancelled before anyone looked at them are not counted for ever."""
    calls = begin(channels, 2 * MANY)
    # They must have come; the first of them are served meanwhile, and more refused the longer it takes.
    time.sleep(LOOK_INTERVAL / 2)
    for call in calls:
        call.cancel()
    cancelled = codes(calls).count(grpc.StatusCode.CANCELLED)
    assert cancelled > FEW
    begin(channels, 1)[0].code()
    for _ in range(3):
        assert served_one_by_one(channels[0])
        assert set(codes(begin(channels, FEW))) == {grpc.StatusCode.OK}


def test_who_sends_nothing_does_not_wait(channels: list[grpc.Channel]) -> None:
    """Calls whose request does not come have been looked at: however many they are, others are served."""
    never = threading.Event()

    def nothing() -> Iterator[bytes]:
        never.wait(TIMEOUT)
        yield b""

    calls: list[Any] = [channel.stream_unary(SLOW) for channel in channels]
    silent = [call.future(nothing()) for call in calls for _ in range(FEW // 10)]
    assert len(silent) > FEW
    assert served_one_by_one(channels[0])
    for call in silent:
        call.cancel()
    never.set()
