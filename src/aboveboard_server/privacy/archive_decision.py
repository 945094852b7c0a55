"""Which cells of a month may be published, decided from noisy values alone: it costs no further privacy.

docs/decisions/0006-what-the-archive-publishes.md holds why the conditions imply what they are there for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from aboveboard_server.privacy import archive_noise as noise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard_server.privacy.archive_cells import Cell
    from aboveboard_server.privacy.archive_settings import ArchiveSettings


class Tally(NamedTuple):
    """A cell's two numbers: how many events, each contributor's share clipped, and how many contributors."""

    events: int
    contributors: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a cell's noisy numbers must reach, so that its exact ones meet the conditions but for bad luck."""

    events: float
    contributors: int

    def is_reached(self, noisy: Tally) -> bool:
        """Whether both numbers reach it."""
        return noisy.events >= self.events and noisy.contributors >= self.contributors


def threshold(settings: ArchiveSettings, cells: int, probability: float) -> Threshold:
    """Return what a cell that does not meet the conditions reaches with this probability at most.

    `cells` is the number of fixed keys: noise, and with it the margin, grows with them.
    """
    events_margin = noise.margin(noise.count_scale(settings), probability)
    contributors_margin = noise.margin(noise.contributors_scale(settings, cells), probability)
    return Threshold(
        settings.min_clips * settings.clip + events_margin, settings.min_contributors + contributors_margin
    )


def publishable(settings: ArchiveSettings, noisy: Mapping[Cell, Tally]) -> set[Cell]:
    """Return the cells, out of all the fixed ones, that meet the conditions, and whose solution's others do.

    The others, taken together, are what is left where somebody who knows the solution's total subtracts the
    cell. They meet the conditions where one of them does by itself.
    """
    alone = threshold(settings, len(noisy), settings.failure_probability)
    chosen = set()
    for _, group in groupby(sorted(noisy, key=_solution), key=_solution):
        cells = list(group)
        reaching = {cell for cell in cells if alone.is_reached(noisy[cell])}
        if len(cells) == 1:
            # It is its solution's total: nothing is left.
            chosen |= reaching
            continue
        # Any of the others may have bad luck: together they may have no more of it than the cell itself.
        among_others = settings.failure_probability / (len(cells) - 1)
        firm = threshold(settings, len(noisy), among_others)
        backing = {cell for cell in cells if firm.is_reached(noisy[cell])}
        chosen |= {cell for cell in reaching if backing - {cell}}
    return chosen


def _solution(cell: Cell) -> str:
    return cell.solution
