"""A release that is killed at any moment, as often as you like, publishes what one left in peace does."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.archive_runner import MONTHS, NOW, SETTINGS, long_lived
from tests.support.batches import batch_of
from tests.support.clients import deployment_source, element

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_UPDATE
from aboveboard_server import bootstrap
from aboveboard_server.privacy import archive_months, archive_release, journal
from aboveboard_server.privacy.archive_cells import Cell
from aboveboard_server.privacy.archive_decision import Tally
from aboveboard_server.privacy.journal_lines import ReleaseCell, ReleaseCommit
from aboveboard_server.storage.columns import EPOCH, MICROSECOND
from aboveboard_server.storage.work import archive as work

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    from tests.support.postgres import PostgresServer

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

    Query: TypeAlias = Callable[[str], list[tuple[Any, ...]]]

pytestmark = [pytest.mark.fault(seconds=50), pytest.mark.timeout(1_200)]

KILLS = 30
COMPANIES = 12
# What every month holds: three creations and two changes of each company.
EXACT = {"CREATE": Tally(36, COMPANIES), "UPDATE": Tally(24, COMPANIES)}


def updated() -> EventEnvelope:
    event = element()
    event.element_stat.change_type = CHANGE_TYPE_UPDATE
    return event


async def fill(url: str) -> list[str]:
    """Give every month the same events; return the months, the oldest first."""
    store = await bootstrap.open_store(url)
    retention = long_lived().events[0].policy.retention_days
    months = list(archive_months.closed(NOW, retention))
    for month in months:
        received_at = (archive_months.bounds(month)[0] - EPOCH) // MICROSECOND
        await store.commit(
            [
                batch_of(
                    deployment_source(f"company-{number}"),
                    *(element(), element(), element(), updated(), updated()),
                    received_at=received_at,
                )
                for number in range(COMPANIES)
            ]
        )
    await store.close()
    return months


class Runner:
    """Releases one time after the other, each in a process that may be killed."""

    def __init__(self, url: str, folder: Path) -> None:
        arguments = [sys.executable, "-m", "tests.support.archive_runner", url, str(folder)]
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def begin(self) -> int:
        """Start to release, and return the process's id once it has begun."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        return self._told("begins")

    def wait(self) -> int:
        """Return how it ended."""
        return self._told("ended")

    def close(self) -> None:
        """Release no more."""
        self._process.communicate()

    def _told(self, what: str) -> int:
        assert self._process.stdout
        # Between the lines for us stand those of its log.
        for line in self._process.stdout:
            if line.startswith(f"{what} "):
                return int(line.split()[1])
        raise AssertionError("it has ended")


async def campaign(url: str, folder: Path, query: Query, months: list[str]) -> None:
    """Kill releases until all are done, and reckon."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    chance = random.Random(seed)
    with closing(Runner(url, folder)) as runner:
        for _ in range(KILLS):
            kill_once(runner, query, chance)
        left = len(months) - count_released(query)
        print(f"{KILLS} kills, {left} of {len(months)} months left")  # noqa: T201  # as above
        assert 0 < left < len(months)
        runner.begin()
        assert runner.wait() == 0
    store = await bootstrap.open_store(url)
    found = await store.read(work.aggregates, min_month="", max_month="", event_type="")
    await store.close()
    assert len(found) > MONTHS
    by_month: dict[str, dict[Cell, tuple[int, int]]] = defaultdict(dict)
    for one in found:
        cell = Cell(one.event_type, one.change_type, one.solution)
        by_month[one.month][cell] = one.count, one.contributors
    draws = [json.loads(line) for line in (folder / "draws").read_text().splitlines()]
    clean = [numbers(archive_release.restored(asdict(SETTINGS), {"cells": noise})) for noise in draws]
    assert sorted(by_month) == months
    assert all(by_month[month] in clean for month in months)
    # What anybody may have seen is what the journal tells, however often.
    told: dict[str, list[ReleaseCell]] = defaultdict(list)
    for entry in journal.read(folder / "archive-keys"):
        if isinstance(entry, ReleaseCell):
            told[entry.release_id].append(entry)
        elif isinstance(entry, ReleaseCommit):
            cells = told[entry.release_id]
            assert by_month[entry.month] == {
                Cell(one.event_type, one.change_type, one.solution): (one.count, one.contributors)
                for one in cells
            }
            months = [month for month in months if month != entry.month]
    assert not months


def numbers(draw: archive_release.Draw) -> dict[Cell, tuple[int, int]]:
    """Return what a release left in peace publishes under a draw."""
    published = archive_release.publish(draw, {cell: exact(cell) for cell in draw.noise})
    return {one.cell: (one.count, one.contributors) for one in published}


def kill_once(runner: Runner, query: Query, chance: random.Random) -> None:
    """Kill a process some months after it began, and anywhere within a month."""
    enough = count_released(query) + chance.randint(0, 2)
    process = runner.begin()
    while count_released(query) < enough:
        # An error where it is there no more.
        os.kill(process, 0)
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.03))
    os.kill(process, signal.SIGKILL)
    assert runner.wait() == -signal.SIGKILL, "it was done before it was killed often enough"


def count_released(query: Query) -> int:
    [(count,)] = query("SELECT count(*) FROM archive_release WHERE released_at IS NOT NULL")
    return int(count)


def exact(cell: Cell) -> Tally:
    return EXACT.get(cell.change_type, Tally(0, 0))


async def test_on_sqlite(tmp_path: Path) -> None:
    """Through 30 kills each month is published once, as a clean run under one draw does."""
    database = tmp_path / "aboveboard.db"
    url = f"sqlite:///{database}"
    months = await fill(url)

    def query(statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(statement).fetchall()

    await campaign(url, tmp_path, query, months)


async def test_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    """Through 30 kills each month is published once, as a clean run under one draw does."""
    url = postgres.new_database()
    months = await fill(url)
    await campaign(url, tmp_path, lambda statement: postgres.query(url, statement), months)
