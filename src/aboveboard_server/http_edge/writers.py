"""IngestService as callers over HTTP have it: each request is let in by its write key, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from aboveboard_server.http_edge.boundary import ADDRESS
from aboveboard_server.http_edge.routes import secret

if TYPE_CHECKING:
    from starlette.requests import Request

    from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
    from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus
    from aboveboard_server.access.guard import Guard
    from aboveboard_server.ingest.service import IngestService
    from aboveboard_server.limits import Limiter
    from aboveboard_server.privacy.preferences import Preferences

    Message: TypeAlias = (
        ingest.PublishEventsRequest
        | ingest.GetCollectionStatusRequest
        | ingest.SetCollectionPreferenceRequest
    )


class Writers:
    """The only way from a route to the service. ServiceError where a caller is not let in."""

    def __init__(
        self, service: IngestService, preferences: Preferences, guard: Guard, limiter: Limiter
    ) -> None:
        self._service = service
        self._limiter = limiter
        self._preferences = preferences
        self._guard = guard

    async def publish(
        self, request: Request, message: ingest.PublishEventsRequest
    ) -> ingest.PublishEventsResponse:
        """Store events; see PublishEvents in ingest_service.proto."""
        return await self._service.publish(message, is_bound=self._admit(request, message))

    def collection_status(
        self, request: Request, message: ingest.GetCollectionStatusRequest
    ) -> CollectionStatus:
        """Tell a source whether it may collect."""
        return self._service.collection_status(message.source, is_bound=self._admit(request, message))

    async def set_preference(
        self, request: Request, message: ingest.SetCollectionPreferenceRequest
    ) -> ingest.SetCollectionPreferenceResponse:
        """Switch collection off or on."""
        is_bound = self._admit(request, message)
        self._limiter.admit_preference(request.scope[ADDRESS])
        return await self._preferences.set(message, is_bound=is_bound)

    def product(self, request: Request, write_key: str) -> str:
        """Return the solution that the caller's key is bound to, for senders that cannot say theirs."""
        return self._guard.product(secret(request) or write_key)

    def _admit(self, request: Request, message: Message) -> bool:
        """Let a request in, and return whether its key is bound to its source's company."""
        origin = request.headers.get("origin", "")
        return self._guard.admit_writer(secret(request) or message.write_key, message.source, origin)
