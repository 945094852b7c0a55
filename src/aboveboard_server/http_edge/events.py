"""POST /v1/events: PublishEvents for browsers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse
from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.errors import ServiceError
from aboveboard_server.http_edge import answers, bodies, strict_json
from aboveboard_server.http_edge.proto_json import InvalidValueError, reader
from aboveboard_server.ingest import decoding, salvage
from aboveboard_server.ingest.service import check_count
from aboveboard_server.request_log import note

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from aboveboard_server.http_edge.writers import Writers

KINDS = (bodies.TEXT, bodies.JSON, bodies.PROTOBUF)
# Where an envelope's object stands in the document: in the list, in the request.
EVENT_DEPTH = 3

_read_request = reader(PublishEventsRequest.DESCRIPTOR)
_read_event = reader(EventEnvelope.DESCRIPTOR, EVENT_DEPTH)


def endpoint(writers: Writers) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that publishes events."""

    async def publish(request: Request) -> Response:
        kind = bodies.kind(request, KINDS)
        body = await bodies.read(request)
        broken: dict[int, InvalidValueError] = {}
        if kind == bodies.PROTOBUF:
            message = decoding.parse(PublishEventsRequest, body)
        else:
            message, broken = from_json(body)
        response = await writers.publish(request, message)
        note({"events": len(message.events), "accepted": response.accepted_count})
        if not answers.wants_json(request):
            return Response(status_code=HTTPStatus.NO_CONTENT)
        _explain(response, broken)
        return answers.message(response)

    return publish


def from_json(body: bytes) -> tuple[PublishEventsRequest, dict[int, InvalidValueError]]:
    """Return the request, and by index what is wrong with each event that could not be read.

    Such an event is replaced by a mark, so that it gets a verdict and its neighbours are stored.
    ServiceError where what is around the events cannot be read.
    """
    values = strict_json.loads(body)
    if not isinstance(values, dict):
        raise malformed(InvalidValueError(_why(values, "must be an object")))
    events = values.pop("events", None)
    if events is None:
        events = []
    if not isinstance(events, list):
        raise malformed(InvalidValueError(_why(events, "must be a list"), "events"))
    check_count(len(events))
    try:
        request = PublishEventsRequest(**_read_request(values))
    except InvalidValueError as error:
        raise malformed(error) from error
    broken = {}
    for index, event in enumerate(events):
        try:
            request.events.add(**_read_event(event))
        except InvalidValueError as error:
            broken[index] = error
            request.events.append(salvage.malformed(_id_of(event)))
    return request, broken


def malformed(error: InvalidValueError) -> ServiceError:
    """Return the refusal of a request that could not be read."""
    return ServiceError(reasons.ERROR_REASON_MALFORMED_REQUEST, error.text, field=error.field)


def _explain(response: PublishEventsResponse, broken: dict[int, InvalidValueError]) -> None:
    """Say in the verdicts of events that could not be read what is wrong with them."""
    for verdict in response.verdicts:
        if verdict.reason == v.REJECTION_REASON_MALFORMED and verdict.index in broken:
            verdict.field = broken[verdict.index].field
            verdict.message = str(broken[verdict.index])


def _id_of(event: Any) -> str:
    event_id = event.get("eventId") if isinstance(event, dict) else None
    return event_id if isinstance(event_id, str) and strict_json.is_text(event_id) else ""


def _why(value: Any, otherwise: str) -> str:
    return value.why if isinstance(value, strict_json.Broken) else otherwise
