"""What callers learn of a deletion whose write key is not bound to the company: that there was one, and when
to the hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.integration.store.test_erased_events import at, erase, outcomes
from tests.support.batches import entomb, record
from tests.support.clients import Requests, deployment_source, request, server_source
from tests.support.door import service_over

from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard_server.ingest.stream import Streams, acknowledge
from aboveboard_server.storage.ports import SubjectRecord

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore

HOUR = 3_600_000_000
# 2026-07-13T12:00:00Z.
NOON = 1_783_944_000_000_000


@pytest.mark.parametrize(
    ("cut_off", "rounded"),
    [
        (NOON, NOON),
        (NOON + 1, NOON + HOUR),
        (NOON + HOUR - 1, NOON + HOUR),
        (NOON - 1, NOON),
    ],
)
async def test_a_cut_off_is_rounded_up_to_the_hour(
    store: EventStore, backend: Backend, cut_off: int, rounded: int
) -> None:
    """Refused up to the full hour, whatever the cut-off within it; taken from 1 µs after; in streams too."""
    source = deployment_source("acme")
    events = [at(cut_off), at(rounded), at(rounded + 1)]

    sent = StreamEventsRequest(sequence=1, publish=request(source, [at(rounded), at(rounded + 1)]))
    async with service_over(store) as service:
        await erase(store, source, cut_off)
        response = await service.publish(request(source, events))
        (answer,) = [answer async for answer in acknowledge(Requests(sent), service, Streams(60))]
    assert outcomes(response) == [(0, "SUBJECT_ERASED"), (1, "SUBJECT_ERASED")]
    assert [verdict.verdict.index for verdict in answer.verdicts] == [0]
    assert backend.count("element_stat") == 2


async def test_answers_within_the_hour_are_alike(store: EventStore) -> None:
    """Two cut-offs within one hour cannot be told apart by any time that is tried."""
    tries = [NOON - 1, NOON, NOON + 1, NOON + 1_800_000_000, NOON + HOUR - 1, NOON + HOUR, NOON + HOUR + 1]
    answers = []
    async with service_over(store) as service:
        for number, cut_off in enumerate((NOON + 1, NOON + 123_456, NOON + HOUR)):
            source = deployment_source(f"acme{number}")
            await erase(store, source, cut_off)
            response = await service.publish(request(source, [at(time) for time in tries]))
            answers.append(outcomes(response))
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]) == len(tries) - 1


async def test_no_answer_tells_the_cut_off(store: EventStore) -> None:
    """Neither that of a request, accepted or refused, nor the status, nor a stream's; bound, each does."""
    source = deployment_source("acme")

    sent = StreamEventsRequest(sequence=1, publish=request(source, [at(NOON)]))
    for is_bound in (False, True):
        async with service_over(store) as service:
            await erase(store, source, NOON)
            streamed = acknowledge(Requests(sent), service, Streams(60), is_bound.__bool__)
            answers = [
                (await service.publish(request(source, [at(NOON)]), is_bound=is_bound)).collection_status,
                (await service.publish(request(source, [at(NOON + 1)]), is_bound=is_bound)).collection_status,
                service.collection_status(source, is_bound=is_bound),
                *[answer.collection_status async for answer in streamed],
            ]
        assert [status.HasField("erased_before") for status in answers] == [is_bound] * len(answers)


@pytest.mark.parametrize("width", range(3))
async def test_every_width_of_subject_is_rounded(store: EventStore, backend: Backend, width: int) -> None:
    """A company's cut-off, a deployment's and a user's."""
    source = deployment_source("acme", user_id="u1")
    subject = SubjectRecord(("COMPANY", "DEPLOYMENT", "USER")[width], record(source).subjects[width])
    async with service_over(store) as service:
        await entomb(store, subject, datetime.fromtimestamp(0, UTC) + timedelta(microseconds=NOON + 1))
        response = await service.publish(request(source, [at(NOON + 2), at(NOON + HOUR + 1)]))
    assert outcomes(response) == [(0, "SUBJECT_ERASED")]
    assert backend.count("element_stat") == 1


async def test_an_anonymous_servers_cut_off_is_rounded(store: EventStore, backend: Backend) -> None:
    """No key is bound to a server."""
    source = server_source()
    async with service_over(store) as service:
        await erase(store, source, NOON + 1)
        response = await service.publish(request(source, [at(NOON + 2), at(NOON + HOUR + 1)]))
    assert outcomes(response) == [(0, "SUBJECT_ERASED")]
    assert backend.count("element_stat") == 1
