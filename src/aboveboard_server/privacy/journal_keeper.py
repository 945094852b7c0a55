"""Keeps the journal small while the server runs, and tells its size."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from aboveboard_server import metrics
from aboveboard_server.privacy import journal, journal_compaction
from aboveboard_server.storage.columns import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aboveboard_server.background import Background, Loop

log = structlog.get_logger()

# Seconds between two looks at its size.
LOOK = 60.0
# Looks after which a journal that has not grown is compacted all the same: its entries lapse by time.
LOOKS_A_DAY = 24 * 60


class JournalKeeper:
    """Has a journal compacted once it is twice as large as it was after the last time, and once a day.

    `may_forget` says whether the clock is plausible: what lapses by a wrong one is lost.
    """

    def __init__(self, folder: Path, may_forget: Callable[[], bool], background: Background) -> None:
        self._folder = folder
        self._may_forget = may_forget
        self._size_after = 0
        self._looks = 0
        self._background = background
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin to look."""
        self._loop = self._background.start("journal", self._keep)

    async def stop(self) -> None:
        """Look no more; a compaction under way is given up, and nothing is lost by that."""
        if self._loop is not None:
            await self._loop.stop()

    async def look(self) -> None:
        """Tell the journal's size, and have it compacted where that is due."""
        size = journal.size(self._folder)
        metrics.JOURNAL_BYTES.set(size)
        self._looks += 1
        is_due = size >= 2 * self._size_after or self._looks >= LOOKS_A_DAY
        if size < journal_compaction.LEAST_BYTES or not is_due or not self._may_forget():
            return
        await self._compact()
        self._size_after, self._looks = journal.size(self._folder), 0
        metrics.JOURNAL_BYTES.set(self._size_after)

    async def _keep(self) -> None:
        while True:
            try:
                await self.look()
            except OSError as error:
                log.warning("journal_not_compacted", error=str(error))
            await asyncio.sleep(LOOK)

    async def _compact(self) -> None:
        command = [sys.executable, "-m", journal_compaction.__name__]
        process = await asyncio.create_subprocess_exec(
            *command,
            str(self._folder),
            str(to_micros(datetime.now(UTC))),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            done, error = await process.communicate()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if process.returncode:
            told = error.decode(errors="replace").strip().splitlines()
            log.warning("journal_not_compacted", error=told[-1] if told else "")
        elif done:
            before, after = map(int, done.split())
            log.info("journal_compacted", before=before, after=after)
