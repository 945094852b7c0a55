"""Which rows are a Subject's: conditions over the tables, derived from the schema (`schema.erasure`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_

from aboveboard_server.schema import tables
from aboveboard_server.schema.erasure import NAMED_BY, SOURCE_ID, ErasureTarget, targets

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table

    from aboveboard_server.storage.ports import SubjectRecord


class Held(NamedTuple):
    """A table with rows that hold a Subject's keys, and what is true of those rows."""

    table: Table
    target: ErasureTarget
    belongs: ColumnElement[bool]


def held(subject: SubjectRecord) -> list[Held]:
    """Return each table that holds a Subject's keys; none for a Subject without its names."""
    values = {
        "COMPANY": subject.company_id,
        "DEPLOYMENT": subject.deployment_id,
        "SERVER": subject.server_uuid,
        "USER": subject.user_id,
    }
    names = {part: values[part] for part in NAMED_BY[subject.kind]}
    if not all(names.values()):
        return []
    found = []
    for table, target in _all():
        columns = {key.subject_key: table.c[key.column] for key in target.keys}
        # A table without one of the keys holds nothing that narrow.
        if names.keys() <= columns.keys():
            belongs = and_(*(columns[part] == name for part, name in names.items()))
            found.append(Held(table, target, belongs))
    return found


def keyed() -> list[tuple[Table, ErasureTarget]]:
    """Return the tables that hold keys of Subjects themselves."""
    return [(table, target) for table, target in _all() if target.path != SOURCE_ID]


def through_source() -> list[Table]:
    """Return the tables whose rows are found through the source that sent them."""
    return [table for table, target in _all() if target.path == SOURCE_ID]


def source() -> Table:
    """Return the table of sources."""
    return tables.import_all().tables["source"]


@cache
def _all() -> list[tuple[Table, ErasureTarget]]:
    metadata = tables.import_all()
    return [(metadata.tables[target.table], target) for target in targets(metadata)]
