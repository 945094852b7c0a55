"""IngestService over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard.ingest.v1 import ingest_service_pb2_grpc as stubs
from aboveboard_server.access.caller import BOUND_TO_COMPANY
from aboveboard_server.errors import ServiceError
from aboveboard_server.grpc_api.interceptors.boundary import caller
from aboveboard_server.ingest.stream import acknowledge
from aboveboard_server.request_log import note

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aboveboard_server.ingest.service import IngestService
    from aboveboard_server.ingest.stream import Streams
    from aboveboard_server.limits import Limiter
    from aboveboard_server.privacy.preferences import Preferences


class IngestServicer(stubs.IngestServiceServicer):
    """Decode, call, encode."""

    def __init__(
        self, service: IngestService, preferences: Preferences, streams: Streams, limiter: Limiter
    ) -> None:
        self._service = service
        self._limiter = limiter
        self._preferences = preferences
        self._streams = streams

    def end_streams(self) -> None:
        """Take nothing more from the streams that are open, and let each end once all is acknowledged."""
        self._streams.end()

    async def PublishEvents(
        self, request: ingest.PublishEventsRequest, context: Any
    ) -> ingest.PublishEventsResponse:
        """See ingest_service.proto."""
        response = await self._service.publish(request, is_bound=BOUND_TO_COMPANY.get())
        note({"events": len(request.events), "accepted": response.accepted_count})
        return response

    async def StreamEvents(
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[ingest.StreamEventsResponse]:
        """See ingest_service.proto."""
        accepted = refused = 0
        answers = acknowledge(request_iterator, self._service, self._streams, BOUND_TO_COMPANY.get)
        async for response in answers:
            accepted += response.accepted_count
            refused += len(response.verdicts)
            note({"events": accepted + refused, "accepted": accepted})
            yield response

    async def GetCollectionStatus(
        self, request: ingest.GetCollectionStatusRequest, context: Any
    ) -> ingest.GetCollectionStatusResponse:
        """See ingest_service.proto."""
        if not request.HasField("source"):
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        status = self._service.collection_status(request.source, is_bound=BOUND_TO_COMPANY.get())
        return ingest.GetCollectionStatusResponse(collection_status=status)

    async def SetCollectionPreference(
        self, request: ingest.SetCollectionPreferenceRequest, context: Any
    ) -> ingest.SetCollectionPreferenceResponse:
        """See ingest_service.proto."""
        self._limiter.admit_preference(self._limiter.address_of(*caller(context)))
        return await self._preferences.set(request, is_bound=BOUND_TO_COMPANY.get())
