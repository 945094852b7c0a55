# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""Where a Subject's rows are: derived from what each table says of itself, never listed.

A table says in `info["subject"]` how a Subject leads to its rows:

- `source_id`: through the `source` row that sent them;
- `columns`: by its own columns, those whose `info["subject_key"]` names a kind of Subject;
- `redacted`: by its own columns as well, but the row stays, and every annotated column is emptied;
- `none`: it holds nothing of any Subject, and `info["why"]` says why that is so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aboveboard_server.schema.finding import Finding, message_of, rule_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData, Table

SOURCE_ID = "source_id"
COLUMNS = "columns"
REDACTED = "redacted"
NONE = "none"


class KeyColumn(NamedTuple):
    """A column that identifies a Subject, and the kind of Subject, such as COMPANY."""

    subject_key: str
    column: str


@dataclass(frozen=True, slots=True)
class ErasureTarget:
    """A table with a Subject's rows: reached through `source_id`, or by its own key columns.

    `redacted` are the columns that are emptied where the rows themselves stay.
    """

    table: str
    path: str
    keys: tuple[KeyColumn, ...]
    redacted: tuple[str, ...] = ()


def targets(metadata: MetaData) -> tuple[ErasureTarget, ...]:
    """Return every table that an erasure goes through, by name.

    Those reached through `source` come before those that hold keys themselves, `source` among them: once
    the keys are gone, nothing leads to the rest.
    """
    found = [
        ErasureTarget(
            table.name, path, key_columns(table), annotated_columns(table) if path == REDACTED else ()
        )
        for table in metadata.tables.values()
        if (path := table.info.get("subject")) in {SOURCE_ID, COLUMNS, REDACTED}
    ]
    return tuple(sorted(found, key=lambda target: (target.path != SOURCE_ID, target.table)))


def key_columns(table: Table) -> tuple[KeyColumn, ...]:
    """Return the columns of a table that identify a Subject."""
    return tuple(
        KeyColumn(column.info["subject_key"], column.name)
        for column in table.columns
        if column.info.get("subject_key")
    )


def annotated_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of a table that hold something of a Subject, its keys included."""
    return tuple(column.name for column in table.columns if column.info.get("data_class"))


def unreachable(metadata: MetaData) -> list[Finding]:
    """Return every table whose rows no Subject leads to, which does not say why there are none."""
    rule = table_is_reached
    return [
        Finding("tables", table.name, rule_name(rule), message_of(rule, detail))
        for table in metadata.sorted_tables
        for detail in rule(table)
    ]


def table_is_reached(table: Table) -> Iterator[str]:
    """A table says in info["subject"] how erasure reaches its rows, and has the columns for it."""
    path = table.info.get("subject")
    if path == SOURCE_ID:
        if SOURCE_ID not in table.columns:
            yield "it has no column source_id"
    elif path in {COLUMNS, REDACTED}:
        if not key_columns(table):
            yield "no column has a subject_key"
        if path == REDACTED:
            yield from (
                f"{name} cannot be emptied"
                for name in annotated_columns(table)
                if not table.columns[name].nullable
            )
    elif path != NONE:
        yield f"{path!r} is no path" if path else "it says nothing"
    elif not table.info.get("why"):
        yield "`none` needs a reason in info['why']"
    elif key_columns(table) or SOURCE_ID in table.columns:
        yield "`none`, but it has columns that lead to a Subject"
