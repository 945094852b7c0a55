"""Whoever knows everything of a month but whether one contributor took part, and reads the release.

No test between two populations is better than their likelihood ratio (Neyman and Pearson). The likelihood is
exact: the noise's distribution is known, and so are the rules, so that a missing cell tells what it can tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aboveboard_server.privacy import archive_noise
from aboveboard_server.privacy.archive_decision import Tally, Threshold, threshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aboveboard_server.privacy.archive_cells import Cell
    from aboveboard_server.privacy.archive_release import Published
    from aboveboard_server.privacy.archive_settings import ArchiveSettings

_LEAST = 1e-300


class Attacker:
    """Knows the exact tallies without the target and with it, all of one solution, and the settings.

    `claimed` are the settings that decide what is published, `drawn` those that the noise follows.
    """

    def __init__(
        self,
        without: Mapping[Cell, Tally],
        present: Mapping[Cell, Tally],
        claimed: ArchiveSettings,
        drawn: ArchiveSettings,
    ) -> None:
        self._without = _World(without, claimed, drawn)
        self._present = _World(present, claimed, drawn)

    def suspects(self, published: Sequence[Published]) -> bool:
        """Whether the release is likelier with the target than without it."""
        found = {one.cell: Tally(one.count, one.contributors) for one in published}
        return self._present.log_likelihood(found) > self._without.log_likelihood(found)


class _World:
    """One of the two populations, and how likely it makes a release."""

    def __init__(self, exact: Mapping[Cell, Tally], claimed: ArchiveSettings, drawn: ArchiveSettings) -> None:
        self._exact = exact
        self._scales = (
            archive_noise.count_scale(drawn),
            archive_noise.contributors_scale(drawn, len(exact)),
        )
        others = max(1, len(exact) - 1)
        alone = threshold(claimed, len(exact), claimed.failure_probability)
        self._firm = threshold(claimed, len(exact), claimed.failure_probability / others)
        self._below = {cell: 1 - self._reaching(tally, alone) for cell, tally in exact.items()}
        self._backing = {cell: self._reaching(tally, self._firm) for cell, tally in exact.items()}

    def log_likelihood(self, found: Mapping[Cell, Tally]) -> float:
        """Return the logarithm of a release's likelihood, but for a constant."""
        densities = sum(
            -abs(value - true) / scale
            for cell, noisy in found.items()
            for value, true, scale in zip(noisy, self._exact[cell], self._scales, strict=True)
        )
        return densities + math.log(max(_LEAST, self._missing(found)))

    def _missing(self, found: Mapping[Cell, Tally]) -> float:
        """Return how probable it is that the cells which are missing are."""
        missing = [cell for cell in self._exact if cell not in found]
        below = [self._below[cell] for cell in missing]
        if len(self._exact) == 1 or any(self._firm.is_reached(noisy) for noisy in found.values()):
            return math.prod(below)
        backing = [self._backing[cell] for cell in missing]
        # One missing cell backs those that are found, but none backs it.
        one_backs = sum(
            chance * math.prod(below[:place] + below[place + 1 :]) for place, chance in enumerate(backing)
        )
        return one_backs if found else one_backs + math.prod(1 - chance for chance in backing)

    def _reaching(self, exact: Tally, bound: Threshold) -> float:
        needed = math.ceil(bound.events) - exact.events, bound.contributors - exact.contributors
        return math.prod(map(_at_least, self._scales, needed))


def _at_least(scale: float, value: int) -> float:
    """Return the probability of noise of at least that value."""
    if value > 0:
        return archive_noise.exceeds(scale, value - 1)
    return 1 - archive_noise.exceeds(scale, -value)


def noises(settings: ArchiveSettings, cells: Iterable[Cell], releases: int) -> list[dict[Cell, Tally]]:
    """Draw the noise of so many releases at once, each as `archive_release.draw` draws it."""
    keys = tuple(cells)
    counts = iter(archive_noise.draw(archive_noise.count_scale(settings), releases * len(keys)))
    scale = archive_noise.contributors_scale(settings, len(keys))
    contributors = iter(archive_noise.draw(scale, releases * len(keys)))
    return [{key: Tally(next(counts), next(contributors)) for key in keys} for _ in range(releases)]
