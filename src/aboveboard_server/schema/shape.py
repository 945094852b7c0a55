"""What the generated tables have, by name: enough to tell whether a database has it, without the tables.

Each server asks at its start; making the tables takes a tenth of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aboveboard_server.schema import rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard_server.schema.catalog import Catalog, Origin

SOURCE = "source"
# What the store itself puts into the `source` table, before the fields of the sources.
SOURCE_COLUMNS = ("source_id", "fingerprint", "origin", "first_seen_at", "last_seen_at", "deletion_id")


class Shape(NamedTuple):
    """The names of a table's columns and indexes."""

    columns: tuple[str, ...]
    indexes: tuple[str, ...]


def shapes(catalog: Catalog, dialect: str) -> dict[str, Shape]:
    """Return the shape that each generated table has in a store, by the table's name."""
    found = {
        SOURCE: Shape(
            (*SOURCE_COLUMNS, *rows.source_columns(catalog)),
            tuple(f"{SOURCE}_by_{name}" for name in (*source_keys(catalog.origins), "deletion_id")),
        )
    }
    for event in catalog.events:
        sought_by = ("source", "received_at") if dialect == "postgresql" else ("source",)
        found[event.name] = Shape(
            ("source_id", "received_at", *rows.columns(catalog, event)),
            tuple(f"{event.name}_by_{name}" for name in sought_by),
        )
    return found


def source_keys(origins: Iterable[Origin]) -> tuple[str, ...]:
    """Return the columns of `source` that a Subject's sources are found by."""
    return tuple(
        dict.fromkeys(
            field.name
            for origin in origins
            for field in origin.fields
            if field.policy.subject_key in {"COMPANY", "SERVER"}
        )
    )
