"""Tokens of places in lists that are in order of texts: which list, and the texts."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from aboveboard_server.privacy import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping


def make(name: str, *place: str) -> str:
    """Return the token of a place in the list of that name."""
    return base64.urlsafe_b64encode(json.dumps([name, *place]).encode()).decode()


def read(token: str, lengths: Mapping[str, int]) -> tuple[str, tuple[str, ...]] | None:
    """Return the list and the place that a token names, None for the beginning.

    `lengths` are the lists that it may name, and of how many texts a place in each is.
    """
    if not token:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list) and all(isinstance(part, str) and "\0" not in part for part in found):
        name, *place = found or [""]
        if lengths.get(name) == len(place):
            return name, tuple(place)
    raise arguments.bad_token()
