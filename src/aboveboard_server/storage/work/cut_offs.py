"""Cut-offs that lie in the future: found, counted, and set back once the clock is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, inspect, select, update
from sqlmodel import SQLModel, col

from aboveboard_server.schema import tables
from aboveboard_server.schema.erasure import SOURCE_ID
from aboveboard_server.schema.expiry import LAST_SEEN_AT, RECEIVED_AT, SOURCE
from aboveboard_server.storage.privacy_tables import DeletionRow, TombstoneRow
from aboveboard_server.storage.unit_of_work import epoch_of, forbids
from aboveboard_server.storage.work import audit, clock
from aboveboard_server.storage.work.deletions import RUNNING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Table
    from sqlmodel import Session

    from aboveboard_server.storage.work.audit import Act


class CutOff(NamedTuple):
    """A deletion's Subject by its digests: what the journal tells of a cut-off."""

    deletion_id: str
    subject_kind: str
    subject_digest: bytes
    stored_digest: bytes | None


class Future(NamedTuple):
    """How much lies in the future: cut-offs, and rows that were received then; how many deletions wait."""

    cut_offs: int
    rows: int
    waiting: int


def after(session: Session, now: datetime) -> list[CutOff]:
    """Return the deletions whose cut-offs lie after a time."""
    found = {}
    for table in _holders():
        columns = [table.c[name] for name in CutOff._fields]
        for values in session.connection().execute(select(*columns).where(table.c.cut_off_at > now)):
            found[values[0]] = CutOff(*values)
    return list(found.values())


def future(session: Session, now: datetime) -> Future:
    """Count what lies in the future."""
    connection = session.connection()
    waiting = select(func.count()).select_from(DeletionRow)
    return Future(
        len(after(session, now)),
        rows_after(session, now),
        connection.execute(
            waiting.where(col(DeletionRow.state) == RUNNING, col(DeletionRow.cut_off_at).is_(None))
        ).scalar_one(),
    )


def rows_after(session: Session, now: datetime) -> int:
    """Count the rows that were received after a time, by the sources that were seen after it."""
    metadata = tables.import_all()
    source = metadata.tables[SOURCE]
    connection = session.connection()
    seen = select(source.c.source_id).where(source.c[LAST_SEEN_AT] > now)
    if connection.execute(seen.limit(1)).first() is None:
        return 0
    # A database of before, which doctor looks into as well, may lack some.
    existing = set(inspect(connection).get_table_names())
    return sum(
        connection.execute(
            select(func.count())
            .select_from(table)
            .where(table.c[SOURCE_ID].in_(seen), table.c[RECEIVED_AT] > now)
        ).scalar_one()
        for table in metadata.sorted_tables
        if RECEIVED_AT in table.c and table.name in existing
    )


def later(session: Session, cut_offs: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return which of these deletions have later cut-offs in the store, each with the time given."""
    found = {}
    for table in _holders():
        for deletion_id, at in cut_offs.items():
            is_later = (table.c.deletion_id == deletion_id) & (table.c.cut_off_at > at)
            if session.connection().execute(select(table.c.deletion_id).where(is_later)).first():
                found[deletion_id] = at
    return found


@forbids
def set_back(session: Session, cut_offs: Mapping[str, datetime], act: Act) -> int:
    """Set the cut-offs of these deletions back to those times; return how many were later.

    Every process reads them anew.
    """
    changed = _set_back(session, cut_offs)
    if changed:
        audit.append(session, act)
    return changed


@forbids
def accept_clock(session: Session, now: datetime, act: Act) -> tuple[int, int]:
    """Take a clock for right, and set back to it every cut-off that lies in its future.

    Return how often a clock was accepted by now, and how many cut-offs were set back.
    """
    acceptance = clock.accept(session, now)
    changed = _set_back(session, {found.deletion_id: now for found in after(session, now)})
    audit.append(session, act)
    return acceptance, changed


def _set_back(session: Session, cut_offs: Mapping[str, datetime]) -> int:
    changed = set()
    for table in _holders():
        # Of a tombstone every process learns by its epoch.
        stamp = {"epoch": epoch_of(session)} if "epoch" in table.c else {}
        for deletion_id, at in cut_offs.items():
            later = (table.c.deletion_id == deletion_id) & (table.c.cut_off_at > at)
            statement = update(table).where(later).values(cut_off_at=at, **stamp)
            if session.connection().execute(statement).rowcount:
                changed.add(deletion_id)
    return len(changed)


def _holders() -> list[Table]:
    """Return the tables that hold cut-offs."""
    return [SQLModel.metadata.tables[kind.__tablename__] for kind in (TombstoneRow, DeletionRow)]
