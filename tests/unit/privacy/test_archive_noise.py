"""The noise is what the margins, the expected errors and the attacker take it for."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from aboveboard_server.privacy import archive_noise
from aboveboard_server.privacy.archive_settings import ArchiveSettings


def probability(scale: float, value: int) -> float:
    """Return the probability of a value of discrete Laplace noise."""
    decay = math.exp(-1 / scale)
    return (1 - decay) / (1 + decay) * decay ** abs(value)


@pytest.mark.parametrize("scale", [0.05, 0.7, 3.0, 48.0, 13_333.3])
def test_a_margin_is_the_least_that_holds(scale: float) -> None:
    """Noise lies above the margin with the probability asked for at most, and above one less with more."""
    for asked in (1e-9, 1e-6, 0.01, 0.3):
        margin = archive_noise.margin(scale, asked)
        assert archive_noise.exceeds(scale, margin) <= asked
        assert not margin or archive_noise.exceeds(scale, margin - 1) > asked


@pytest.mark.parametrize("scale", [0.7, 3.0])
def test_tails_and_deviation_are_those_of_the_distribution(scale: float) -> None:
    """The closed forms equal the sums over the distribution."""
    values = range(-500, 501)
    variance = sum(value**2 * probability(scale, value) for value in values)
    assert archive_noise.deviation(scale) == pytest.approx(math.sqrt(variance))
    for bound in (0, 1, 5):
        tail = sum(probability(scale, value) for value in values if value > bound)
        assert archive_noise.exceeds(scale, bound) == pytest.approx(tail)


def test_opendp_draws_that_distribution() -> None:
    """Of 100,000 draws each value comes as often as it should, within six standard deviations."""
    count, scale = 100_000, 2.0
    drawn = Counter(archive_noise.draw(scale, count))
    for value in range(-12, 13):
        expected = count * probability(scale, value)
        assert abs(drawn[value] - expected) < 6 * math.sqrt(expected)


@pytest.mark.parametrize(("epsilon", "share", "clip", "cells"), [(1, 0.25, 10_000, 12), (0.3, 0.7, 7, 50)])
def test_opendp_proves_the_epsilon(epsilon: float, share: float, clip: int, cells: int) -> None:
    """What one contributor moves, its clipped counts and 1 in each cell, costs epsilon in all, not less."""
    chosen = ArchiveSettings(epsilon=epsilon, contributors_share=share, clip=clip)
    spent = archive_noise.privacy_loss(archive_noise.count_scale(chosen), clip)
    spent += archive_noise.privacy_loss(archive_noise.contributors_scale(chosen, cells), cells)
    assert epsilon * (1 - 1e-6) < spent <= epsilon
