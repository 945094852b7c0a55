"""Nobody tells from 10,000 releases whether a contributor took part better than epsilon allows."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from tests.support.archive_attacker import Attacker, noises
from tests.support.archive_populations import Population, cells, company

from aboveboard_server.privacy.archive_release import Draw, publish, tally
from aboveboard_server.privacy.archive_settings import ArchiveSettings

RELEASES = 10_000
SETTINGS = ArchiveSettings(clip=1_000)
HALF_THE_NOISE = replace(SETTINGS, epsilon=2 * SETTINGS.epsilon, allow_weaker=True)
NO_CLIP = 10**12
# The best guess that epsilon allows, and four standard deviations of its frequency.
ALLOWED = math.exp(SETTINGS.epsilon) / (1 + math.exp(SETTINGS.epsilon))
SAMPLING = 4 * math.sqrt(ALLOWED * (1 - ALLOWED) / RELEASES)

# How many others there are, how many cells, and how many of them the giant that is sought makes use of.
QUICK = {
    "one cell": (4_000, 1, 1),
    "one cell, at the threshold": (88, 1, 1),
    "everywhere, at the threshold": (237, 2, 2),
}
MORE = {
    "a giant in one cell of four": (2_000, 4, 1),
    "a giant in four cells, at the threshold": (410, 4, 4),
    "few": (30, 3, 3),
}
SCENES = QUICK | MORE


def accuracy(scene: str, drawn: ArchiveSettings = SETTINGS, clip: int = SETTINGS.clip) -> tuple[float, float]:
    """Return how often the attacker is right, and how often anything was published.

    `drawn` are the settings that the noise is really drawn under, and `clip` is what is really clipped at.
    """
    others, count, used = SCENES[scene]
    rng = random.Random(scene)
    keys = cells(count)
    members: Population = [company(rng, keys, median=150 / count) for _ in range(others)]
    target = dict.fromkeys(keys[:used], 20 * SETTINGS.clip)
    without = tally(members, keys, clip)
    present = tally([*members, target], keys, clip)
    attacker = Attacker(without, present, claimed=SETTINGS, drawn=drawn)
    right = shown = 0
    for noise in noises(drawn, keys, RELEASES):
        is_present = rng.random() < 0.5
        published = publish(Draw(SETTINGS, noise), present if is_present else without)
        right += attacker.suspects(published) == is_present
        shown += bool(published)
    return right / RELEASES, shown / RELEASES


@pytest.mark.parametrize("scene", [*QUICK, *(pytest.param(name, marks=pytest.mark.fault) for name in MORE)])
def test_the_best_attack_is_no_better_than_epsilon_allows(scene: str) -> None:
    """With all others' exact numbers, the best of tests, and what is missing: at most e^ε / (1 + e^ε)."""
    right, shown = accuracy(scene)
    assert right <= ALLOWED + SAMPLING
    if "threshold" in scene:
        assert 0.1 < shown < 0.9


def test_the_attack_is_a_real_one() -> None:
    """Where it can learn something it does: one count alone gives it 1 - e^(-0.375) / 2."""
    right, shown = accuracy("one cell")
    assert shown > 0.99
    assert right > 1 - math.exp(-0.375) / 2 - SAMPLING


@pytest.mark.parametrize(
    "scene", ["one cell", pytest.param("one cell, at the threshold", marks=pytest.mark.fault)]
)
def test_the_attack_finds_out_half_the_noise(scene: str) -> None:
    """With half the noise it is better than the epsilon claimed allows."""
    right, _ = accuracy(scene, drawn=HALF_THE_NOISE)
    assert right > ALLOWED + SAMPLING


@pytest.mark.parametrize(
    "scene", ["one cell", pytest.param("everywhere, at the threshold", marks=pytest.mark.fault)]
)
def test_the_attack_finds_out_that_nothing_is_clipped(scene: str) -> None:
    """Without clipping a giant gives itself away."""
    right, _ = accuracy(scene, clip=NO_CLIP)
    assert right > ALLOWED + SAMPLING
