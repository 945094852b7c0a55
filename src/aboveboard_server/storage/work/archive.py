"""The archive in the store: what contributors have sent in a month, and what was released of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import Text, column, delete, func, literal, select, table, text, union_all
from sqlmodel import col

from aboveboard_server.storage.columns import UtcMicros
from aboveboard_server.storage.privacy_tables import (
    ArchivedAggregateRow,
    ArchiveReleaseRow,
    RetentionPolicyRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import CompoundSelect
    from sqlmodel import Session

    # Event type, change type and solution, as the columns hold them.
    Key: TypeAlias = tuple[str, str, str]

# A month may have many rows; the server waits for them once.
_PATIENCE = "SET LOCAL statement_timeout = '15min'"


class Decision(NamedTuple):
    """What is published of a month, decided once: the settings it was drawn under, and its cells."""

    settings: dict[str, Any]
    epsilon: float
    cells: list[dict[str, Any]]


class Draw(NamedTuple):
    """A draw that an earlier version has kept, which decided only when it published."""

    settings: dict[str, Any]
    noise: dict[str, Any]


class Counted(NamedTuple):
    """An event's table, and its column that says what happened, "" where it has none."""

    table: str
    change_type_column: str


@dataclass(frozen=True, slots=True)
class Archived:
    """A published cell, and when its month was released."""

    month: str
    event_type: str
    change_type: str
    solution: str
    count: int
    count_expected_error: float
    contributors: int
    contributors_expected_error: float
    epsilon: float
    released_at: datetime


def decision(session: Session, month: str) -> Decision | Draw | None:
    """Return what was decided of a month, or drawn for it by an earlier version; None where it is neither."""
    row = session.get(ArchiveReleaseRow, month)
    if row is None:
        return None
    if row.noise:
        return Draw(row.settings, row.noise)
    cells = [_values(cell) for cell in _cells(session, month)]
    return Decision(row.settings, row.settings.get("epsilon", 0.0), cells)


def decide(
    session: Session,
    month: str,
    cells: Sequence[Mapping[str, Any]],
    *,
    settings: dict[str, Any],
    decided_at: datetime,
) -> Decision | Draw | None:
    """Keep what is to be published of a month, unless that was decided before; return what was decided.

    No noise is ever kept, and that of an earlier version goes: beside the noisy number it is the exact one.
    """
    row = session.get(ArchiveReleaseRow, month, with_for_update=True)
    if row is None or row.noise:
        row = row or ArchiveReleaseRow(month=month, settings=settings, noise={}, drawn_at=decided_at)
        row.noise = {}
        session.add(row)
        _add_cells(session, month, cells, settings.get("epsilon", 0.0))
        session.flush()
    return decision(session, month)


def publish(session: Session, month: str, *, released_at: datetime) -> bool:
    """Publish what was decided of a month; False where it was published before, or nothing was decided."""
    row = session.get(ArchiveReleaseRow, month, with_for_update=True)
    if row is None or row.noise or row.released_at is not None:
        return False
    row.released_at = released_at
    session.add(row)
    return True


def restore(  # noqa: PLR0913  # what a release is made of
    session: Session,
    month: str,
    cells: Sequence[Mapping[str, Any]],
    *,
    settings: dict[str, Any],
    epsilon: float,
    released_at: datetime,
) -> bool:
    """Publish a month as the journal tells of it, whatever was decided here; False where it is published."""
    row = session.get(ArchiveReleaseRow, month, with_for_update=True)
    if row is not None and row.released_at is not None:
        return False
    session.connection().execute(delete(ArchivedAggregateRow).where(col(ArchivedAggregateRow.month) == month))
    row = row or ArchiveReleaseRow(month=month, settings=settings, noise={}, drawn_at=released_at)
    row.settings, row.noise, row.released_at = settings, {}, released_at
    session.add(row)
    _add_cells(session, month, cells, epsilon)
    return True


def released(session: Session, month: str) -> tuple[Decision, datetime] | None:
    """Return a published month, and when it was released."""
    row = session.get(ArchiveReleaseRow, month)
    if row is None or row.released_at is None:
        return None
    cells = _cells(session, month)
    epsilon = cells[0].epsilon if cells else row.settings.get("epsilon", 0.0)
    return Decision(row.settings, epsilon, [_values(cell) for cell in cells]), row.released_at


