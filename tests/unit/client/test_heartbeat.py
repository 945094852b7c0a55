"""The heartbeat: counted once in twelve hours or so, whatever a server goes through."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from aboveboard.event.v1.server_pb2 import ServerPing
from aboveboard_client.heartbeat import Heartbeat
from aboveboard_client.state import State

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0
START = 1_780_000_000.0
FIRST, AGAIN, INTERVAL = (
    ServerPing.TRIGGER_FIRST_START,
    ServerPing.TRIGGER_START,
    ServerPing.TRIGGER_INTERVAL,
)


class Server:
    """A server with a clock that tests may turn."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.up = 0.0
        self._folder = folder
        self._chance = random.Random(1)
        self.heartbeat = self.boot()

    def boot(self) -> Heartbeat:
        return Heartbeat(State(self._folder), "1.2", lambda: self.now, lambda: self.up, self._chance)

    def run(self, hours: float, *, step: float = 0.05) -> list[ServerPing]:
        """Let it run, and return its pings."""
        pings = []
        for _ in range(round(hours / step)):
            if ping := self.heartbeat.beat():
                pings.append(ping)
            self.pass_time(step)
        return pings

    def pass_time(self, hours: float) -> None:
        self.now += hours * HOUR
        self.up += hours * HOUR

    def restart(self, *, after: float = 0.0) -> None:
        self.heartbeat.close()
        self.pass_time(after)
        self.heartbeat = self.boot()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_the_first_start_is_told_at_once(server: Server) -> None:
    """The first ping ever says FIRST_START, version and system, and no time before it."""
    (ping,) = server.run(0.1)
    assert (ping.trigger, ping.server_version, ping.server_os) == (FIRST, "1.2", "LINUX")
    assert not ping.HasField("last_up_time")


def test_it_beats_every_twelve_hours_with_jitter(server: Server) -> None:
    """In 30 days there are 60 pings, give or take the jitter; no two intervals are quite the same."""
    times = []
    for _ in range(30 * 24 * 5):
        if server.heartbeat.beat():
            times.append(server.now)
        server.pass_time(0.2)
    gaps = [(after - before) / HOUR for before, after in pairwise(times)]
    assert 57 <= len(times) <= 63
    assert all(10.7 <= gap <= 13.5 for gap in gaps)
    assert len({round(gap, 1) for gap in gaps}) > 5


def test_a_crash_loop_does_not_over_report(server: Server) -> None:
    """A server that starts anew every ten minutes for a day is counted twice or thrice, not 144 times."""
    pings = []
    for _ in range(144):
        pings += server.run(0.15, step=0.15)
        server.pass_time(0.017)
        server.restart()
    assert len(pings) in {2, 3}
    assert [ping.trigger for ping in pings] == [FIRST] + [AGAIN] * (len(pings) - 1)


def test_a_short_lived_server_still_counts(server: Server) -> None:
    """A server that runs six minutes a day is counted once on each of ten days."""
    days = []
    for _ in range(10):
        days.append(len(server.run(0.1)))
        server.restart(after=23.9)
    assert days == [1] * 10


def test_it_tells_until_when_the_run_before_was_up(server: Server) -> None:
    """last_up_time is when the server was last up before this run, to the minute, in later pings too."""
    server.run(5)
    down_at = server.now
    server.restart(after=48)
    start, interval = server.run(14)[:2]
    assert (start.trigger, interval.trigger) == (AGAIN, INTERVAL)
    for ping in (start, interval):
        assert abs(ping.last_up_time.ToMicroseconds() / 1e6 - down_at) <= 5 * 60


def test_workers_of_one_server_ping_as_one(server: Server) -> None:
    """Of several processes of a server one pings, and none takes another's start for the end of a run."""
    server.run(1)
    server.restart(after=24)
    workers = [server.boot() for _ in range(4)]
    (ping,) = [ping for worker in workers if (ping := worker.beat())]
    assert abs(ping.last_up_time.ToMicroseconds() / 1e6 - (START + HOUR)) <= 5 * 60
    for worker in workers:
        worker.close()


def test_a_clock_set_back_does_not_silence_it(server: Server) -> None:
    """A clock that was a year ahead and is set right: the next ping comes within an interval."""
    server.now += 365 * 24 * HOUR
    server.run(1)
    server.now = START
    assert len(server.run(14)) == 1


def test_a_clock_that_jumps_to_and_fro_does_not_over_report(server: Server) -> None:
    """Ten jumps of a year there and back within an hour cost a ping or two, not ten."""
    pings = server.run(0.1)
    for _ in range(10):
        server.now += 365 * 24 * HOUR
        pings += server.run(0.1)
        server.now -= 365 * 24 * HOUR
        pings += server.run(0.1)
    assert len(pings) <= 2


def test_the_vendor_says_how_often(server: Server) -> None:
    """An interval from the service holds from then on."""
    server.run(0.1)
    with State(server._folder).changing() as values:  # noqa: SLF001  # as an answer of the service does
        values["ping_seconds"] = 3600.0
    assert 33 <= len(server.run(36, step=0.1)) <= 40


def test_damage_to_what_it_remembers_costs_one_ping(server: Server, tmp_path: Path) -> None:
    """A state file of rubbish counts as none: no exception, one ping too many."""
    server.run(1)
    (tmp_path / "state.json").write_bytes(b"\xff{")
    assert len(server.run(1)) == 1
