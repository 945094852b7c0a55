"""What a month's release makes of exact counts: contributions clipped, noise added, small cells left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from aboveboard_server.privacy import archive_noise as noise
from aboveboard_server.privacy.archive_cells import Cell
from aboveboard_server.privacy.archive_decision import Tally, publishable
from aboveboard_server.privacy.archive_settings import ArchiveSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Draw:
    """A month's noise, added to both numbers of each fixed cell, and the settings it was drawn under."""

    settings: ArchiveSettings
    noise: dict[Cell, Tally]


@dataclass(frozen=True, slots=True)
class Published:
    """A cell as it is published; an expected error is the standard deviation of the noise."""

    cell: Cell
    count: int
    count_expected_error: float
    contributors: int
    contributors_expected_error: float


def draw(settings: ArchiveSettings, cells: Sequence[Cell]) -> Draw:
    """Draw the noise of a month, before anyone is counted: it depends on nobody."""
    counts = noise.draw(noise.count_scale(settings), len(cells))
    contributors = noise.draw(noise.contributors_scale(settings, len(cells)), len(cells))
    return Draw(settings, dict(zip(cells, map(Tally, counts, contributors), strict=True)))


def clipped(contribution: Mapping[Cell, int], clip: int) -> dict[Cell, int]:
    """Return a contributor's month, each cell shrunk alike and rounded down where all hold over `clip`."""
    total = sum(contribution.values())
    if total <= clip:
        return dict(contribution)
    return {cell: count * clip // total for cell, count in contribution.items()}


def tally(contributions: Iterable[Mapping[Cell, int]], cells: Iterable[Cell], clip: int) -> dict[Cell, Tally]:
    """Add up the contributors' months, each clipped, into the exact tallies of the fixed cells.

    A contributor's month holds its positive counts, of fixed cells only; KeyError where it holds another.
    """
    counts = dict.fromkeys(cells, 0)
    contributors = dict.fromkeys(counts, 0)
    for contribution in contributions:
        for cell, count in clipped(contribution, clip).items():
            counts[cell] += count
            contributors[cell] += 1
    return {cell: Tally(counts[cell], contributors[cell]) for cell in counts}


def publish(drawn: Draw, exact: Mapping[Cell, Tally]) -> list[Published]:
    """Add a month's noise to the exact tallies of all its cells, and return what may be published."""
    noisy = {
        cell: Tally(exact[cell].events + added.events, exact[cell].contributors + added.contributors)
        for cell, added in drawn.noise.items()
    }
    chosen = publishable(drawn.settings, noisy)
    count_error = noise.deviation(noise.count_scale(drawn.settings))
    contributors_error = noise.deviation(noise.contributors_scale(drawn.settings, len(noisy)))
    return [
        Published(cell, one.events, count_error, one.contributors, contributors_error)
        for cell, one in noisy.items()
        if cell in chosen
    ]


def stored_settings(drawn: Draw) -> dict[str, Any]:
    """Return a draw's settings as a JSON object."""
    return asdict(drawn.settings)


def restored(settings: Mapping[str, Any], noise_drawn: Mapping[str, Any]) -> Draw:
    """Return a draw that an earlier version has kept as JSON objects."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }
    width = len(Cell._fields)
    rows = noise_drawn["cells"]
    return Draw(ArchiveSettings(**values), {Cell(*row[:width]): Tally(*row[width:]) for row in rows})
