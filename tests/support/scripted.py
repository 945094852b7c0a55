"""A service that answers what a test tells it to, and keeps what it was asked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard.ingest.v1 import ingest_service_pb2_grpc as stubs
from aboveboard.schema.v1.annotations_pb2 import CATEGORY_INTERACTION, CATEGORY_TECHNICAL
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from google.protobuf.message import Message

ENABLED, DISABLED = CollectionStatus.STATE_ENABLED, CollectionStatus.STATE_DISABLED


def collection_status(state: CollectionStatus.State.ValueType = ENABLED, **fields: Any) -> CollectionStatus:
    """Return a status as the service gives it."""
    categories = [CATEGORY_INTERACTION, CATEGORY_TECHNICAL] if state == ENABLED else []
    told: dict[str, Any] = {"state": state, "categories": categories} | fields
    return CollectionStatus(**told)


class RefusedError(Exception):
    """Answers a call with an error, and with the details it carries."""

    def __init__(self, code: grpc.StatusCode, reason: str = "", retry_seconds: float | None = None) -> None:
        super().__init__(code.name)
        self.code = code
        self.trailers: tuple[tuple[str, bytes], ...] = ()
        details: list[Message] = []
        if reason:
            details.append(error_details_pb2.ErrorInfo(reason=reason, domain="aboveboard"))
        if retry_seconds is not None:
            delay = Duration()
            delay.FromMilliseconds(round(retry_seconds * 1000))
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        status = status_pb2.Status(code=code.value[0])
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        if details:
            self.trailers = (("grpc-status-details-bin", status.SerializeToString()),)


class ScriptedService(stubs.IngestServiceServicer):
    """Serves on a port of its own while it is a context; `answer` is called for each publish."""

    def __init__(self) -> None:
        self.asked: list[ingest.GetCollectionStatusRequest] = []
        self.published: list[ingest.PublishEventsRequest] = []
        self.preferences: list[ingest.SetCollectionPreferenceRequest] = []
        self.status = collection_status()
        self.answer: Callable[[ingest.PublishEventsRequest], ingest.PublishEventsResponse] = self.accept
        # What SetCollectionPreference is answered with, one call after the other; then it takes everything.
        self.refusals: list[RefusedError] = []
        # Called with each preference before it is answered.
        self.hear: Callable[[ingest.SetCollectionPreferenceRequest], object] = lambda _: None
        # What GetCollectionStatus is refused with.
        self.closed: RefusedError | None = None
        self.erases = True
        self.arrived = threading.Event()
        self.address = ""

    def accept(self, request: ingest.PublishEventsRequest) -> ingest.PublishEventsResponse:
        """Take everything."""
        return ingest.PublishEventsResponse(accepted_count=len(request.events), collection_status=self.status)

    def event_ids(self) -> list[str]:
        """Return the id of every event that was sent, as often as it was."""
        return [event.event_id for request in self.published for event in request.events]

    def PublishEvents(self, request: ingest.PublishEventsRequest, context: Any) -> Any:
        self.published.append(request)
        self.arrived.set()
        try:
            return self.answer(request)
        except RefusedError as error:
            _abort(context, error)

    def GetCollectionStatus(self, request: ingest.GetCollectionStatusRequest, context: Any) -> Any:
        self.asked.append(request)
        if self.closed is not None:
            _abort(context, self.closed)
        return ingest.GetCollectionStatusResponse(collection_status=self.status)

    def SetCollectionPreference(self, request: ingest.SetCollectionPreferenceRequest, context: Any) -> Any:
        self.preferences.append(request)
        self.hear(request)
        if self.refusals:
            _abort(context, self.refusals.pop(0))
        if request.erase_history and not self.erases:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "erase_history is not implemented")
        return ingest.SetCollectionPreferenceResponse(collection_status=self.status)

    def StreamEvents(self, request_iterator: Any, context: Any) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._server = grpc.server(ThreadPoolExecutor(8))
        stubs.add_IngestServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(0).wait()


def _abort(context: Any, error: RefusedError) -> None:
    context.set_trailing_metadata(error.trailers)
    context.abort(error.code, "as the test says")
