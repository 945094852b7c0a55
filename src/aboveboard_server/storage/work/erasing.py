"""What an erasure does to rows. Where they are follows from the schema (`schema.erasure`), never from a list.

A Subject's sources are condemned first, in the transaction that places its tombstone: they are marked, and
what comes from the same sender afterwards gets a new row. Their rows then go in chunks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import LargeBinary, Text, and_, cast, delete, exists, func, select, text, tuple_, update

from aboveboard_server.schema.erasure import SOURCE_ID
from aboveboard_server.schema.expiry import OWNED
from aboveboard_server.storage.work import pages, reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Table
    from sqlmodel import Session

    from aboveboard_server.storage.ports import SubjectRecord

# Held by whoever removes rows: one at a time over all servers of a database.
ERASER_LOCK = 0x61626F76_0004
# Sources whose rows are removed together: those that are through are not looked at again.
SOURCES_AT_ONCE = 200


class KeyedRow(NamedTuple):
    """A row that holds keys of Subjects: its primary key, and its values by subject key."""

    place: tuple[Any, ...]
    names: dict[str, str]


class Condemned(NamedTuple):
    """The rows removed at once, by table; `is_empty` where no row was removed, marked or emptied."""

    removed: dict[str, int]
    is_empty: bool


def condemn(session: Session, subject: SubjectRecord, deletion_id: str) -> Condemned:
    """Mark a Subject's sources, remove its registry rows, empty what stays.

    Only within a unit that forbids. The row of the deletion itself keeps its columns.
    """
    removed: Counter[str] = Counter()
    changed = 0
    connection = session.connection()
    source = reach.source()
    for table, target, belongs in reach.held(subject):
        if table is source:
            changed += connection.execute(
                update(source)
                .where(belongs, source.c.deletion_id.is_(None))
                # No sender's fingerprint, and no other source's.
                .values(
                    deletion_id=deletion_id, fingerprint=cast(cast(source.c.source_id, Text), LargeBinary)
                )
            ).rowcount
        elif target.redacted:
            own = "deletion_id" in table.c
            others = and_(belongs, table.c.deletion_id != deletion_id) if own else belongs
            changed += connection.execute(
                update(table).where(others).values(dict.fromkeys(target.redacted))
            ).rowcount
        else:
            removed[table.name] += connection.execute(delete(table).where(belongs)).rowcount
    return Condemned(dict(+removed), is_empty=not changed and not removed.total())


def is_known(session: Session, subject: SubjectRecord) -> bool:
    """Return whether anything was seen of a Subject that is held, and that no deletion is removing.

    What is only owned by another row, such as a company's key, is made for whoever is named, seen or not.
    """
    source = reach.source()
    for table, target, belongs in reach.held(subject):
        expires = table.info.get("expires")
        if target.redacted or (expires and expires.rule == OWNED):
            continue
        free = and_(belongs, source.c.deletion_id.is_(None)) if table is source else belongs
        if session.connection().execute(select(exists(select(table).where(free)))).scalar_one():
            return True
    return False


def count(session: Session, subject: SubjectRecord) -> dict[str, int]:
    """Count the rows that a deletion of a Subject would remove, by table."""
    found: Counter[str] = Counter()
    source = reach.source()
    for table, target, belongs in reach.held(subject):
        if target.redacted:
            continue
        if table is not source:
            found[table.name] = _count(session, table, belongs)
            continue
        free = and_(belongs, source.c.deletion_id.is_(None))
        found[table.name] = _count(session, table, free)
        for through in reach.through_source():
            theirs = through.c[SOURCE_ID].in_(select(source.c.source_id).where(free))
            found[through.name] = _count(session, through, theirs)
    return dict(+found)


def remove(
    session: Session, deletion_id: str, removed: Mapping[str, int], limit: int
) -> dict[str, int] | None:
    """Remove up to `limit` rows of condemned sources, and the sources that are through.

    Return what `removed`, counts by table, has become; None where no source is left.
    """
    source = reach.source()
    connection = session.connection()
    condemned = select(source.c.source_id).where(source.c.deletion_id == deletion_id)
    sources = connection.scalars(condemned.order_by(source.c.source_id).limit(SOURCES_AT_ONCE)).all()
    if not sources:
        return None
    done = Counter(removed)
    left = limit
    for table in reach.through_source():
        gone = _remove(session, table, sources, left)
        done[table.name] += gone
        left -= gone
        if left <= 0:
            return dict(+done)
    ended = delete(source).where(source.c.source_id.in_(sources))
    done[source.name] += connection.execute(ended).rowcount
    return dict(+done)


def is_alone(session: Session) -> bool:
    """Whether no other server removes rows now; then none will before this transaction has ended."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    statement = text(f"SELECT pg_try_advisory_xact_lock({ERASER_LOCK})")
    return bool(session.connection().execute(statement).scalar_one())


def keyed_tables() -> list[str]:
    """Return the names of the tables that hold keys of Subjects."""
    return [table.name for table, _ in reach.keyed()]


def keyed_rows(session: Session, name: str, after: tuple[Any, ...] | None, limit: int) -> list[KeyedRow]:
    """Return a page of such a table's rows, in order of their primary keys, behind one where it is given."""
    table, target = next(found for found in reach.keyed() if found[0].name == name)
    place = list(table.primary_key.columns)
    statement = select(*place, *(table.c[key.column] for key in target.keys)).order_by(*place).limit(limit)
    if after is not None:
        statement = statement.where(pages.behind(place, after))
    subject_keys = [key.subject_key for key in target.keys]
    return [
        KeyedRow(
            tuple(row[: len(place)]),
            {key: value for key, value in zip(subject_keys, row[len(place) :], strict=True) if value},
        )
        for row in session.connection().execute(statement)
    ]


def _remove(session: Session, table: Table, sources: Sequence[int], limit: int) -> int:
    """Remove up to `limit` rows of these sources from a table, and return how many there were."""
    columns = list(table.primary_key.columns)
    key: Any = columns[0] if len(columns) == 1 else tuple_(*columns)
    some = select(*columns).where(table.c[SOURCE_ID].in_(sources)).limit(limit)
    return session.connection().execute(delete(table).where(key.in_(some))).rowcount


def _count(session: Session, table: Table, where: ColumnElement[bool]) -> int:
    return session.connection().execute(select(func.count()).select_from(table).where(where)).scalar_one()
