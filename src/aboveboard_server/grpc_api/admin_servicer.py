"""AdminService over gRPC. What is not here yet is answered UNIMPLEMENTED by the generated base class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aboveboard.admin.v1 import admin_service_pb2_grpc as stubs

if TYPE_CHECKING:
    from aboveboard.admin.v1 import loss_pb2
    from aboveboard.admin.v1 import quarantine_pb2 as q
    from aboveboard_server.ingest.loss import LossEstimator
    from aboveboard_server.ingest.quarantine import Quarantine


class AdminServicer(stubs.AdminServiceServicer):
    """Decode, call, encode."""

    def __init__(self, quarantine: Quarantine, loss: LossEstimator) -> None:
        self._quarantine = quarantine
        self._loss = loss

    async def EstimateLoss(
        self, request: loss_pb2.EstimateLossRequest, context: Any
    ) -> loss_pb2.EstimateLossResponse:
        """See admin_service.proto."""
        return await self._loss.page(request)

    async def ListQuarantinedEvents(
        self, request: q.ListQuarantinedEventsRequest, context: Any
    ) -> q.ListQuarantinedEventsResponse:
        """See admin_service.proto."""
        return await self._quarantine.page(request)

    async def ReplayQuarantinedEvents(
        self, request: q.ReplayQuarantinedEventsRequest, context: Any
    ) -> q.ReplayQuarantinedEventsResponse:
        """See admin_service.proto."""
        return await self._quarantine.replay(validate_only=request.validate_only)
