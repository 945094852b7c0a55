"""StreamEvents: many requests on one call, acknowledged cumulatively, with the promise of PublishEvents."""

from __future__ import annotations

import itertools
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.support.clients import (
    STREAM,
    TIMEOUT,
    element,
    environment,
    held,
    ingest,
    publish,
    refusal_of,
    request,
    server_source,
    told,
)

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.clients import Refusal
    from tests.support.server import ServerProcess

    from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsResponse
    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard.telemetry.v1.source_pb2 import Source


def numbered(sequence: int, source: Source | None, *events: EventEnvelope) -> StreamEventsRequest:
    """Return one request of a stream."""
    return StreamEventsRequest(sequence=sequence, publish=request(source, events))


def until_it_ends(
    server: ServerProcess, requests: Iterable[StreamEventsRequest]
) -> tuple[list[StreamEventsResponse], Refusal | None]:
    """Send all, and return the answers and the error that ended the stream, if any."""
    answers = []
    with ingest(server) as stub:
        try:
            for answer in stub.StreamEvents(iter(requests), timeout=TIMEOUT):
                answers.append(answer)  # noqa: PERF402  # what came before an error counts
        except grpc.RpcError as error:
            return answers, refusal_of(error)
    return answers, None


def test_answers_acknowledge_cumulatively(shared_server: ServerProcess) -> None:
    """200 requests sent without waiting are acknowledged in rising order up to the last, and all stored."""
    source = server_source()
    requests = [numbered(n, source, element(str(n)), environment(str(n))) for n in range(1, 201)]
    answers, error = until_it_ends(shared_server, requests)
    assert error is None
    acknowledged = [answer.acknowledged_through for answer in answers]
    assert acknowledged == sorted(set(acknowledged))
    assert acknowledged[-1] == 200
    assert sum(answer.accepted_count for answer in answers) == 400
    assert all(answer.collection_status.state == CollectionStatus.STATE_ENABLED for answer in answers)
    assert held(shared_server, source) == {"element_stat": 200, "environment_stat": 200}


def test_an_acknowledged_request_is_stored_while_the_stream_goes_on(shared_server: ServerProcess) -> None:
    """An answer waits for no later request, and what it acknowledges is in the database when it arrives."""
    source = server_source()
    sent: SimpleQueue[StreamEventsRequest | None] = SimpleQueue()
    with ingest(shared_server) as stub:
        answers = stub.StreamEvents(iter(sent.get, None), timeout=TIMEOUT)
        for sequence in (1, 2, 7, 2**63):
            sent.put(numbered(sequence, source, element()))
            assert next(answers).acknowledged_through == sequence
        assert held(shared_server, source) == {"element_stat": 4}
        sent.put(None)
        assert not list(answers)


def test_verdicts_carry_the_sequence_of_their_request(shared_server: ServerProcess) -> None:
    """However many requests one answer covers, each verdict names its request and its place in it."""
    source, event = server_source(), element()
    answers, error = until_it_ends(
        shared_server,
        [
            numbered(3, source, event, element("")),
            numbered(5, source, element(), event),
            numbered(9, source, element(event_id="x"), element(), element("x" * 65)),
        ],
    )
    assert error is None
    assert answers[-1].acknowledged_through == 9
    assert sum(answer.accepted_count for answer in answers) == 3
    verdicts = [verdict for answer in answers for verdict in answer.verdicts]
    found = [(one.sequence, *told([one.verdict])[0]) for one in verdicts]
    assert found == [
        (3, 1, "REJECTED", "FIELD_REQUIRED", "element_stat.element_id"),
        (5, 1, "DUPLICATE", "UNSPECIFIED", ""),
        (9, 0, "REJECTED", "NOT_A_UUID", "event_id"),
        (9, 2, "REJECTED", "TOO_LONG", "element_stat.element_id"),
    ]


