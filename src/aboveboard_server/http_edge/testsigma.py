"""The routes of an unmodified Testsigma server: one URL changed, and it is a client.

It sends no event id and no time, so the edge adds both; a request sent again counts again. It reads the
answer as text and needs a status below 300, opted out or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from aboveboard.ingest.v1.ingest_service_pb2 import (
    GetCollectionStatusRequest,
    PublishEventsRequest,
    SetCollectionPreferenceRequest,
)
from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard.telemetry.v1.source_pb2 import ServerSource, Source
from aboveboard_server.http_edge import bodies, strict_json
from aboveboard_server.http_edge.routes import PUBLISH, write_route
from aboveboard_server.http_edge.testsigma_documents import event_reader, invalid, text_at, truth_at
from aboveboard_server.request_log import note
from aboveboard_server.schema import catalog as schema_catalog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from starlette.requests import Request
    from starlette.responses import Response

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.http_edge.routes import GuardedRoute
    from aboveboard_server.http_edge.testsigma_documents import Document
    from aboveboard_server.http_edge.writers import Writers
    from aboveboard_server.schema.catalog import EventType

    Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

# What its client sends, by the last part of the URL; each is the event of that name with `_stat` behind it.
STATS = (
    *("agent", "agent_device", "element", "environment", "test_case", "test_data"),
    *("test_plan", "test_plan_run", "test_step", "test_suite", "upload"),
)
PREFIXES = ("/api_public", "/k/{write_key}/api_public")
SERVER_UUID = "serverUuid"
CONSENT = "consent"


def routes(writers: Writers) -> list[GuardedRoute]:
    """Return the twelve routes, and the same again behind a write key."""
    catalog = schema_catalog.default()
    edge = _Edge(writers)
    stats = {name: edge.stat(catalog.event(f"{name}_stat")) for name in STATS}
    ping = edge.server_ping(catalog.event("server_ping"))
    return [
        route
        for prefix in PREFIXES
        for route in (
            write_route(f"{prefix}/servers/{{server_uuid}}", ping, "PUT", PUBLISH),
            *[write_route(f"{prefix}/stats/{name}", take, "POST", PUBLISH) for name, take in stats.items()],
        )
    ]


class _Edge:
    """Turns its documents into requests of the service."""

    def __init__(self, writers: Writers) -> None:
        self._writers = writers

    def stat(self, event: EventType) -> Endpoint:
        """Return the endpoint that takes one kind of change."""
        read = event_reader(event)

        async def take(request: Request) -> Response:
            document = await _document(request)
            return await self._publish(request, text_at(document, SERVER_UUID), read(document))

        return take

    def server_ping(self, event: EventType) -> Endpoint:
        """Return the endpoint that takes a server's sign of life, and its consent where it says it.

        No consent is an opt-out. Consent lifts nothing: it comes with every ping, unasked, and must not undo
        what somebody has set on purpose. SetCollectionPreference does.
        """
        read = event_reader(event)

        async def take(request: Request) -> Response:
            document = await _document(request)
            server_uuid = request.path_params["server_uuid"]
            if text_at(document, SERVER_UUID).lower() not in {"", server_uuid.lower()}:
                raise invalid(SERVER_UUID, "must be the UUID in the path")
            envelope = read(document)
            if truth_at(document, CONSENT) is False:
                await self._opt_out(request, server_uuid)
            return await self._publish(request, server_uuid, envelope)

        return take

    async def _opt_out(self, request: Request, server_uuid: str) -> None:
        """Do what SetCollectionPreference does where a server says DISABLED of itself.

        Nothing where it is opted out already: each of its pings says so, and the rates are for changes.
        """
        asked = GetCollectionStatusRequest(
            source=self._source(request, server_uuid), write_key=_write_key(request)
        )
        if self._writers.collection_status(request, asked).state == v.CollectionStatus.STATE_DISABLED:
            return
        disable = SetCollectionPreferenceRequest(
            source=self._source(request, server_uuid),
            scope=SetCollectionPreferenceRequest.SCOPE_SERVER,
            preference=SetCollectionPreferenceRequest.PREFERENCE_DISABLED,
            write_key=_write_key(request),
        )
        await self._writers.set_preference(request, disable)

    async def _publish(self, request: Request, server_uuid: str, envelope: EventEnvelope) -> Response:
        message = PublishEventsRequest(
            source=self._source(request, server_uuid), events=[envelope], write_key=_write_key(request)
        )
        response = await self._writers.publish(request, message)
        note({"events": 1, "accepted": response.accepted_count})
        for verdict in response.verdicts:
            if verdict.outcome == v.OUTCOME_REJECTED:
                raise invalid("", verdict.message)
        return PlainTextResponse("ok\n")

    def _source(self, request: Request, server_uuid: str) -> Source:
        """Return who sends: a server that cannot say which product it is, as its key may."""
        solution = self._writers.product(request, _write_key(request))
        return Source(server=ServerSource(server_uuid=server_uuid, solution=solution))


def _write_key(request: Request) -> str:
    return str(request.path_params.get("write_key", ""))


async def _document(request: Request) -> Document:
    bodies.kind(request, [bodies.JSON])
    values = strict_json.loads(await bodies.read(request))
    if isinstance(values, dict):
        return values
    raise invalid("", values.why if isinstance(values, strict_json.Broken) else "must be an object")
