"""Several servers with several workers on one PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.clients import TIMEOUT, element, environment, request, server_source
from tests.support.on_postgres import OnPostgres

from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.verdict_pb2 import OUTCOME_DUPLICATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse

ROUNDS = 10
# Connections to each server: the kernel spreads them over its workers.
CONNECTIONS = 4


@pytest.fixture
def servers(tmp_path: Path, postgres: PostgresServer) -> Iterator[list[OnPostgres]]:
    """Two servers with two workers each, on one database."""
    url = postgres.new_database()
    started = []
    try:
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            server = OnPostgres(folder, postgres, url, workers=2)
            started.append(server)
            server.start()
        yield started
    finally:
        for server in started:
            server.stop()


def test_the_same_batch_sent_to_all_at_once_is_stored_once(servers: list[OnPostgres]) -> None:
    """Of one batch sent over 8 connections to four processes each event is accepted once, else DUPLICATE."""
    channels = [
        grpc.insecure_channel(server.ingest_address, options=[("grpc.use_local_subchannel_pool", 1)])
        for server in servers
        for _ in range(CONNECTIONS)
    ]
    stubs = [IngestServiceStub(channel) for channel in channels]
    sent = 0
    with ThreadPoolExecutor(len(stubs)) as pool:
        for turn in range(ROUNDS):
            batch = [maker(str(n)) for n in range(100) for maker in (element, environment)]
            # Another order for every second one: locks taken in the order of sending would form circles.
            requests = [
                request(server_source(), batch[:: 1 if place % 2 else -1]) for place in range(len(stubs))
            ]
            answers = list(pool.map(publish, stubs, requests))
            assert sum(answer.accepted_count for answer in answers) == len(batch)
            verdicts = [verdict for answer in answers for verdict in answer.verdicts]
            assert len(verdicts) == len(batch) * (len(stubs) - 1)
            assert {verdict.outcome for verdict in verdicts} == {OUTCOME_DUPLICATE}
            sent += len(batch)
            assert servers[0].query(
                "SELECT (SELECT count(*) FROM element_stat) + (SELECT count(*) FROM environment_stat)"
            ) == [(sent,)], f"round {turn}"
    for channel in channels:
        channel.close()


def publish(stub: IngestServiceStub, batch: PublishEventsRequest) -> PublishEventsResponse:
    return stub.PublishEvents(batch, timeout=TIMEOUT)
