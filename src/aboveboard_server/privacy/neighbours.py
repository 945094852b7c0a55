"""Held subjects whose ids look like those of a deletion's subject, which an operator could mean instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.admin.v1.subject_pb2 import DeploymentRef, Subject
from aboveboard_server.storage.work import neighbours as work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aboveboard_server.storage.ports import EventStore, SubjectRecord

# The most that an answer names.
MOST = 20
# Ids read in one transaction: each takes about a microsecond to compare.
PAGE = 2_000


async def neighbours_of(store: EventStore, subject: SubjectRecord) -> list[Subject]:
    """Return the first held Subjects beside a company, a deployment, or the deployment of a user.

    A server's UUID is written in one way, and users are held keyed: neither has neighbours of its own.
    """
    found: list[Subject] = []
    async for company_id, deployment_id in _pairs(store, subject.company_id, subject.deployment_id):
        if (company_id, deployment_id) == (subject.company_id, subject.deployment_id):
            continue
        if deployment_id is None:
            found.append(Subject(company_id=company_id))
        else:
            ref = DeploymentRef(company_id=company_id, deployment_id=deployment_id)
            found.append(Subject(deployment=ref))
        if len(found) == MOST:
            break
    return found


async def _pairs(
    store: EventStore, company_id: str | None, deployment_id: str | None
) -> AsyncIterator[tuple[str, str | None]]:
    """Yield each held company that looks alike, or each deployment of theirs that does, itself included."""
    if company_id is None:
        return
    async for company in _alike(store, work.companies, company_id):
        if deployment_id is None:
            yield company, None
            continue
        async for deployment in _alike(store, work.deployments, company, deployment_id):
            yield company, deployment


async def _alike(store: EventStore, unit: Callable[..., work.Page], *ids: str) -> AsyncIterator[str]:
    """Yield what looks alike on page after page."""
    after = None
    while True:
        page = await store.read(unit, *ids, after=after, limit=PAGE)
        for one in page.alike:
            yield one
        if page.last is None:
            return
        after = page.last
