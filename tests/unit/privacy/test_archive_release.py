"""What is published of thousands of populations, under every noise but the one in a million."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.archive_populations import Population, cells, company, population

from aboveboard_server.privacy import archive_noise, archive_release
from aboveboard_server.privacy.archive_cells import Cell
from aboveboard_server.privacy.archive_decision import Tally, publishable, threshold
from aboveboard_server.privacy.archive_release import Draw, clipped, tally
from aboveboard_server.privacy.archive_settings import ArchiveSettings

if TYPE_CHECKING:
    from collections.abc import Collection

POPULATIONS = 2_000
quickly = settings(
    max_examples=POPULATIONS, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
seeds = st.integers(0, 2**32)
companies = st.integers(1, 60)
# Weaker than allowed, so that noise is small enough for so few companies to be published at all.
epsilons = st.sampled_from([1.0, 30.0, 300.0])


def margins(chosen: ArchiveSettings, keys: Collection[Cell], probability: float) -> tuple[int, int]:
    """Return the noise in a count, and in a contributor count, that is exceeded with this probability."""
    return (
        archive_noise.margin(archive_noise.count_scale(chosen), probability),
        archive_noise.margin(archive_noise.contributors_scale(chosen, len(keys)), probability),
    )


def is_safe(members: Population, keys: Collection[Cell], clip: int) -> bool:
    """Whether at least ten hold the total, none over half, nor can the second tell the first to 25 %."""
    shares = sorted(
        (
            sum(month.get(key, 0) for key in keys)
            for month in (clipped(member, clip) for member in members)
            if any(key in month for key in keys)
        ),
        reverse=True,
    )
    if len(shares) < 10:
        return False
    total, largest, second = sum(shares), shares[0], shares[1]
    return total >= 2.25 * clip and 2 * largest <= total and total - largest - second >= 0.25 * largest


@quickly
@given(seeds, companies, epsilons)
def test_what_is_published_is_safe_but_for_noise_beyond_the_margins(
    seed: int, count: int, epsilon: float
) -> None:
    """A published cell has ten contributors, none over half, p% at 25 %; so has the rest of its solution."""
    rng = random.Random(seed)
    keys = cells(rng.randint(1, 4), rng.randint(1, 2))
    clip = rng.choice([1, 100, 5_000])
    chosen = ArchiveSettings(clip=clip, epsilon=epsilon, allow_weaker=True)
    members = population(rng, keys, count, median=clip)
    usual = margins(chosen, keys, chosen.failure_probability)
    noise = {key: Tally(*(round(rng.choice([1, 1, 1.05, 0, -1]) * bound) for bound in usual)) for key in keys}
    exact = tally(members, keys, clip)
    for one in archive_release.publish(Draw(chosen, noise), exact):
        rest = [key for key in keys if key.solution == one.cell.solution and key != one.cell]
        if all(value <= bound for value, bound in zip(noise[one.cell], usual, strict=True)):
            assert is_safe(members, [one.cell], clip)
        rare = margins(chosen, keys, chosen.failure_probability / max(1, len(rest)))
        if rest and all(
            value <= bound for key in rest for value, bound in zip(noise[key], rare, strict=True)
        ):
            assert is_safe(members, rest, clip)


@quickly
@given(seeds, companies)
def test_one_contributor_moves_the_exact_tallies_by_no_more_than_the_noise_is_made_for(
    seed: int, count: int
) -> None:
    """With one contributor gone, all counts together change by at most the clip, contributors by 1 a cell."""
    rng = random.Random(seed)
    keys = cells(rng.randint(1, 6), rng.randint(1, 2))
    clip = rng.choice([1, 100, 5_000])
    members = population(rng, keys, count, median=clip / rng.choice([1, 10, 1_000]))
    whole = tally(members, keys, clip)
    gone = rng.randrange(count)
    left = tally(members[:gone] + members[gone + 1 :], keys, clip)
    assert list(whole) == list(left) == list(keys)
    assert sum(abs(whole[key].events - left[key].events) for key in keys) <= clip
    assert all(whole[key].contributors - left[key].contributors in {0, 1} for key in keys)


def test_large_populations_are_published() -> None:
    """The conditions can be met: of 2,000 companies each of a few cells is published, under real noise."""
    rng = random.Random(1)
    keys = cells(4)
    chosen = ArchiveSettings(clip=5_000)
    members = [company(rng, keys, median=300) for _ in range(2_000)]
    drawn = archive_release.draw(chosen, keys)
    published = archive_release.publish(drawn, exact := tally(members, keys, chosen.clip))
    assert [one.cell for one in published] == list(keys)
    for one in published:
        assert one.count == exact[one.cell].events + drawn.noise[one.cell].events
        assert one.contributors == exact[one.cell].contributors + drawn.noise[one.cell].contributors
        assert one.count_expected_error == pytest.approx(2**0.5 * 5_000 / 0.75, rel=1e-3)
        assert one.contributors_expected_error == pytest.approx(2**0.5 * 4 / 0.25, rel=1e-2)


def test_a_cell_is_published_only_with_another_large_one_beside_it() -> None:
    """Whoever knows a solution's total and subtracts its one large cell would see the few that are left."""
    keys = cells(3, solutions=2)
    chosen = ArchiveSettings()
    bound = threshold(chosen, len(keys), chosen.failure_probability / 2)
    large, small = Tally(int(bound.events) + 1, bound.contributors), Tally(0, 0)
    lonely = {key: large if key.event_type == "event_0" else small for key in keys}
    assert publishable(chosen, lonely) == set()
    paired = {key: large if key.event_type != "event_2" else small for key in keys}
    assert publishable(chosen, paired) == {key for key in keys if key.event_type != "event_2"}


def test_what_stands_behind_a_cell_must_be_large_with_more_certainty() -> None:
    """One of several others is more likely to have bad luck than one cell: it needs a wider margin."""
    keys = cells(4)
    chosen = ArchiveSettings()
    alone = threshold(chosen, len(keys), 1e-6)
    firm = threshold(chosen, len(keys), 1e-6 / 3)
    noisy = dict.fromkeys(keys, Tally(0, 0))
    noisy[keys[0]] = noisy[keys[1]] = Tally(math.ceil(firm.events) - 1, firm.contributors)
    assert publishable(chosen, noisy) == set()
    noisy[keys[0]] = Tally(math.ceil(firm.events), firm.contributors)
    noisy[keys[1]] = Tally(math.ceil(alone.events), alone.contributors)
    assert publishable(chosen, noisy) == {keys[1]}


def test_the_keys_are_fixed() -> None:
    """A cell that is none of the fixed ones is a mistake of the caller, and not one more cell."""
    with pytest.raises(KeyError):
        tally([{Cell("event_9", "CREATE", "unheard-of"): 1}], cells(2), 10)


def test_clipping_keeps_the_proportions() -> None:
    """Over the clip each cell shrinks alike; at the clip nothing changes."""
    one, two = cells(2)
    assert clipped({one: 300, two: 100}, 40) == {one: 30, two: 10}
    assert clipped({one: 30, two: 10}, 40) == {one: 30, two: 10}
    assert clipped({one: 1, two: 10**15}, 40) == {one: 0, two: 39}


def test_a_draw_of_an_earlier_version_comes_back_as_it_was() -> None:
    """What an upgrade finds is the draw itself, with the settings it was made under."""
    drawn = archive_release.draw(ArchiveSettings(solutions=("web",), epsilon=0.5), cells(3))
    noise = {"cells": [[*cell, *added] for cell, added in drawn.noise.items()]}
    assert archive_release.restored(archive_release.stored_settings(drawn), noise) == drawn
