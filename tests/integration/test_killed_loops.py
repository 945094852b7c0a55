"""No loop beside the answers can be dead while the server says that it is ready."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.test_log_faults import is_healthy
from tests.support.clients import deployment_source, element, publish, server_source
from tests.support.deletions import company, counts, delete
from tests.support.figures import figures
from tests.support.http_clients import call
from tests.support.in_thread import InThread
from tests.support.killed_loops import KillableBackground

from aboveboard_server import bootstrap
from aboveboard_server.background import Loop
from aboveboard_server.privacy.schedule import Pace, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK, NOT_READY = 200, 503
PAGE = Path(__file__).parents[2] / "docs/decisions/0017-who-watches-what-runs-beside-the-answers.md"
FAILURES = "aboveboard_background_failures_total"
# Seconds that a loop may take to be back, on a busy machine.
PATIENCE = 60


def loops_of(store: str) -> set[str]:
    """Return the loops of a server on a store, as the page of decisions lists them."""
    rows = re.findall(r"^\| `([\w-]+)` \| (both|SQLite|PostgreSQL) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name for name, where in rows if where == "both" or where.lower().startswith(store)}


def until(holds: Callable[[], bool], what: str) -> None:
    """Return once something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


class Killable:
    """A server whose loops can be killed."""

    def __init__(self, server: InThread, background: KillableBackground) -> None:
        self.server = server
        self.background = background

    def names(self) -> set[str]:
        """Return the loops that run."""
        return {loop.name for loop in self.background.loops}

    def kill(self, name: str) -> None:
        """Have a loop end by an error."""
        self.server.call_soon(partial(self.background.kill, name))

    def cancel(self, name: str) -> None:
        """Cancel the task of a loop, as nobody should."""
        self.server.call_soon(partial(self.background.cancel, name))

    def failures(self) -> dict[str, float]:
        """Return how often each loop has ended by an error, in this process."""
        told = figures(self.server)
        return {name: told[FAILURES, name] for name in self.names()}

    def have_failed(self, expected: dict[str, float]) -> bool:
        """Whether each loop has ended by so many errors."""
        return self.failures() == expected

    def is_ready(self) -> bool:
        """Ask both transports."""
        by_http = call(self.server, "GET", "/readyz").status == OK
        return by_http and is_healthy(self.server.ingest_address)


@pytest.fixture(params=["sqlite", "postgres"])
def killable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Killable]:
    background: list[KillableBackground] = []

    def make() -> KillableBackground:
        background.append(KillableBackground())
        return background[-1]

    monkeypatch.setattr(bootstrap, "Background", make)
    # What loads the tables ends by itself once it has: here it stays until it is killed.
    monkeypatch.setattr(bootstrap, "LOAD_TABLES_AFTER", 3_600)
    monkeypatch.setattr(bootstrap, "Schedule", partial(Schedule, pace=Pace(retry=0.5)))
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    server = InThread(tmp_path, monkeypatch, postgres)
    server.start()
    yield Killable(server, background[0])
    server.stop()


def test_every_loop_that_ends_runs_again(killable: Killable, request: pytest.FixtureRequest) -> None:
    """By an error each, and by a cancellation; afterwards the server does its work as before."""
    names = killable.names()
    assert names == loops_of(request.node.callspec.params["killable"])
    for end in (killable.kill, killable.cancel):
        expected = {name: count + 1 for name, count in killable.failures().items()}
        for name in names:
            end(name)
        until(partial(killable.have_failed, expected), "each end is counted once")
        until(killable.is_ready, "the server is ready again")
        until(lambda: killable.background.is_whole, "each loop runs")
    assert killable.names() == names
    leaving = deployment_source("leaving")
    assert publish(killable.server, leaving, element()).accepted_count == 1
    deletion = delete(killable.server, company("leaving"))
    assert counts(deletion)["element_stat"] == 1


def test_while_a_loop_does_not_run_the_server_is_not_ready(
    killable: Killable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both transports, for as long as it cannot be run again; and an event is stored all the same."""
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "begin", lambda _: None)
        killable.cancel("keys")
        until(lambda: not killable.background.is_whole, "the loop has ended")
        assert call(killable.server, "GET", "/readyz").status == NOT_READY
        until(lambda: not is_healthy(killable.server.ingest_address), "gRPC tells so too")
        assert publish(killable.server, server_source(), element()).accepted_count == 1
