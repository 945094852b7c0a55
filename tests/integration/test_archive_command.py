"""The archive over a server: what is released is listed, to people and to machines."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.archived import cell, publish

from aboveboard_server import bootstrap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ServerProcess


def command(server: ServerProcess, *arguments: str) -> str:
    """Run `aboveboard admin archive list`, and return what it prints."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "aboveboard_server", "admin", "archive", "list"),
            *("--endpoint", server.admin_address, *arguments),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


async def fill(database: Path) -> None:
    """Publish two months."""
    store = await bootstrap.open_store(f"sqlite:///{database}")
    await publish(store, "2026-06", cell("test_case_stat", solution="[red]web"), cell("ping", ""))
    await publish(store, "2026-07", cell("ping", ""))
    await store.close()


def test_the_archive_is_listed(server: ServerProcess) -> None:
    """A table with each number's expected error for people, JSON as the proto says for machines."""
    server.stop()
    asyncio.run(fill(server.database))
    server.start()
    table = command(server)
    assert [line.count("2026-07") for line in table.splitlines()].count(1) == 1
    assert "123,456 ± 1,886" in table
    assert "1,034 ± 68" in table
    assert "[red]web" in table
    told = json.loads(command(server, "--json", "--max-month", "2026-06", "--event-type", "ping"))
    assert [
        (one["month"], one["eventType"], one["changeType"], one["count"])
        for one in told["archivedAggregates"]
    ] == [("2026-06", "ping", "CHANGE_TYPE_UNSPECIFIED", "123456")]
