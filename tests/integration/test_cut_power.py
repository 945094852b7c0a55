"""The promise of an acknowledgement, under a few power cuts; `make fault` tries it with many."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.support.cut_campaign import cut_often

if TYPE_CHECKING:
    from pathlib import Path


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Through 3 cuts, each with all that was not synced, no event and no opt-out is lost."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    figures = cut_often(tmp_path, cuts=3, events=1_000, seed=seed)
    assert figures.kills == {"power": 3}
    assert (figures.lost, figures.doubled) == (0, 0)


def test_a_disk_that_lies_is_noticed(tmp_path: Path) -> None:
    """Where syncs do nothing, a cut does lose what was acknowledged: these tests could tell."""
    assert cut_often(tmp_path, cuts=1, events=500, seed=1, lies=True).lost
