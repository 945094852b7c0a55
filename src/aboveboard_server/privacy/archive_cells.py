"""The keys of the archive: fixed by the schema and the settings, never found in the data."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from aboveboard_server.errors import StartupError
from aboveboard_server.schema.policy import enum_value_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.privacy.archive_settings import ArchiveSettings
    from aboveboard_server.schema.catalog import Catalog, EventType, Field

CHANGE_TYPE = "aboveboard.event.v1.ChangeType"


class Cell(NamedTuple):
    """One key: the event's table, what happened as its rows hold it ("" where none says), the product."""

    event_type: str
    change_type: str
    solution: str


def fixed_cells(catalog: Catalog, settings: ArchiveSettings) -> tuple[Cell, ...]:
    """Return every cell that a month is counted into; StartupError where an event type is unknown."""
    known = {event.name for event in catalog.events}
    if not known.issuperset(settings.event_types):
        raise StartupError(f"--archive-event-type: one of {', '.join(sorted(known))}")
    chosen = settings.event_types or known
    return tuple(
        Cell(event.name, change_type, solution)
        for event in catalog.events
        if event.name in chosen
        for change_type, solution in product(change_types(event), settings.solutions)
    )


def change_type_column(event: EventType) -> str:
    """Return the column that says what happened, "" where an event has none."""
    return next((field.name for field, _ in _change_types(event)), "")


def change_types(event: EventType) -> tuple[str, ...]:
    """Return what may have happened, as rows hold it; one empty name where an event does not say."""
    return next((names for _, names in _change_types(event)), ("",))


def _change_types(event: EventType) -> Iterator[tuple[Field, tuple[str, ...]]]:
    for field in event.fields:
        enum = field.descriptor.enum_type
        if enum and enum.full_name == CHANGE_TYPE:
            yield field, tuple(name for number, name in enum_value_names(enum).items() if number)
