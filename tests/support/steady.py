"""A client that tries again as docs/durability.md tells, and never gives up."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
from tests.support.clients import TIMEOUT, element, request, server_source

from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard_client.failure import read_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.server import ServerProcess

BATCH = 20
# What grpc's own retries are told in docs/durability.md.
SERVICE_CONFIG = """
{"methodConfig": [{"name": [{"service": "aboveboard.ingest.v1.IngestService"}],
  "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.5s", "maxBackoff": "10s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]}}]}
"""
# Answers after which the same events may be sent again, with or without a delay that the server names.
RETRIED = {"RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"}
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
# Batches that must have come through between one restart and the next.
BETWEEN = 30
OPTIONS = [
    ("grpc.lb_policy_name", "round_robin"),
    # Servers that come back are looked for soon.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class Sender:
    """Sends batches to whichever of some servers answers, each until it is acknowledged."""

    def __init__(self, addresses: Sequence[str], *, by_grpc: bool = False) -> None:
        # Whether grpc tries again by itself, so that every error it hands over is one too many.
        self._by_grpc = by_grpc
        self.source = server_source()
        self.acknowledged: list[str] = []
        # Statuses that end a call for good: there must be none.
        self.failures: list[str] = []
        self.retries = 0
        self._target = f"ipv4:{','.join(addresses)}"

    def run(self, enough: threading.Event) -> None:
        """Send until there is enough."""
        options = [*OPTIONS, ("grpc.service_config", SERVICE_CONFIG)] if self._by_grpc else OPTIONS
        with grpc.insecure_channel(self._target, options) as channel:
            stub = IngestServiceStub(channel)
            while not enough.is_set() and not self.failures:
                self._send(stub)

    def _send(self, stub: IngestServiceStub) -> None:
        batch = request(self.source, [element(str(n)) for n in range(BATCH)])
        wait = FIRST_WAIT
        while True:
            try:
                answer = stub.PublishEvents(batch, timeout=TIMEOUT, wait_for_ready=self._by_grpc)
            except grpc.RpcError as error:
                failure = read_failure(error)
                if self._by_grpc or failure.code not in RETRIED:
                    self.failures.append(str(failure))
                    return
                self.retries += 1
                time.sleep((failure.retry_seconds or 0) + wait * random.uniform(0.5, 1))
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                # What was stored by a call that was cut off is answered DUPLICATE now: it is there, once.
                assert answer.accepted_count + len(answer.verdicts) == BATCH
                self.acknowledged += [event.event_id for event in batch.events]
                return


@contextmanager
def sending(addresses: list[str], count: int) -> Iterator[list[Sender]]:
    """Have clients send, half of them with grpc's own retries, until what is inside is done."""
    senders = [Sender(addresses, by_grpc=number % 2 == 0) for number in range(count)]
    enough = threading.Event()
    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(sender.run, enough) for sender in senders]
        try:
            yield senders
        finally:
            enough.set()
        for sender in running:
            sender.result()


def await_batches(senders: list[Sender]) -> None:
    """Wait until some more batches are acknowledged."""

    def acknowledged() -> int:
        return sum(len(sender.acknowledged) for sender in senders)

    goal = acknowledged() + BETWEEN * BATCH
    while acknowledged() < goal and not any(sender.failures for sender in senders):
        time.sleep(0.05)


def restart(server: ServerProcess) -> None:
    """Stop a server as a deployment does, and start it at the same addresses."""
    addresses = server.ingest_address, server.admin_address, server.http_address
    assert server.stop() == 0
    server.start(*addresses)


def check_all(server: ServerProcess, senders: list[Sender]) -> None:
    """No call failed for good, and each acknowledged event is there once."""
    assert [failure for sender in senders for failure in sender.failures] == []
    stored = [row[0] for row in server.query("SELECT event_id FROM element_stat")]
    assert len(stored) == len(set(stored))
    acknowledged = {event_id for sender in senders for event_id in sender.acknowledged}
    assert set(stored) == acknowledged
