"""Clients that send without pause while their server is killed, and the reckoning afterwards."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from tests.support.clients import element, environment, ping, request, server_source

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.verdict_pb2 import OUTCOME_DUPLICATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.verdict_pb2 import EventVerdict

CLIENTS = 8
STREAMING_CLIENTS = 2
LARGEST_BATCH = 200
# How often the writer process is killed instead of the whole server.
WRITER_SHARE = 0.2
# A client comes back soon after a kill: the next one shall meet it at work.
CHANNEL = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
]
# What a client is told, or tells itself, when its server is gone.
GONE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


@dataclass
class Figures:
    """What a campaign has seen: `lost` and `doubled` must be 0."""

    seed: int
    kills: int = 0
    writer_kills: int = 0
    events: int = 0
    requests: int = 0
    retries: int = 0
    committed_unanswered: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: float = 0.0


@dataclass
class Client:
    """Sends batches until it may stop, each again under the same ids until it is acknowledged."""

    address: str
    chance: random.Random
    enough: threading.Event
    give_up_at: float
    acknowledged: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    requests: int = 0
    retries: int = 0
    committed_unanswered: int = 0

    def __post_init__(self) -> None:
        self._source = server_source()

    @property
    def events(self) -> int:
        """How many events were acknowledged."""
        return sum(map(len, list(self.acknowledged.values())))

    def publish(self) -> None:
        """Send one batch after the other."""
        with grpc.insecure_channel(self.address, options=CHANNEL) as channel:
            stub = IngestServiceStub(channel)
            while not self.enough.is_set():
                self._deliver(stub, self._batch())

    def stream(self) -> None:
        """Send a few batches at a time, on a stream."""
        with grpc.insecure_channel(self.address, options=CHANNEL) as channel:
            stub = IngestServiceStub(channel)
            while not self.enough.is_set():
                batches = {n: self._batch() for n in range(1, self.chance.randint(2, 12))}
                first = True
                while batches:
                    self._deliver_stream(stub, batches, first=first)
                    first = False

    def _deliver(self, stub: IngestServiceStub, batch: PublishEventsRequest) -> None:
        first = True
        while True:
            try:
                response = stub.PublishEvents(batch, timeout=10, wait_for_ready=True)
            except grpc.RpcError as error:
                self._expect_gone(error)
                first = False
            else:
                self._settle(batch, response.verdicts, first=first)
                return

    def _deliver_stream(
        self, stub: IngestServiceStub, batches: dict[int, PublishEventsRequest], *, first: bool
    ) -> None:
        """Send what is not acknowledged yet, and take out what is."""
        requests = [StreamEventsRequest(sequence=n, publish=batch) for n, batch in batches.items()]
        try:
            for answer in stub.StreamEvents(iter(requests), timeout=10, wait_for_ready=True):
                verdicts = defaultdict(list)
                for verdict in answer.verdicts:
                    verdicts[verdict.sequence].append(verdict.verdict)
                for sequence in [n for n in batches if n <= answer.acknowledged_through]:
                    self._settle(batches.pop(sequence), verdicts[sequence], first=first)
        except grpc.RpcError as error:
            self._expect_gone(error)
        else:
            assert not batches, "the stream ended well, but not everything was acknowledged"

    def _batch(self) -> PublishEventsRequest:
        makers = (element, environment, ping)
        size = self.chance.randint(1, LARGEST_BATCH)
        return request(self._source, [self.chance.choice(makers)(str(n)) for n in range(1, size + 1)])

    def _settle(self, batch: PublishEventsRequest, verdicts: Iterable[EventVerdict], *, first: bool) -> None:
        duplicates = list(verdicts)
        assert all(verdict.outcome == OUTCOME_DUPLICATE for verdict in duplicates)
        assert not (first and duplicates), "an event was a duplicate when it was sent first"
        assert len(duplicates) in {0, len(batch.events)}, "a batch was committed by halves"
        for event in batch.events:
            self.acknowledged[event.WhichOneof("event") or ""].add(event.event_id)
        self.requests += 1
        self.committed_unanswered += len(duplicates)

    def _expect_gone(self, error: grpc.RpcError) -> None:
        assert isinstance(error, grpc.Call)
        assert error.code() in GONE, f"{error.code()}: {error.details()}"
        assert time.monotonic() < self.give_up_at, "the server does not come back"
        self.retries += 1


def campaign(server: ServerProcess, *, kills: int, events: int, seed: int, limit: float) -> Figures:
    """Kill a server that often while clients send that many events or more, within `limit` seconds."""
    began = time.monotonic()
    chance = random.Random(seed)
    address = f"127.0.0.1:{free_port()}"
    enough = threading.Event()
    clients = [Client(address, random.Random(chance.random()), enough, began + limit) for _ in range(CLIENTS)]
    done = writers = 0
    server.start(grpc_bind=address)
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [
            pool.submit(client.stream if place < STREAMING_CLIENTS else client.publish)
            for place, client in enumerate(clients)
        ]
        try:
            while done < kills or sum(client.events for client in clients) < events:
                assert time.monotonic() < began + limit, "it takes too long"
                assert not any(future.done() for future in running), [
                    future.exception() for future in running if future.done()
                ]
                # A random moment is what is wanted here; nothing happens that could be waited for.
                time.sleep(chance.uniform(0.02, 0.6))
                if done >= kills:
                    continue
                if chance.random() < WRITER_SHARE:
                    writers += _kill_writer(server)
                else:
                    server.kill()
                    done += 1
                    server.start(grpc_bind=address)
        finally:
            enough.set()
        for future in running:
            future.result()
    figures = Figures(
        seed=seed,
        kills=done,
        writer_kills=writers,
        events=sum(client.events for client in clients),
        requests=sum(client.requests for client in clients),
        retries=sum(client.retries for client in clients),
        committed_unanswered=sum(client.committed_unanswered for client in clients),
    )
    _reckon(server, clients, figures)
    figures.seconds = round(time.monotonic() - began, 1)
    return figures


def _kill_writer(server: ServerProcess) -> int:
    """Kill the writer process alone, and return how many were killed: none where it is just being started."""
    killed = 0
    for pid in server.children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def _reckon(server: ServerProcess, clients: list[Client], figures: Figures) -> None:
    """Compare what was acknowledged with what is stored, table by table."""
    for table in ("element_stat", "environment_stat", "ping"):
        acknowledged = set().union(*(client.acknowledged[table] for client in clients))
        stored = [event_id for (event_id,) in server.query(f"SELECT event_id FROM {table}")]
        figures.lost += len(acknowledged.difference(stored))
        figures.doubled += len(stored) - len(set(stored))
        assert not set(stored).difference(acknowledged), f"{table} holds what nobody was told of"
    assert server.query("SELECT count(*) FROM source") == [(CLIENTS,)]
    assert server.query("SELECT count(*) FROM server") == [(CLIENTS,)]
    assert server.query("PRAGMA integrity_check") == [("ok",)]


def free_port() -> int:
    """Return a free port below those that the system gives out, so that nobody takes it meanwhile."""
    for _ in range(100):
        port = random.randint(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")
