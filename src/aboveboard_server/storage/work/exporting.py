"""Everything held on a Subject, read in pages: no transaction is longer than one of them.

The sources that a deletion is removing are left out, and so is what they have sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import JSON, Text, cast, exists, false, or_, select
from sqlmodel import SQLModel

from aboveboard_server.schema import tables
from aboveboard_server.storage.columns import from_micros, to_micros
from aboveboard_server.storage.work import installations, pages, reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Table
    from sqlmodel import Session

    from aboveboard_server.schema.rows import Value
    from aboveboard_server.storage.ports import SubjectRecord
    from aboveboard_server.storage.work.installations import Installation, Start

Row = TypeVar("Row", bound=SQLModel)


class Stored(NamedTuple):
    """A row as it is stored: plain values by column, as `schema.rows` has them."""

    table: str
    values: dict[str, Value]


class Place(NamedTuple):
    """Rows of one source in one table that are still to be read, all or those received after a time."""

    table: str
    source_id: int
    after: datetime | None = None


def keyed(
    session: Session,
    row_class: type[Row],
    subject: SubjectRecord,
    *,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[Row]:
    """Return a page of the Subject's rows in a table that holds its keys, in order of the primary key."""
    table = tables.import_all().tables[str(row_class.__tablename__)]
    place = list(table.primary_key.columns)
    statement = select(row_class).where(_belongs(table, subject)).order_by(*place).limit(limit)
    if after is not None:
        statement = statement.where(pages.behind(place, after))
    found = list(session.scalars(statement))
    session.expunge_all()
    return found


def deployments(
    session: Session, subject: SubjectRecord, *, start: Start | None, limit: int
) -> list[Installation]:
    """Return a page of the Subject's deployments."""
    only = [_belongs(tables.import_all().tables["deployment"], subject)]
    return installations.deployments(session, start=start, limit=limit, only=only)


def sources(session: Session, subject: SubjectRecord, *, after: int, limit: int) -> list[Stored]:
    """Return a page of the Subject's sources behind an id, in order of their ids."""
    table = reach.source()
    statement = (
        _plain(table)
        .where(_belongs(table, subject), table.c.source_id > after, table.c.deletion_id.is_(None))
        .order_by(table.c.source_id)
        .limit(limit)
    )
    return _stored(session, table, statement)


def places(session: Session, source_ids: Sequence[int]) -> list[Place]:
    """Return where there are rows of these sources."""
    source = reach.source()
    wanted = source.c.source_id.in_(source_ids), source.c.deletion_id.is_(None)
    return [
        Place(table.name, source_id)
        for table in reach.through_source()
        for source_id in session.connection().scalars(
            select(source.c.source_id).where(*wanted, exists().where(table.c.source_id == source.c.source_id))
        )
    ]


def sent(session: Session, left: Sequence[Place], *, limit: int) -> tuple[list[Stored], list[Place]]:
    """Return about `limit` of the rows in these places, the oldest first, and the places that are left."""
    done: list[Stored] = []
    waiting = list(left)
    while waiting and len(done) < limit:
        place = waiting.pop(0)
        rows, after = _page(session, place, limit)
        done += rows
        if after is not None:
            waiting.insert(0, place._replace(after=after))
    return done, waiting


def _page(session: Session, place: Place, limit: int) -> tuple[list[Stored], datetime | None]:
    """Return a page of a place's rows, and when the last of them was received, None where there are no more.

    In the order of the index alone. Rows received at one moment, as those of one request are, have no order
    among each other: they stay together.
    """
    table = tables.import_all().tables[place.table]
    received_at = table.c.received_at
    statement = _plain(table).where(table.c.source_id == place.source_id).order_by(received_at)
    if place.after is not None:
        statement = statement.where(received_at > place.after)
    while True:
        rows = _stored(session, table, statement.limit(limit + 1))
        if len(rows) <= limit:
            return rows, None
        last = rows[-1].values["received_at"]
        whole = [row for row in rows if row.values["received_at"] != last]
        if whole:
            return whole, from_micros(whole[-1].values["received_at"])  # type: ignore[arg-type]  # a time
        limit *= 2


def _belongs(table: Table, subject: SubjectRecord) -> ColumnElement[bool]:
    """Return what is true of a Subject's rows; one whose names were emptied is still known by its digest."""
    found = [held.belongs for held in reach.held(subject) if held.table is table]
    if "subject_digest" in table.c:
        found.append(table.c.subject_digest == subject.digest)
    return or_(false(), *found)


def _plain(table: Table) -> Any:
    """Select a table's columns, JSON as its text."""
    return select(
        *(
            cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column
            for column in table.columns
        )
    )


def _stored(session: Session, table: Table, statement: Any) -> list[Stored]:
    return [
        Stored(
            table.name,
            {name: to_micros(value) if isinstance(value, datetime) else value for name, value in row.items()},
        )
        for row in session.connection().execute(statement).mappings()
    ]
