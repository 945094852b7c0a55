"""The promise of an acknowledgement, under 50 power cuts."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from tests.support.cut_campaign import cut_often

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.fault(seconds=100), pytest.mark.timeout(600)]

# 50 in all, in parts that run beside one another.
PARTS, CUTS = 2, 25


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_acknowledged_is_lost(tmp_path: Path, part: int) -> None:
    """Through 25 cuts, each with all that was not synced, 0 events and 0 opt-outs are lost, 0 doubled."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    figures = cut_often(tmp_path, cuts=CUTS, events=10_000, seed=seed)
    print(figures)  # noqa: T201  # `pytest -s -m fault` shows it
    assert figures.kills == {"power": CUTS}
    assert (figures.lost, figures.doubled) == (0, 0)
