"""What privacy costs: how far published cells of the archive lie from the truth, by simulation.

The code that is measured is the server's own. Errors include what clipping takes away.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from aboveboard_server.privacy import archive_release
from aboveboard_server.privacy.archive_cells import Cell
from aboveboard_server.privacy.archive_settings import ArchiveSettings
from benchmarks import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Month = dict[Cell, int]

BEGIN = "<!-- Written by `python -m benchmarks archive`; do not edit by hand. -->"
CELLS = tuple(Cell("event", str(number), "solution") for number in range(12))
CONTRIBUTORS = (50, 100, 500, 1_000)
# Events of an average contributor in an average cell.
MEAN = 100
RELEASES = 50
DEFAULTS = ArchiveSettings()


def independent(rng: random.Random) -> Month:
    """Return the month of a contributor whose share in each cell is drawn by itself."""
    return {cell: _lognormal(rng) for cell in CELLS}


def by_size(rng: random.Random) -> Month:
    """Return the month of a contributor that is as large in one cell as in all others."""
    return dict.fromkeys(CELLS, _lognormal(rng))


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of population and the settings for it; the clip in months of the average contributor."""

    shares: str
    draw: Callable[[random.Random], Month]
    clip: float
    contributors_share: float = DEFAULTS.contributors_share

    @property
    def settings(self) -> ArchiveSettings:
        """The settings, with the clip in events."""
        clip = round(self.clip * MEAN * len(CELLS))
        return replace(DEFAULTS, clip=clip, contributors_share=self.contributors_share)


CASES = (
    Case("each cell by itself", independent, 3.5),
    Case("by contributor", by_size, 3.5),
    Case("each cell by itself", independent, 1.5, 0.4),
    Case("by contributor", by_size, 1.5, 0.4),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: None where nothing was published, or nothing to speak of."""

    case: Case
    contributors: int
    published: float
    error: float | None
    contributors_error: float | None
    error_unpublished: float


def measure(case: Case, contributors: int, releases: int = RELEASES) -> Outcome:
    """Release that many months, each of another population."""
    rng = random.Random(f"{case.shares} {case.clip} {contributors}")  # noqa: S311  # a simulation, repeatable
    errors, contributors_errors, raw = [], [], []
    for _ in range(releases):
        population = [case.draw(rng) for _ in range(contributors)]
        true = {cell: sum(month[cell] for month in population) for cell in CELLS}
        drawn = archive_release.draw(case.settings, CELLS)
        exact = archive_release.tally(population, CELLS, case.settings.clip)
        for one in archive_release.publish(drawn, exact):
            errors.append(abs(one.count / true[one.cell] - 1))
            contributors_errors.append(abs(one.contributors / contributors - 1))
        raw += [abs((exact[cell].events + drawn.noise[cell].events) / true[cell] - 1) for cell in CELLS]
    published = len(errors) / (releases * len(CELLS))
    # Of next to nothing there is no median to speak of.
    told = published > 0.01  # noqa: PLR2004  # as said
    return Outcome(
        case,
        contributors,
        published,
        median(errors) if told else None,
        median(contributors_errors) if told else None,
        median(raw),
    )


def table() -> Iterator[str]:
    """Yield the lines of the table, in Markdown, as its cases are measured."""
    columns = (
        "contributors",
        "their shares vary",
        "clip, in mean months",
        "ε for contributors",
        "cells published",
    )
    errors = ("error of a count", "error of contributors", "error of a count, published or not")
    yield f"| {' | '.join(columns + errors)} |"
    yield "|--:|---|--:|--:|--:|--:|--:|--:|"
    for case in CASES:
        for contributors in CONTRIBUTORS:
            found = measure(case, contributors)
            yield (
                f"| {contributors:,} | {case.shares} | {case.clip} | {case.contributors_share} "
                f"| {found.published:.0%} | {_percent(found.error)} | {_percent(found.contributors_error)} "
                f"| {found.error_unpublished:.0%} |"
            )


def write(lines: list[str], document: Path) -> None:
    """Replace what stands between the markers."""
    report.replace(document, BEGIN, lines)


def _lognormal(rng: random.Random) -> int:
    # The mean of a lognormal of sigma 1 is exp(0.5) times its median.
    return max(1, round(rng.lognormvariate(-0.5, 1) * MEAN))


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"
