"""Clients that send without pause while their server is killed, and the reckoning afterwards."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import grpc
from tests.support.clients import element, environment, ping, request, server_source

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.verdict_pb2 import OUTCOME_DUPLICATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.verdict_pb2 import EventVerdict

if TYPE_CHECKING:
    # What may be killed, by name: the function does it, and says whether there was anything to kill.
    Victims: TypeAlias = Mapping[str, Callable[[ServerProcess], bool]]

CLIENTS = 8
# Seconds that a campaign may take; it takes a tenth of that where the machine is quiet.
LIMIT = 600
STREAMING_CLIENTS = 2
LARGEST_BATCH = 200
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
    kills: dict[str, int] = field(default_factory=dict)
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


def kill_server(server: ServerProcess) -> bool:
    """Kill the server, and start it again where it was."""
    address = server.ingest_address
    server.kill()
    server.start(grpc_bind=address)
    return True


def kill_writer(server: ServerProcess) -> bool:
    """Kill the writer process alone; False where it is just being started."""
    killed = False
    for pid in server.children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed = True
    return killed


ON_SQLITE: Victims = {"server": kill_server, "writer": kill_writer}


def campaign(
    server: ServerProcess, kills: Mapping[str, int], victims: Victims, *, events: int, seed: int
) -> Figures:
    """Kill each victim that often while clients send that many events or more, within LIMIT seconds."""
    began = time.monotonic()
    chance = random.Random(seed)
    address = f"127.0.0.1:{free_port()}"
    enough = threading.Event()
    clients = [Client(address, random.Random(chance.random()), enough, began + LIMIT) for _ in range(CLIENTS)]
    order = [name for name, count in kills.items() for _ in range(count)]
    chance.shuffle(order)
    done: Counter[str] = Counter()
    server.start(grpc_bind=address)
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [
            pool.submit(client.stream if place < STREAMING_CLIENTS else client.publish)
            for place, client in enumerate(clients)
        ]
        try:
            while order or sum(client.events for client in clients) < events:
                assert time.monotonic() < began + LIMIT, "it takes too long"
                assert not any(future.done() for future in running), [
                    future.exception() for future in running if future.done()
                ]
                # A random moment is what is wanted here; nothing happens that could be waited for.
                time.sleep(chance.uniform(0.02, 0.6))
                if order and victims[order[-1]](server):
                    done[order.pop()] += 1
        except BaseException:
            # Nobody waits for what they still have to deliver.
            for client in clients:
                client.give_up_at = began
            raise
        finally:
            enough.set()
        for future in running:
            future.result()
    figures = Figures(
        seed=seed,
        kills=dict(done),
        events=sum(client.events for client in clients),
        requests=sum(client.requests for client in clients),
        retries=sum(client.retries for client in clients),
        committed_unanswered=sum(client.committed_unanswered for client in clients),
    )
    _reckon(server, clients, figures)
    figures.seconds = round(time.monotonic() - began, 1)
    return figures


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
    server.check_integrity()


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
