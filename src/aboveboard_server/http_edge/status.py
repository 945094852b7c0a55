"""POST /v1/status and /v1/preference: GetCollectionStatus and SetCollectionPreference for browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server.errors import ServiceError
from aboveboard_server.http_edge import answers, bodies, strict_json
from aboveboard_server.http_edge.events import KINDS, malformed
from aboveboard_server.http_edge.proto_json import InvalidValueError, reader
from aboveboard_server.ingest import decoding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from aboveboard_server.http_edge.writers import Writers

    Endpoint = Callable[[Request], Awaitable[Response]]


def status_endpoint(writers: Writers) -> Endpoint:
    """Return the endpoint that tells whether a source may collect."""
    read = _message_reader(ingest.GetCollectionStatusRequest)

    async def status(request: Request) -> Response:
        asked: ingest.GetCollectionStatusRequest = await read(request)
        if not asked.HasField("source"):
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        told = writers.collection_status(request, asked)
        return answers.message(ingest.GetCollectionStatusResponse(collection_status=told))

    return status


def preference_endpoint(writers: Writers) -> Endpoint:
    """Return the endpoint that switches collection off or on."""
    read = _message_reader(ingest.SetCollectionPreferenceRequest)

    async def preference(request: Request) -> Response:
        return answers.message(await writers.set_preference(request, await read(request)))

    return preference


def _message_reader(message_class: Any) -> Callable[[Request], Awaitable[Any]]:
    from_json = reader(message_class.DESCRIPTOR)

    async def read(request: Request) -> Any:
        kind = bodies.kind(request, KINDS)
        body = await bodies.read(request)
        if kind == bodies.PROTOBUF:
            return decoding.parse(message_class, body)
        try:
            return message_class(**from_json(strict_json.loads(body)))
        except InvalidValueError as error:
            raise malformed(error) from error

    return read
