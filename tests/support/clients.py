"""What tests send, and how they read what is answered."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from tests.support.users import stored_user

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.ingest.v1.ingest_service_pb2 import (
    GetCollectionStatusRequest,
    PublishEventsRequest,
    PublishEventsResponse,
    StreamEventsRequest,
    StreamEventsResponse,
)
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source
from aboveboard.telemetry.v1.verdict_pb2 import EventVerdict, Outcome, RejectionReason
from aboveboard_server.cli.errors import ErrorDetails, read_details
from aboveboard_server.ids import uuid7
from aboveboard_server.schema import catalog
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

# Long enough for a slow machine; no test waits for it.
TIMEOUT = 30
NOON = Timestamp(seconds=1_783_944_000)  # 2026-07-13T12:00:00Z
PUBLISH = "/aboveboard.ingest.v1.IngestService/PublishEvents"
STREAM = "/aboveboard.ingest.v1.IngestService/StreamEvents"


def new_id() -> str:
    """Return a UUIDv7, as a client makes one for each event."""
    return str(uuid7())


def server_source(server_uuid: str = "", **fields: str) -> Source:
    """Return an anonymous server; a new one unless its UUID is given."""
    return Source(server=ServerSource(server_uuid=server_uuid or str(uuid.uuid4()), **fields))


def deployment_source(company_id: str, deployment_id: str = "d1", **fields: str) -> Source:
    """Return a company's deployment."""
    fields.setdefault("solution", "Connects")
    return Source(deployment=DeploymentSource(company_id=company_id, deployment_id=deployment_id, **fields))


def element(element_id: str = "10", **envelope: Any) -> EventEnvelope:
    """Return a good event of the simplest kind; `envelope` replaces what its envelope holds."""
    event = _envelope(envelope)
    event.element_stat.element_id = element_id
    event.element_stat.change_type = CHANGE_TYPE_CREATE
    return event


def environment(environment_id: str = "10", **envelope: Any) -> EventEnvelope:
    """Return a good event of another kind."""
    event = _envelope(envelope)
    event.environment_stat.environment_id = environment_id
    event.environment_stat.change_type = CHANGE_TYPE_CREATE
    return event


def ping(
    event_name: str = "Started", payload: dict[str, Any] | None = None, **envelope: Any
) -> EventEnvelope:
    """Return a good ping."""
    event = _envelope(envelope)
    event.ping.event_name = event_name
    if payload is not None:
        event.ping.payload.update(payload)
    return event


def unknown_arm(number: int, data: bytes = b"new", **envelope: Any) -> EventEnvelope:
    """Return an event as a newer client sends it: its arm has a number nobody here knows."""
    event = _envelope(envelope)
    event.MergeFromString(length_delimited(number, data))
    return event


def _envelope(values: dict[str, Any]) -> EventEnvelope:
    complete: dict[str, Any] = {"event_id": new_id(), "occurred_at": NOON} | values
    return EventEnvelope(**complete)


def of_the_next_hour(event: EventEnvelope) -> EventEnvelope:
    """Let an event occur in an hour: after a cut-off of now as callers without a key see it, too."""
    event.occurred_at.FromNanoseconds(time.time_ns() + 3_600_000_000_000)
    return event


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    done = bytearray()
    while number > 0x7F:
        done.append(number & 0x7F | 0x80)
        number >>= 7
    done.append(number)
    return bytes(done)


