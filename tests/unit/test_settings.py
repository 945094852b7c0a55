"""What an operator may not set, and how they are told."""

from __future__ import annotations

import pytest

from aboveboard_server.errors import StartupError
from aboveboard_server.settings import Settings


@pytest.mark.parametrize("days", [0, 31, 3_650])
def test_no_deletion_waits_for_longer_than_is_promised(days: int) -> None:
    """docs/privacy.md promises 30 days at most; the refusal names the setting, the value and the rule."""
    rule = f"^--deletion-lapse-days: {days} is not 1 to 30: .* within 30 days"
    with pytest.raises(StartupError, match=rule):
        Settings(deletion_lapse_days=days)


@pytest.mark.parametrize("days", [1, 30])
def test_a_deletion_may_lapse_sooner(days: int) -> None:
    assert Settings(deletion_lapse_days=days).deletion_lapse_days == days
