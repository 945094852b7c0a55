"""The noise of a release: drawn by OpenDP before anyone is counted, and what is known of it in advance.

OpenDP's Laplace mechanism over whole numbers adds discrete Laplace noise: P(z) = (1 - a) / (1 + a) * a^|z|,
where a = exp(-1 / scale). What it makes of zeros is that noise.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aboveboard_server.privacy.archive_settings import ArchiveSettings

# The scales are larger by this part than they need be, so that floating point never rounds a privacy loss up.
_SLACK = 1e-9


def count_scale(settings: ArchiveSettings) -> float:
    """Return the scale of the counts' noise: one contributor moves them by `clip` in all."""
    spent = settings.epsilon * (1 - settings.contributors_share)
    return settings.clip / spent * (1 + _SLACK)


def contributors_scale(settings: ArchiveSettings, cells: int) -> float:
    """Return the scale of the contributor counts' noise: one contributor moves each of them by 1."""
    spent = settings.epsilon * settings.contributors_share
    return cells / spent * (1 + _SLACK)


def draw(scale: float, values: int) -> list[int]:
    """Draw that many values."""
    noise: list[int] = _measurement(scale)([0] * values)
    return noise


def privacy_loss(scale: float, sensitivity: int) -> float:
    """Return the epsilon that OpenDP proves where one contributor moves the values by this much in all."""
    loss: float = _measurement(scale).map(sensitivity)
    return loss


def deviation(scale: float) -> float:
    """Return the noise's standard deviation."""
    decay = math.exp(-1 / scale)
    return math.sqrt(2 * decay) / -math.expm1(-1 / scale)


def exceeds(scale: float, bound: int) -> float:
    """Return the probability that the noise lies above a bound of at least 0."""
    decay = math.exp(-1 / scale)
    return decay ** (bound + 1) / (1 + decay)


def margin(scale: float, probability: float) -> int:
    """Return the least bound that the noise lies above with no more than this probability."""
    decay = math.exp(-1 / scale)
    bound = max(0, math.ceil(-scale * math.log(probability * (1 + decay))) - 1)
    # The logarithm may err in its last digit.
    return bound if exceeds(scale, bound) <= probability else bound + 1


@cache
def _measurement(scale: float) -> Any:
    # Late, for a server needs it once a month, and it takes memory.
    import opendp.prelude as dp  # noqa: PLC0415

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    return dp.m.make_laplace(*space, scale)
