"""What changes about a key is in force on every worker in five seconds, as whoever calls sees it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, server_source
from tests.support.keys import ALLOWED, IN_FORCE, reason_of, revoke
from tests.support.on_postgres import OnPostgres
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKERS = 2
CALLERS = 2
# Connections by which every worker is met, but for one time in 2^31.
ENOUGH = 16 * WORKERS
# Seconds until a key expires: in some of them it is known everywhere.
LIFE = IN_FORCE + 4


class Call(NamedTuple):
    """A call with a key: when it was begun, when it was answered, and with what."""

    secret: str
    begun: float
    ended: float
    reason: str


class Callers:
    """Call with every key that they are given, over connections of their own, until the context ends."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._secrets: tuple[str, ...] = ()
        self._enough = threading.Event()
        self._pool = ThreadPoolExecutor(CALLERS)
        self.calls: list[Call] = []

    def start(self, *secrets: str) -> None:
        """Begin."""
        self._secrets = secrets
        self._running = [self._pool.submit(self._call) for _ in range(CALLERS)]

    def stop(self) -> None:
        """End, and raise what has gone wrong."""
        self._enough.set()
        for caller in self._running:
            caller.result()

    def answers(self, secret: str, *, since: float, until: float = float("inf")) -> list[str]:
        """Return the answers to calls that were begun and answered within a time."""
        return [
            call.reason
            for call in list(self.calls)
            if call.secret == secret and since < call.begun and call.ended < until
        ]

    def wait_for(self, secret: str, since: float) -> None:
        """Return when every worker has been met since then."""
        while len(self.answers(secret, since=since)) < ENOUGH:
            time.sleep(0.1)

    def _call(self) -> None:
        while not self._enough.is_set():
            for secret in self._secrets:
                self.calls.append(self._once(secret))
            # What is beside this test needs the processor too.
            self._enough.wait(0.05)

    def _once(self, secret: str) -> Call:
        asked = GetCollectionStatusRequest(source=server_source(), write_key=secret)
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self._address, options) as channel:
            stub = IngestServiceStub(channel)
            begun = time.time()
            reason = reason_of(lambda: stub.GetCollectionStatus(asked, timeout=TIMEOUT))
            return Call(secret, begun, time.time(), reason)


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.fault), "postgres"])
def any_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server on SQLite, or one of several workers on PostgreSQL."""
    if request.param == "sqlite":
        server = ServerProcess(tmp_path)
    else:
        (tmp_path / "server").mkdir()
        postgres, url = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url")
        server = OnPostgres(tmp_path / "server", postgres, url, workers=WORKERS)
    server.start()
    yield server
    server.stop()


def test_keys_begin_and_end_everywhere_in_five_seconds(any_server: ServerProcess) -> None:
    """Five seconds after the answer every worker knows of a key, and of its end; an expiry holds at once."""
    request = k.CreateKeyRequest(kind=k.Key.KIND_WRITE, display_name="a test's key")
    with admin(any_server) as stub:
        revoked = stub.CreateKey(request, timeout=TIMEOUT)
        expires_at = time.time() + LIFE
        request.expires_at.FromNanoseconds(int(expires_at * 1e9))
        expiring = stub.CreateKey(request, timeout=TIMEOUT)
    known_at = time.time() + IN_FORCE
    callers = Callers(any_server.ingest_address)
    callers.start(revoked.secret, expiring.secret)
    try:
        callers.wait_for(revoked.secret, known_at)
        asked_at = time.time()
        revoke(any_server, revoked.key.key_id)
        gone_at = time.time() + IN_FORCE
        callers.wait_for(revoked.secret, gone_at)
        callers.wait_for(expiring.secret, expires_at)
    finally:
        callers.stop()
    assert set(callers.answers(revoked.secret, since=known_at, until=asked_at)) == {ALLOWED}
    assert set(callers.answers(revoked.secret, since=gone_at)) == {"UNAUTHENTICATED"}
    assert set(callers.answers(expiring.secret, since=known_at, until=expires_at)) == {ALLOWED}
    assert set(callers.answers(expiring.secret, since=expires_at)) == {"UNAUTHENTICATED"}
