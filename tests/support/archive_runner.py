"""Releases ten years of months in processes that tests may kill: `python -m … URL FOLDER`, a line for each.

The folder gets the journal, and in `draws` every draw that was made. It forks for each, since what all of
them import takes a second; and tells who begins, and how each ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.archived import journal_beside

from aboveboard_server import bootstrap
from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import archive_release
from aboveboard_server.privacy.archive import Archive
from aboveboard_server.privacy.archive_settings import ArchiveSettings
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore

NOW = datetime(2026, 7, 2, tzinfo=UTC)
MONTHS = 120
# Weak enough for twelve companies to be published, and yet with noise in every number.
SETTINGS = ArchiveSettings(
    solutions=("Connects",),
    event_types=("element_stat",),
    clip=10,
    epsilon=20,
    min_contributors=2,
    min_clips=0.1,
    failure_probability=0.01,
    allow_weaker=True,
)
# Seconds that the writer of a killed process gets to end.
PATIENCE = 25


def long_lived() -> catalog.Catalog:
    """Return the schema, its events kept for just over ten years."""
    schema = catalog.default()
    events = (
        replace(event, policy=replace(event.policy, retention_days=366 * 10)) for event in schema.events
    )
    return replace(schema, events=tuple(events))


async def opened(url: str) -> EventStore:
    """Open the store as soon as whoever was killed has let go of it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await bootstrap.open_store(url)
        except StartupError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)


def note_draws(path: Path) -> None:
    """Have every draw of this process added to a file before it is used."""
    draw = archive_release.draw

    def noted(*args: Any) -> archive_release.Draw:
        drawn = draw(*args)
        line = json.dumps([[*cell, *added] for cell, added in drawn.noise.items()])
        with path.open("a") as file:
            file.write(f"{line}\n")
        return drawn

    archive_release.draw = noted  # type: ignore[assignment]  # takes what the other does


async def main(url: str, folder: Path) -> None:
    """Release what is due; say when it begins."""
    journal = journal_beside(folder)
    note_draws(folder / "draws")
    store = await opened(url)
    print(f"begins {os.getpid()}", flush=True)  # noqa: T201  # the test waits for it
    await Archive(store, long_lived(), SETTINGS, journal).release_due(NOW)
    await store.close()


if __name__ == "__main__":
    for _ in sys.stdin:
        if not os.fork():
            asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
            os._exit(0)
        _, status = os.wait()
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201  # as above