@pytest.mark.parametrize("sequences", [(0,), (1, 1), (1, 2, 2), (5, 4), (1, 2, 3, 0)])
def test_a_sequence_that_does_not_rise_ends_the_stream(
    shared_server: ServerProcess, sequences: tuple[int, ...]
) -> None:
    """0, the same number or a smaller one is INVALID_ARGUMENT; what came before is stored."""
    source = server_source()
    requests = [numbered(sequence, source, element()) for sequence in sequences]
    answers, error = until_it_ends(shared_server, requests)
    assert error is not None
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details.reason == "SEQUENCE_INVALID"
    assert [field for field, _ in error.details.fields] == ["sequence"]
    good = sequences[:-1]
    assert [answer.acknowledged_through for answer in answers[-1:]] == list(good[-1:])
    assert sum(answer.accepted_count for answer in answers) == len(good)
    assert held(shared_server, source) == ({"element_stat": len(good)} if good else {})


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (PublishEventsRequest(), "SOURCE_MISSING"),
        (request(server_source("not-a-uuid"), [element()]), "SOURCE_INVALID"),
        (request(server_source(), []), "EVENTS_MISSING"),
        (request(server_source(), [element() for _ in range(1_001)]), "TOO_MANY_EVENTS"),
    ],
    ids=["no source", "bad source", "no event", "1001 events"],
)
def test_a_bad_request_in_the_middle(
    shared_server: ServerProcess, bad: PublishEventsRequest, reason: str
) -> None:
    """A request that is refused ends the stream; all before it is acknowledged, none behind it counts."""
    source = server_source()
    requests = [numbered(sequence, source, element(str(sequence))) for sequence in range(1, 41)]
    requests.insert(20, StreamEventsRequest(sequence=21, publish=bad))
    for late in requests[21:]:
        late.sequence += 1
    answers, error = until_it_ends(shared_server, requests)
    assert error is not None
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details.reason == reason
    assert answers[-1].acknowledged_through == 20
    assert sum(answer.accepted_count for answer in answers) == 20
    assert held(shared_server, source) == {"element_stat": 20}


def test_bytes_that_cannot_be_read_in_the_middle(shared_server: ServerProcess) -> None:
    """A message that is no protobuf ends the stream in the same way."""
    source = server_source()
    data = [numbered(sequence, source, element()).SerializeToString() for sequence in (1, 2, 3)]
    data[1] = b"\xff" * 32
    answers: list[bytes] = []
    with grpc.insecure_channel(shared_server.ingest_address) as channel:
        call: Any = channel.stream_stream(STREAM, None, None)
        with pytest.raises(grpc.RpcError) as ended:
            answers.extend(call(iter(data), timeout=TIMEOUT))
    assert refusal_of(ended.value).details.reason == "MALFORMED_REQUEST"
    assert held(shared_server, source) == {"element_stat": 1}


def test_several_sources_on_one_stream(shared_server: ServerProcess) -> None:
    """Each request of a stream names its own source; rows belong to theirs."""
    sources = [server_source() for _ in range(5)]
    requests = [
        numbered(sequence, source, *[element() for _ in range(place)])
        for sequence, (place, source) in enumerate(enumerate(sources, start=1), start=1)
    ]
    _, error = until_it_ends(shared_server, requests)
    assert error is None
    assert [held(shared_server, source)["element_stat"] for source in sources] == [1, 2, 3, 4, 5]


def test_a_client_that_goes_away_hurts_nobody(shared_server: ServerProcess) -> None:
    """Clients that cancel or vanish midway cost others nothing; what they were told is stored is stored."""
    source, beside = server_source(), server_source()
    silence = threading.Event()

    def endless() -> Iterator[StreamEventsRequest]:
        for sequence in itertools.count(1):
            if silence.is_set():
                return
            yield numbered(sequence, source, element())

    for how in ("cancel", "close"):
        with grpc.insecure_channel(
            shared_server.ingest_address, options=[("grpc.use_local_subchannel_pool", 1)]
        ) as channel:
            silence.clear()
            stub = IngestServiceStub(channel)
            call = stub.StreamEvents(endless(), timeout=TIMEOUT)
            before = held(shared_server, source).get("element_stat", 0)
            next(call)
            if how == "cancel":
                call.cancel()
        silence.set()
        assert held(shared_server, source)["element_stat"] > before
        assert publish(shared_server, beside, element()).accepted_count == 1
    assert held(shared_server, beside) == {"element_stat": 2}
