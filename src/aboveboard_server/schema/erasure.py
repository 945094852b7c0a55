# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""Where a Subject's rows are: derived from what each table says of itself, never listed.

A table says in `info["subject"]` how a Subject leads to its rows:

- `source_id`: through the `source` row that sent them;
- `columns`: by its own columns, those whose `info["subject_key"]` names a kind of Subject;
- `redacted`: by its own columns as well, but the row stays, and every annotated column is emptied;
- `none`: it holds nothing of any Subject, and `info["why"]` says why that is so.

Where rows stay, each column that could name someone says in its own `info["why"]` why it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from aboveboard_server.schema.finding import Finding, message_of, rule_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, MetaData, Table

# The subject keys that together name a Subject of each kind, the widest kind first. A deployment's id is
# unique within its company only, and a user's within the deployment.
NAMED_BY: dict[str, tuple[str, ...]] = {
    "COMPANY": ("COMPANY",),
    "DEPLOYMENT": ("COMPANY", "DEPLOYMENT"),
    "SERVER": ("SERVER",),
    "USER": ("COMPANY", "DEPLOYMENT", "USER"),
}

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
    """Return every table and column that no Subject leads to, and that does not say why it need not."""
    return [
        Finding("tables", table.name, rule_name(rule), message_of(rule, detail))
        for table in metadata.sorted_tables
        for rule in (table_is_reached, column_is_reached)
        for detail in rule(table)
    ]


def table_is_reached(table: Table) -> Iterator[str]:
    """A table says in info["subject"] how erasure reaches its rows, and has the columns for it."""
    path = table.info.get("subject")
    if path == SOURCE_ID:
        if SOURCE_ID not in table.columns:
            yield "it has no column source_id"
    elif path in {COLUMNS, REDACTED}:
        keys = {key.subject_key for key in key_columns(table)}
        if not any(keys.issuperset(parts) for parts in NAMED_BY.values()):
            yield "its columns with a subject_key name no Subject" if keys else "no column has a subject_key"
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


def column_is_reached(table: Table) -> Iterator[str]:
    """A column whose rows stay is emptied when its Subject is erased, or says in info["why"] why not."""
    path = table.info.get("subject")
    if path not in {REDACTED, NONE}:
        # The row goes, and every column with it.
        return
    for column in table.columns:
        if column.info.get("data_class"):
            if path == NONE:
                yield f"{column.name} holds something of a Subject, and nothing empties it"
        elif _could_name_someone(column) and not column.info.get("why"):
            yield f"{column.name} says nothing"


def _could_name_someone(column: Column[Any]) -> bool:
    """Whether a column could hold text of anyone: numbers, truth values and times cannot."""
    return not issubclass(column.type.python_type, int | float | datetime)