def length_delimited(number: int, data: bytes) -> bytes:
    """Return one field of a message on the wire: a text, bytes or another message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def request(source: Source | None, events: Iterable[EventEnvelope]) -> PublishEventsRequest:
    """Return a request; without a source where that is None."""
    return PublishEventsRequest(source=source, events=events)


class Requests:
    """The requests of a stream as a service reads them, each of a size that says nothing."""

    size = 100

    def __init__(self, *requests: StreamEventsRequest) -> None:
        self._requests = requests

    async def __aiter__(self) -> AsyncIterator[StreamEventsRequest]:
        for one in self._requests:
            yield one


@contextmanager
def ingest(server: ServerProcess) -> Iterator[IngestServiceStub]:
    """Connect to a server."""
    with grpc.insecure_channel(server.ingest_address) as channel:
        yield IngestServiceStub(channel)


def publish(
    server: ServerProcess, source: Source, *events: EventEnvelope, write_key: str = ""
) -> PublishEventsResponse:
    """Send events in one request."""
    sent = request(source, events)
    sent.write_key = write_key
    with ingest(server) as stub:
        return stub.PublishEvents(sent, timeout=TIMEOUT)


def status(server: ServerProcess, source: Source, write_key: str = "") -> CollectionStatus:
    """Ask whether a source may collect."""
    with ingest(server) as stub:
        asked = GetCollectionStatusRequest(source=source, write_key=write_key)
        return stub.GetCollectionStatus(asked, timeout=TIMEOUT).collection_status


@dataclass(frozen=True)
class Answer:
    """What became of one request, through whichever door it went."""

    accepted: int
    verdicts: list[EventVerdict]


Door = Callable[..., Answer]


def through_unary(server: ServerProcess, data: bytes, compression: grpc.Compression | None = None) -> Answer:
    """Send the bytes of a PublishEventsRequest, valid or not, to PublishEvents."""
    with grpc.insecure_channel(server.ingest_address) as channel:
        call: Any = channel.unary_unary(PUBLISH, None, PublishEventsResponse.FromString)
        response = call(data, timeout=TIMEOUT, compression=compression)
    return Answer(response.accepted_count, list(response.verdicts))


def through_stream(server: ServerProcess, data: bytes, compression: grpc.Compression | None = None) -> Answer:
    """Send the bytes of a PublishEventsRequest, valid or not, as the only one of a stream."""
    framed = StreamEventsRequest(sequence=1).SerializeToString() + length_delimited(2, data)
    with grpc.insecure_channel(server.ingest_address) as channel:
        call: Any = channel.stream_stream(STREAM, None, StreamEventsResponse.FromString)
        answers = list(call(iter([framed]), timeout=TIMEOUT, compression=compression))
    return Answer(
        sum(answer.accepted_count for answer in answers),
        [verdict.verdict for answer in answers for verdict in answer.verdicts],
    )


def told(verdicts: Iterable[EventVerdict]) -> list[tuple[int, str, str, str]]:
    """Return index, outcome, reason and field of each verdict."""
    return [
        (
            verdict.index,
            Outcome.Name(verdict.outcome).removeprefix("OUTCOME_"),
            RejectionReason.Name(verdict.reason).removeprefix("REJECTION_REASON_"),
            verdict.field,
        )
        for verdict in verdicts
    ]


@dataclass(frozen=True)
class Refusal:
    """A status other than OK; `seen` is everything of it that the client gets to see."""

    code: grpc.StatusCode
    message: str
    details: ErrorDetails
    seen: str


def refusal(call: Callable[[], object]) -> Refusal:
    """Return the status that a call ends with; AssertionError where it ends well."""
    try:
        call()
    except grpc.RpcError as error:
        return refusal_of(error)
    raise AssertionError("the call was not refused")


def refusal_of(error: grpc.RpcError) -> Refusal:
    """Return what a gRPC error says."""
    assert isinstance(error, grpc.Call)
    metadata = [*(error.initial_metadata() or ()), *(error.trailing_metadata() or ())]
    return Refusal(
        code=error.code(),
        message=error.details() or "",
        details=read_details(error),
        seen=f"{error.code()} {error.details()!r} {[tuple(entry) for entry in metadata]!r}",
    )


def held(server: ServerProcess, source: Source | None = None) -> dict[str, int]:
    """Count what the database holds, or what it holds of a source: rows by table, without the empty ones."""
    tables = [event.name for event in catalog.default().events] + [QUARANTINE]
    where, parameters = "", []
    if source is not None:
        name = source.WhichOneof("origin")
        assert name is not None
        keys = {field.name: value for field, value in getattr(source, name).ListFields()}
        where = " WHERE " + " AND ".join(f"{key} = ?" for key in keys)
        if "user_id" in keys:
            keys["user_id"] = stored_user(server, keys["company_id"], keys["user_id"])
        parameters = list(keys.values())
    found = {
        table: server.query(
            f"SELECT count(*) FROM {table} JOIN source USING (source_id){where}", *parameters
        )[0][0]
        for table in tables
    }
    return {table: count for table, count in found.items() if count}
