"""What has expired, in the store: found by reading, removed in chunks that are short transactions.

To find is the long part, and holds nobody up; what is removed was found before, and is judged once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import bindparam, delete, exists, func, literal, select, text, tuple_

from aboveboard_server.schema import tables
from aboveboard_server.schema.erasure import SOURCE_ID
from aboveboard_server.schema.expiry import OWNED, SOURCE
from aboveboard_server.storage.columns import UtcMicros, to_micros
from aboveboard_server.storage.unit_of_work import forbids
from aboveboard_server.storage.unknown_tables import refuse_to_erase
from aboveboard_server.storage.work import clock, jobs, tombstones

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, Table, TextClause
    from sqlmodel import Session

    from aboveboard_server.schema.expiry import Expiry
    from aboveboard_server.storage.ports import SubjectRecord
    from aboveboard_server.storage.work.clock import Period

    Key: TypeAlias = tuple[Any, ...]
    # What `tombstones.place` takes.
    Mark: TypeAlias = tuple[SubjectRecord, datetime, str]

# PostgreSQL goes by an index where there is one: a table of millions of rows is not read to find a few.
BY_INDEX = tuple(f"SET LOCAL enable_{plan} = off" for plan in ("seqscan", "hashjoin", "mergejoin"))
# What only reads holds nobody up.
UNHURRIED = "SET LOCAL statement_timeout = 0"


class Before(NamedTuple):
    """What goes before a row: the tables that expire, by name, and the spans of clocks that were behind."""

    items: Mapping[str, Expiry]
    spans: Sequence[Period]


def aged(session: Session, item: Expiry, limit: datetime, *, after: int, most: int) -> tuple[list[str], int]:
    """Return keys of rows whose time lies before a limit, at most so many, and where to go on.

    On SQLite they are found by their sources: each has its rows in order of their receipt. A time in a span
    of a clock that was behind, see `clock.periods`, says nothing of a row's age: here, and in all that
    counts and removes.
    """
    table = tables.import_all().tables[item.table]
    spans = clock.periods(session)
    if _is_postgres(session):
        go_by_index(session)
    elif SOURCE_ID in table.columns:
        statement = by_source(
            item, f"{_key(table).name}, source.source_id", "ORDER BY 2 LIMIT :most", spans=spans
        )
        found = session.connection().execute(statement, {"limit": limit, "after": after, "most": most}).all()
        return [key for key, _ in found], (found[-1][1] if found else after)
    rows = session.connection().execute(
        select(_key(table)).where(_is_aged(table, item, limit, spans)).limit(most)
    )
    return list(rows.scalars()), after


def count_aged(session: Session, item: Expiry, limit: datetime) -> int:
    """Count the rows whose time lies before a limit."""
    table = tables.import_all().tables[item.table]
    connection = session.connection()
    spans = clock.periods(session)
    if _is_postgres(session):
        go_by_index(session)
    elif SOURCE_ID in table.columns:
        found = connection.execute(by_source(item, "count(*)", "", spans=spans), {"limit": limit, "after": 0})
        return int(found.scalar_one())
    statement = select(func.count()).select_from(table).where(_is_aged(table, item, limit, spans))
    return int(connection.execute(statement).scalar_one())


def by_source(item: Expiry, what: str, then: str, *, spans: Sequence[Period] = ()) -> TextClause:
    """Read what has expired on SQLite, one source after the other, each by its index.

    Nothing is read of times in the spans.
    """
    time = f"{item.table}.{item.expires.column}"
    # Whole numbers of µs, made here.
    kept = "".join(
        f" AND NOT ({time} >= {to_micros(start)} AND {time} < {to_micros(end)})" for start, end in spans
    )
    # The order of a CROSS JOIN is kept: the other way round the table itself would be read.
    statement = text(
        f"SELECT {what} FROM source CROSS JOIN {item.table} ON {item.table}.source_id = source.source_id"
        f" WHERE source.source_id >= :after AND {time} < :limit{kept} {then}"
    )
    return statement.bindparams(bindparam("limit", type_=UtcMicros()))


def remove_aged(session: Session, job: str, item: Expiry, keys: Sequence[str], limit: datetime) -> int:
    """Remove rows that were found before, and count them in the same transaction."""
    table = tables.import_all().tables[item.table]
    aged_now = _is_aged(table, item, limit, clock.periods(session))
    statement = delete(table).where(_key(table).in_(keys), aged_now)
    return _counted(session, job, item.table, session.connection().execute(statement).rowcount)


def left_over(
    session: Session, item: Expiry, limits: Mapping[str, datetime], *, after: Key | None, most: int
) -> list[Key]:
    """Return keys, in their order, of rows that nothing keeps any more."""
    table = tables.import_all().tables[item.table]
    go_by_index(session)
    keys = list(table.primary_key.columns)
    statement = select(*keys).where(_is_left_over(item, limits)).order_by(*keys).limit(most)
    if after is not None:
        values = (literal(value, key.type) for key, value in zip(keys, after, strict=True))
        statement = statement.where(tuple_(*keys) > tuple_(*values))
    return [tuple(row) for row in session.connection().execute(statement)]


def count_left_over(
    session: Session, items: Sequence[Expiry], item: Expiry, limits: Mapping[str, datetime]
) -> int:
    """Count the rows that nothing will keep once what has expired before them is gone."""
    table = tables.import_all().tables[item.table]
    go_by_index(session)
    before = Before({other.table: other for other in items}, clock.periods(session))
    statement = select(func.count()).select_from(table).where(_is_left_over(item, limits, before))
    return int(session.connection().execute(statement).scalar_one())


@forbids
def remove_left_over(  # noqa: PLR0913  # what is removed, and what that leaves behind
    session: Session,
    job: str,
    item: Expiry,
    keys: Sequence[Key],
    *,
    limits: Mapping[str, datetime],
    marks: Sequence[Mark] = (),
) -> int:
    """Remove rows that sources lead to, as long as nothing keeps them; every process forgets them with it.

    `marks` are what is placed as tombstones: what was read by a row that is gone is read anew.
    UnknownTableError where rows of a source may lie in a table that this schema does not know.
    """
    refuse_to_erase(session.connection())
    table = tables.import_all().tables[item.table]
    go_by_index(session, in_a_hurry=True)
    columns = list(table.primary_key.columns)
    chosen = columns[0].in_([key for (key,) in keys]) if len(columns) == 1 else tuple_(*columns).in_(keys)
    statement = delete(table).where(chosen, _is_left_over(item, limits))
    removed = _counted(session, job, item.table, session.connection().execute(statement).rowcount)
    for mark in marks:
        tombstones.place(session, *mark)
    return removed


def _is_left_over(
    item: Expiry, limits: Mapping[str, datetime], before: Before | None = None
) -> ColumnElement[bool]:
    """Return the condition that nothing keeps a row; with `before`, once those rows are gone that expired."""
    metadata = tables.import_all()
    table, expires = metadata.tables[item.table], item.expires
    if expires.rule == OWNED:
        return ~_has_row(table, metadata.tables[expires.owner], limits, before)
    unseen = table.columns[expires.column] < limits[item.table]
    if item.table != SOURCE:
        return unseen & ~_has_row(table, metadata.tables[SOURCE], limits, before)
    condition = unseen & table.c.deletion_id.is_(None)
    for other in metadata.sorted_tables:
        if SOURCE_ID in other.columns and other is not table:
            kept = other.c.source_id == table.c.source_id
            if before is not None:
                kept &= ~_is_aged(other, before.items[other.name], limits[other.name], before.spans)
            condition &= ~exists(select(1).select_from(other).where(kept).correlate(table))
    return condition


def _has_row(
    table: Table, other: Table, limits: Mapping[str, datetime], before: Before | None
) -> ColumnElement[bool]:
    """Return the condition that another table has a row of a row's keys."""
    same: Select[Any] = select(1).select_from(other)
    for column in table.primary_key.columns:
        same = same.where(other.columns[column.name] == column)
    if before is not None:
        same = same.where(~_is_left_over(before.items[other.name], limits, before))
    return exists(same.correlate(table))


def _is_aged(table: Table, item: Expiry, limit: datetime, spans: Sequence[Period]) -> ColumnElement[bool]:
    time = table.columns[item.expires.column]
    return (time < limit) & ~clock.within(time, spans) if spans else time < limit


def _key(table: Table) -> ColumnElement[Any]:
    (key,) = table.primary_key.columns
    return key


def _counted(session: Session, job: str, table: str, removed: int) -> int:
    if removed:
        jobs.add_progress(session, job, table, removed)
    return removed


def go_by_index(session: Session, *, in_a_hurry: bool = False) -> None:
    """Have PostgreSQL use indexes in this transaction; unless others wait for it, for as long as it takes."""
    if _is_postgres(session):
        for setting in (*BY_INDEX, *(() if in_a_hurry else (UNHURRIED,))):
            session.connection().execute(text(setting))


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
