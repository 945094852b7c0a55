"""What the boundary forgets of an error that it has answered."""

from __future__ import annotations

import pytest

from aboveboard_server.grpc_api.interceptors.boundary import _let_go


def raised(text: str) -> ValueError:
    """Return an error with its traceback."""
    with pytest.raises(ValueError, match=text) as caught:
        raise ValueError(text)
    return caught.value


def test_errors_that_lead_back_to_themselves_are_let_go_of() -> None:
    """Each of the circle, and what else they were raised from: it ends."""
    first, second, aside = raised("first"), raised("second"), raised("aside")
    first.__cause__, second.__cause__ = second, first
    second.__context__ = aside
    _let_go(first)
    assert [error.__traceback__ for error in (first, second, aside)] == [None] * 3
