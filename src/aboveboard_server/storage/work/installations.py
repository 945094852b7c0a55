"""Who runs what: deployments and anonymous servers with the products and versions their sources name.

Read from the registry and from `source`, never from an event's table. The sources that a deletion is removing
are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import sqlalchemy
from sqlalchemy import func
from sqlmodel import col, select

from aboveboard_server.schema import tables
from aboveboard_server.storage.tables import CompanyRow, DeploymentRow, ServerRow
from aboveboard_server.storage.work import pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    # By the values of the key, each installation's row and its company's.
    Rows: TypeAlias = Mapping[tuple[str, ...], tuple[DeploymentRow | ServerRow, CompanyRow | None]]


class Sighting(NamedTuple):
    """A product in a version, "" where none was sent, and when its first and its last event arrived."""

    solution: str
    version: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Installation:
    """A deployment with its company, or an anonymous server, and what was seen of it."""

    key: tuple[str, ...]
    row: DeploymentRow | ServerRow
    company: CompanyRow | None
    sightings: list[Sighting]


class Start(NamedTuple):
    """Where a page begins: behind an installation's key, or with it."""

    key: tuple[str, ...]
    itself: bool = False


def deployments(
    session: Session,
    *,
    start: Start | None,
    limit: int,
    solution: str = "",
    only: Iterable[ColumnElement[bool]] = (),
) -> list[Installation]:
    """Return deployments in order of company and deployment; `only` may narrow them down further."""
    place = (col(DeploymentRow.company_id), col(DeploymentRow.deployment_id))
    statement = (
        select(DeploymentRow, CompanyRow)
        .join(CompanyRow, col(CompanyRow.company_id) == place[0], isouter=True)
        .where(*only, *_from(place, start))
        .order_by(*place)
        .limit(limit)
    )
    rows: Rows = {
        (row.company_id, row.deployment_id): (row, company) for row, company in session.exec(statement)
    }
    return _with_sightings(session, ("company_id", "deployment_id"), rows, solution)


def servers(session: Session, *, start: Start | None, limit: int, solution: str = "") -> list[Installation]:
    """Return anonymous servers in order of their UUIDs."""
    place = (col(ServerRow.server_uuid),)
    statement = select(ServerRow).where(*_from(place, start)).order_by(*place).limit(limit)
    rows: Rows = {(row.server_uuid,): (row, None) for row in session.exec(statement)}
    return _with_sightings(session, ("server_uuid",), rows, solution)


def _from(place: Sequence[Any], start: Start | None) -> list[ColumnElement[bool]]:
    if start is None:
        return []
    return [pages.behind(place, start.key, itself=start.itself)]


def _with_sightings(
    session: Session,
    columns: tuple[str, ...],
    rows: Rows,
    solution: str,
) -> list[Installation]:
    """Return installations, given with what was seen of each; `columns` are those of their key."""
    source = tables.import_all().tables["source"].c
    key = [source[name] for name in columns]
    seen: dict[tuple[str, ...], list[Sighting]] = {values: [] for values in rows}
    if rows:
        first, *_, last = rows if len(rows) > 1 else [*rows, *rows]
        statement = (
            sqlalchemy.select(
                *key,
                source.solution,
                source.version,
                func.min(source.first_seen_at),
                func.max(source.last_seen_at),
            )
            # By the index on the first column; the bounds keep out what a large company has beside.
            .where(key[0].in_(sorted({values[0] for values in rows})), source.deletion_id.is_(None))
            .where(pages.behind(key, first, itself=True), pages.up_to(key, last))
            .group_by(*key, source.solution, source.version)
        )
        if solution:
            statement = statement.where(source.solution == solution)
        for *values, product, version, begun, ended in session.connection().execute(statement):
            # One that has come since its place in the registry was read is told next time.
            if (of_it := seen.get(tuple(values))) is not None:
                of_it.append(Sighting(product or "", version or "", begun, ended))
    session.expunge_all()
    return [Installation(values, row, company, seen[values]) for values, (row, company) in rows.items()]
