"""The archive's settings: what cannot be meant and what is weaker is refused; the keys follow from them."""

from __future__ import annotations

from typing import Any

import pytest

from aboveboard_server.errors import StartupError
from aboveboard_server.privacy.archive_cells import change_type_column, fixed_cells
from aboveboard_server.privacy.archive_settings import ArchiveSettings
from aboveboard_server.schema import catalog

WEAKER: dict[str, Any] = {
    "epsilon": 1.01,
    "min_contributors": 9,
    "min_clips": 2.0,
    "failure_probability": 2e-6,
}
STRICTER: dict[str, Any] = {
    "epsilon": 0.5,
    "min_contributors": 20,
    "min_clips": 3.0,
    "failure_probability": 1e-9,
}
MEANINGLESS: dict[str, Any] = {
    "solutions": ("a", "a"),
    "event_types": ("",),
    "clip": 0,
    "contributors_share": 1.0,
    "epsilon": float("nan"),
    "min_contributors": 0,
    "min_clips": float("inf"),
    "failure_probability": 0.0,
}


@pytest.mark.parametrize("name", WEAKER)
def test_weaker_is_refused_unless_said_aloud(name: str) -> None:
    """The refusal names the setting, and how to insist; stricter needs no word."""
    with pytest.raises(StartupError, match=rf"--archive-{name.replace('_', '-')}: .*--archive-allow-weaker"):
        ArchiveSettings(**{name: WEAKER[name]})
    ArchiveSettings(**{name: WEAKER[name]}, allow_weaker=True)
    ArchiveSettings(**{name: STRICTER[name]})


@pytest.mark.parametrize("name", MEANINGLESS)
def test_what_cannot_be_meant_is_refused_even_aloud(name: str) -> None:
    """The refusal names the setting."""
    with pytest.raises(StartupError, match=f"--archive-{name.removesuffix('s').replace('_', '-')}"):
        ArchiveSettings(**{name: MEANINGLESS[name]}, allow_weaker=True)


def test_every_event_has_its_cells() -> None:
    """Each event type has one for each change type and solution; without change types, for each solution."""
    known = catalog.default()
    found = fixed_cells(known, ArchiveSettings(solutions=("web", "app")))
    assert len(set(found)) == len(found)
    for event in known.events:
        of_event = {(cell.change_type, cell.solution) for cell in found if cell.event_type == event.name}
        said = ("CREATE", "UPDATE", "DELETE", "OTHER") if change_type_column(event) else ("",)
        assert of_event == {(change, solution) for change in said for solution in ("web", "app")}
    assert {event.name for event in known.events if not change_type_column(event)} == {"server_ping", "ping"}


def test_without_solutions_there_is_no_archive() -> None:
    """Nothing is named, so there is no key."""
    assert fixed_cells(catalog.default(), ArchiveSettings()) == ()


def test_event_types_may_be_chosen() -> None:
    """Fewer cells, less noise; an unknown name is refused."""
    chosen = ArchiveSettings(solutions=("web",), event_types=("test_case_stat", "ping"))
    found = fixed_cells(catalog.default(), chosen)
    assert [(cell.event_type, cell.change_type) for cell in found] == [
        *(("test_case_stat", change) for change in ("CREATE", "UPDATE", "DELETE", "OTHER")),
        ("ping", ""),
    ]
    with pytest.raises(StartupError, match="--archive-event-type"):
        fixed_cells(catalog.default(), ArchiveSettings(solutions=("web",), event_types=("nonsense",)))