def contributions(
    session: Session, counted: Sequence[Counted], solutions: Sequence[str], first: datetime, end: datetime
) -> list[dict[Key, int]]:
    """Count what each contributor has sent from `first` until before `end`, by time of receipt.

    A contributor is a company, or a server where there is no company; who it is, is not told.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(_PATIENCE))
    months: dict[tuple[str | None, str | None], dict[Key, int]] = defaultdict(dict)
    statement = _contributions(counted, solutions, first, end)
    for company_id, server_uuid, solution, event_type, change_type, count in session.connection().execute(
        statement
    ):
        months[company_id, server_uuid][event_type, change_type, solution] = count
    return list(months.values())


def published_months(session: Session) -> set[str]:
    """Return the months that were released."""
    statement = select(col(ArchiveReleaseRow.month)).where(col(ArchiveReleaseRow.released_at).is_not(None))
    return set(session.connection().execute(statement).scalars())


def retention_days(session: Session) -> dict[str, int]:
    """Return how long events live, by event type, where it is not what their annotation says."""
    statement = select(col(RetentionPolicyRow.event_type), col(RetentionPolicyRow.retention_days))
    found = session.connection().execute(statement)
    return {event_type: days for event_type, days in found if days is not None}


def aggregates(session: Session, *, min_month: str, max_month: str, event_type: str) -> list[Archived]:
    """Return the published cells between two months, both included, in no order; "" sets no bound."""
    row = ArchivedAggregateRow
    columns = [getattr(row, field.name) for field in fields(Archived) if field.name != "released_at"]
    statement = select(*columns, col(ArchiveReleaseRow.released_at)).join(
        ArchiveReleaseRow, col(ArchiveReleaseRow.month) == col(row.month)
    )
    # What is decided is not published yet.
    statement = statement.where(col(ArchiveReleaseRow.released_at).is_not(None))
    if min_month:
        statement = statement.where(col(row.month) >= min_month)
    if max_month:
        statement = statement.where(col(row.month) <= max_month)
    if event_type:
        statement = statement.where(col(row.event_type) == event_type)
    found: Iterable[Any] = session.connection().execute(statement)
    return [Archived(*values) for values in found]


def _contributions(
    counted: Sequence[Counted], solutions: Sequence[str], first: datetime, end: datetime
) -> CompoundSelect[Any]:
    """Return one statement, so that all event types are counted at one moment."""
    # Not the mapped tables, which not every process has loaded.
    source = table(
        "source", *map(column, ("source_id", "company_id", "server_uuid", "solution", "deletion_id"))
    )
    each = []
    for one in counted:
        happened = [column(one.change_type_column, Text())] if one.change_type_column else []
        events = table(one.table, column("source_id"), column("received_at", UtcMicros()), *happened)
        who = (source.c.company_id, source.c.server_uuid, source.c.solution)
        each.append(
            select(*who, literal(one.table), *(happened or (literal(""),)), func.count())
            .join_from(events, source, events.c.source_id == source.c.source_id)
            .where(events.c.received_at >= first, events.c.received_at < end)
            # Whoever is being deleted counts no more, however long that takes.
            .where(source.c.solution.in_(solutions), source.c.deletion_id.is_(None))
            .group_by(*who, *happened)
        )
    return union_all(*each)


def _cells(session: Session, month: str) -> Sequence[ArchivedAggregateRow]:
    row = ArchivedAggregateRow
    place = (col(row.event_type), col(row.change_type), col(row.solution))
    return session.scalars(select(row).where(col(row.month) == month).order_by(*place)).all()


def _values(cell: ArchivedAggregateRow) -> dict[str, Any]:
    return cell.model_dump(exclude={"month", "epsilon"})


def _add_cells(session: Session, month: str, cells: Iterable[Mapping[str, Any]], epsilon: float) -> None:
    session.add_all(ArchivedAggregateRow(month=month, epsilon=epsilon, **cell) for cell in cells)
