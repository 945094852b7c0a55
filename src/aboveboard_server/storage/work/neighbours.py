"""Companies and deployments in the store whose ids look like one that is given, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlmodel import col, select

from aboveboard_server.schema.identifiers import likeness
from aboveboard_server.storage.tables import CompanyRow, DeploymentRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session


class Page(NamedTuple):
    """The ids on a page that look alike, and its last id, None where there is no further page."""

    alike: list[str]
    last: str | None


def companies(session: Session, company_id: str, *, after: str | None, limit: int) -> Page:
    """Return companies whose ids look like this one, itself included, on a page behind an id."""
    statement = select(CompanyRow.company_id).order_by(col(CompanyRow.company_id)).limit(limit)
    if after is not None:
        statement = statement.where(col(CompanyRow.company_id) > after)
    return _page(session.exec(statement).all(), company_id, limit)


def deployments(
    session: Session, company_id: str, deployment_id: str, *, after: str | None, limit: int
) -> Page:
    """Return deployments of a company whose ids look like this one, itself included, on a page."""
    statement = (
        select(DeploymentRow.deployment_id)
        .where(DeploymentRow.company_id == company_id)
        .order_by(col(DeploymentRow.deployment_id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(col(DeploymentRow.deployment_id) > after)
    return _page(session.exec(statement).all(), deployment_id, limit)


def _page(ids: Sequence[str], like: str, limit: int) -> Page:
    wanted = likeness(like)
    return Page([one for one in ids if likeness(one) == wanted], ids[-1] if len(ids) == limit else None)
