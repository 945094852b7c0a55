"""Scrubbing, over many ways in which rows can lie among their neighbours'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.scrubbing import round_of

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

SEEDS = range(1, 21)


@pytest.mark.fault(seconds=50)
def test_no_seed_leaves_a_byte(server: ServerProcess) -> None:
    """Over 20 seeds, each among the neighbours of all before it, no file shows a canary once scrubbed."""
    left = {seed: found for seed in SEEDS if (found := round_of(server, seed, each=12))}
    assert left == {}
