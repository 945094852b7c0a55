"""AdminService over gRPC."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard.admin.v1 import admin_service_pb2_grpc as stubs
from aboveboard.admin.v1 import clock_pb2
from aboveboard.admin.v1 import company_pb2 as c
from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1 import retention_pb2 as r
from aboveboard_server.access.caller import ADMINISTRATOR

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aboveboard.admin.v1 import admin_service_pb2 as service_pb2
    from aboveboard.admin.v1 import archive_pb2, audit_pb2, deployment_pb2, loss_pb2
    from aboveboard.admin.v1 import quarantine_pb2 as q
    from aboveboard_server.access.keys import Keys
    from aboveboard_server.ingest.loss import LossEstimator
    from aboveboard_server.ingest.quarantine import Quarantine
    from aboveboard_server.privacy.archive_list import ArchiveList
    from aboveboard_server.privacy.audit import AuditLog
    from aboveboard_server.privacy.clock_admin import ClockAdmin
    from aboveboard_server.privacy.companies import Companies
    from aboveboard_server.privacy.deletion import Deletions
    from aboveboard_server.privacy.export import Exporter
    from aboveboard_server.privacy.installations import Installations
    from aboveboard_server.privacy.opt_outs import OptOuts
    from aboveboard_server.privacy.receipt_chain import ReceiptChain
    from aboveboard_server.privacy.retention import Retention
    from aboveboard_server.privacy.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Rooms:
    """What keeps the promises of AdminService."""

    opt_outs: OptOuts
    deletions: Deletions
    receipts: ReceiptChain
    exporter: Exporter
    companies: Companies
    installations: Installations
    quarantine: Quarantine
    loss: LossEstimator
    audit: AuditLog
    archive: ArchiveList
    retention: Retention
    sweep: Sweep
    keys: Keys
    clock: ClockAdmin


class AdminServicer(stubs.AdminServiceServicer):
    """Decode, call, encode. Each method does what admin_service.proto says of it."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def CreateOptOut(self, request: o.CreateOptOutRequest, context: Any) -> o.CreateOptOutResponse:
        """See admin_service.proto."""
        return o.CreateOptOutResponse(opt_out=await self._rooms.opt_outs.create(request, _actor()))

    async def GetOptOut(self, request: o.GetOptOutRequest, context: Any) -> o.GetOptOutResponse:
        """See admin_service.proto."""
        return o.GetOptOutResponse(opt_out=await self._rooms.opt_outs.get(request))

    async def ListOptOuts(self, request: o.ListOptOutsRequest, context: Any) -> o.ListOptOutsResponse:
        """See admin_service.proto."""
        return await self._rooms.opt_outs.page(request)

    async def RevokeOptOut(self, request: o.RevokeOptOutRequest, context: Any) -> o.RevokeOptOutResponse:
        """See admin_service.proto."""
        return o.RevokeOptOutResponse(opt_out=await self._rooms.opt_outs.revoke(request, _actor()))

    async def CreateDeletion(
        self, request: d.CreateDeletionRequest, context: Any
    ) -> d.CreateDeletionResponse:
        """See admin_service.proto."""
        return d.CreateDeletionResponse(deletion=await self._rooms.deletions.create(request, _actor()))

    async def ConfirmDeletion(
        self, request: d.ConfirmDeletionRequest, context: Any
    ) -> d.ConfirmDeletionResponse:
        """See admin_service.proto."""
        return d.ConfirmDeletionResponse(deletion=await self._rooms.deletions.confirm(request, _actor()))

    async def RejectDeletion(
        self, request: d.RejectDeletionRequest, context: Any
    ) -> d.RejectDeletionResponse:
        """See admin_service.proto."""
        return d.RejectDeletionResponse(deletion=await self._rooms.deletions.reject(request, _actor()))

    async def GetReceiptBundle(
        self, request: d.GetReceiptBundleRequest, context: Any
    ) -> d.GetReceiptBundleResponse:
        """See admin_service.proto."""
        return d.GetReceiptBundleResponse(receipt_bundle=await self._rooms.receipts.bundle(request))

    async def GetClock(self, request: clock_pb2.GetClockRequest, context: Any) -> clock_pb2.GetClockResponse:
        """See admin_service.proto."""
        return clock_pb2.GetClockResponse(clock=await self._rooms.clock.get())

    async def AcceptClock(
        self, request: clock_pb2.AcceptClockRequest, context: Any
    ) -> clock_pb2.AcceptClockResponse:
        """See admin_service.proto."""
        return await self._rooms.clock.accept(request, _actor())

    async def GetDeletion(self, request: d.GetDeletionRequest, context: Any) -> d.GetDeletionResponse:
        """See admin_service.proto."""
        return d.GetDeletionResponse(deletion=await self._rooms.deletions.get(request))

    async def ListDeletions(self, request: d.ListDeletionsRequest, context: Any) -> d.ListDeletionsResponse:
        """See admin_service.proto."""
        return await self._rooms.deletions.page(request)

    async def GetRetentionPolicy(
        self, request: r.GetRetentionPolicyRequest, context: Any
    ) -> r.GetRetentionPolicyResponse:
        """See admin_service.proto."""
        return r.GetRetentionPolicyResponse(retention_policy=await self._rooms.retention.get(request))

    async def ListRetentionPolicies(
        self, request: r.ListRetentionPoliciesRequest, context: Any
    ) -> r.ListRetentionPoliciesResponse:
        """See admin_service.proto."""
        return await self._rooms.retention.page(request)

    async def UpdateRetentionPolicy(
        self, request: r.UpdateRetentionPolicyRequest, context: Any
    ) -> r.UpdateRetentionPolicyResponse:
        """See admin_service.proto."""
        changed = await self._rooms.retention.update(request, _actor())
        return r.UpdateRetentionPolicyResponse(retention_policy=changed)

    async def EnforceRetention(
        self, request: r.EnforceRetentionRequest, context: Any
    ) -> r.EnforceRetentionResponse:
        """See admin_service.proto."""
        return await self._rooms.sweep.enforce(request, _actor())

    async def ExportSubjectData(
        self, request: service_pb2.ExportSubjectDataRequest, context: Any
    ) -> AsyncGenerator[service_pb2.ExportSubjectDataResponse, None]:
        """See admin_service.proto."""
        async with aclosing(self._rooms.exporter.records(request, _actor())) as records:
            async for record in records:
                yield record

    async def GetCompany(self, request: c.GetCompanyRequest, context: Any) -> c.GetCompanyResponse:
        """See admin_service.proto."""
        return c.GetCompanyResponse(company=await self._rooms.companies.get(request))

    async def ListCompanies(self, request: c.ListCompaniesRequest, context: Any) -> c.ListCompaniesResponse:
        """See admin_service.proto."""
        return await self._rooms.companies.page(request)

    async def UpdateCompany(self, request: c.UpdateCompanyRequest, context: Any) -> c.UpdateCompanyResponse:
        """See admin_service.proto."""
        return c.UpdateCompanyResponse(company=await self._rooms.companies.update(request, _actor()))

    async def ListDeployments(
        self, request: deployment_pb2.ListDeploymentsRequest, context: Any
    ) -> deployment_pb2.ListDeploymentsResponse:
        """See admin_service.proto."""
        return await self._rooms.installations.page(request)

    async def EstimateLoss(
        self, request: loss_pb2.EstimateLossRequest, context: Any
    ) -> loss_pb2.EstimateLossResponse:
        """See admin_service.proto."""
        return await self._rooms.loss.page(request)

    async def ListQuarantinedEvents(
        self, request: q.ListQuarantinedEventsRequest, context: Any
    ) -> q.ListQuarantinedEventsResponse:
        """See admin_service.proto."""
        return await self._rooms.quarantine.page(request)

    async def ReplayQuarantinedEvents(
        self, request: q.ReplayQuarantinedEventsRequest, context: Any
    ) -> q.ReplayQuarantinedEventsResponse:
        """See admin_service.proto."""
        return await self._rooms.quarantine.replay(validate_only=request.validate_only)

    async def ListAuditEntries(
        self, request: audit_pb2.ListAuditEntriesRequest, context: Any
    ) -> audit_pb2.ListAuditEntriesResponse:
        """See admin_service.proto."""
        return await self._rooms.audit.page(request)

    async def ListArchivedAggregates(
        self, request: archive_pb2.ListArchivedAggregatesRequest, context: Any
    ) -> archive_pb2.ListArchivedAggregatesResponse:
        """See admin_service.proto."""
        return await self._rooms.archive.page(request)

    async def CreateKey(self, request: k.CreateKeyRequest, context: Any) -> k.CreateKeyResponse:
        """See admin_service.proto."""
        return await self._rooms.keys.create(request, _actor())

    async def GetKey(self, request: k.GetKeyRequest, context: Any) -> k.GetKeyResponse:
        """See admin_service.proto."""
        return k.GetKeyResponse(key=await self._rooms.keys.get(request))

    async def ListKeys(self, request: k.ListKeysRequest, context: Any) -> k.ListKeysResponse:
        """See admin_service.proto."""
        return await self._rooms.keys.page(request)

    async def RevokeKey(self, request: k.RevokeKeyRequest, context: Any) -> k.RevokeKeyResponse:
        """See admin_service.proto."""
        return k.RevokeKeyResponse(key=await self._rooms.keys.revoke(request, _actor()))


def _actor() -> str:
    """Return what the audit log calls whoever makes this call."""
    return ADMINISTRATOR.get().actor
