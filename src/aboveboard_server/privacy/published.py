"""The public data dictionary as it holds now: with what an administrator has changed of the retention."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.schema import dictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard_server.privacy.retention import Retention
    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.schema.dictionary import Dictionary

# Seconds for which nobody looks whether something has changed: what another server changed is told by then.
FRESH = 1.0


class PublishedDictionary:
    """Tells the dictionary, made anew where a retention policy has changed."""

    def __init__(self, catalog: Catalog, retention: Retention) -> None:
        self._catalog = catalog
        self._retention = retention
        self._days: Mapping[str, int] = {}
        self._made: Dictionary | None = None
        self._looked_at = 0.0

    async def current(self) -> Dictionary:
        """Return the dictionary, the same object while it stays the same.

        While the store is away it is what was known last; StoreUnavailableError where that is nothing.
        """
        if self._made is None or time.monotonic() - self._looked_at >= FRESH:
            try:
                days = await self._retention.days()
            except StoreUnavailableError:
                if self._made is None:
                    raise
                days = dict(self._days)
            if self._made is None or days != self._days:
                self._days, self._made = days, dictionary.build(self._catalog, days)
            self._looked_at = time.monotonic()
        return self._made
