"""How long events live: what their annotations say, and what an administrator has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.admin.v1 import retention_pb2 as r
from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import arguments, times
from aboveboard_server.privacy.clock import Suspicion
from aboveboard_server.schema.expiry import LONGEST_DAYS, SHORTEST_DAYS
from aboveboard_server.storage.work import retention as work
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import RetentionPolicyRow

DAYS = "retention_days"


class Retention:
    """What AdminService promises of retention policies."""

    def __init__(self, store: EventStore, catalog: Catalog, guard: ClockGuard) -> None:
        self._store = store
        self._guard = guard
        self._defaults = {event.name: event.policy.retention_days for event in catalog.events}

    async def days(self) -> dict[str, int]:
        """Return how many days events live, by their name."""
        changed = await self._store.read(work.policies)
        return {
            name: (changed[name].retention_days if name in changed else None) or default
            for name, default in self._defaults.items()
        }

    async def get(self, request: r.GetRetentionPolicyRequest) -> r.RetentionPolicy:
        """Return one policy."""
        self._check(request.event_type, "event_type")
        changed = await self._store.read(work.policies)
        return self._described(request.event_type, changed.get(request.event_type))

    async def page(self, request: r.ListRetentionPoliciesRequest) -> r.ListRetentionPoliciesResponse:
        """Return a page of policies, one for each event type, in order of its name."""
        size = arguments.page_size(request.page_size)
        if request.page_token and request.page_token not in self._defaults:
            raise arguments.bad_token()
        names = [name for name in sorted(self._defaults) if name > request.page_token]
        changed = await self._store.read(work.policies)
        shown = [self._described(name, changed.get(name)) for name in names[:size]]
        more = shown[-1].event_type if len(names) > size else ""
        return r.ListRetentionPoliciesResponse(retention_policies=shown, next_page_token=more)

    async def update(self, request: r.UpdateRetentionPolicyRequest, actor: str) -> r.RetentionPolicy:
        """Change one policy; the next sweep obeys it, also by a clock that has moved far."""
        if not request.HasField("retention_policy"):
            raise arguments.invalid("retention_policy", "required")
        if set(request.update_mask.paths) - {DAYS}:
            raise arguments.invalid("update_mask", f"only {DAYS} can be changed")
        name, days = request.retention_policy.event_type, request.retention_policy.retention_days
        self._check(name, "retention_policy.event_type")
        if days and not SHORTEST_DAYS <= days <= LONGEST_DAYS:
            text = f"must be {SHORTEST_DAYS} to {LONGEST_DAYS}, or 0 for the default"
            raise arguments.invalid(f"retention_policy.{DAYS}", text)
        told = f"{name} {days} days" if days else f"{name} default"
        act = Act(actor, "UpdateRetentionPolicy", details=told)
        judged = await self._guard.judge()
        row = await self._store.work(
            work.update,
            name,
            retention_days=days or None,
            at=judged.now,
            act=act,
            # Who says how long events live wants them to go by this clock, however far it has moved.
            consents=judged.suspicion is Suspicion.AHEAD,
        )
        if judged.suspicion:
            await self._guard.judge()
        return self._described(name, row)

    def _check(self, name: str, field: str) -> None:
        if not name:
            raise arguments.invalid(field, "required")
        if name not in self._defaults:
            raise ServiceError(reasons.ERROR_REASON_NOT_FOUND, "no such event type", field=field)

    def _described(self, name: str, row: RetentionPolicyRow | None) -> r.RetentionPolicy:
        default = self._defaults[name]
        return r.RetentionPolicy(
            event_type=name,
            retention_days=(row.retention_days if row else None) or default,
            default_retention_days=default,
            updated_at=times.timestamp(row.updated_at) if row else None,
        )
