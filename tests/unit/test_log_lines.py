"""Lines on their way to a stream: whole, in their order, and never waited for."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.support.small_disk import fill, free, small_disk

from aboveboard_server import log_lines
from aboveboard_server.log_lines import FAILED, FULL, Lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count from 0."""
    dropped = dict.fromkeys(log_lines.dropped, 0)
    monkeypatch.setattr(log_lines, "dropped", dropped)
    return dropped


def started(descriptor: int) -> Lines:
    lines = Lines(descriptor)
    lines.start()
    return lines


def test_all_lines_arrive_whole_and_in_their_order() -> None:
    reader, writer = os.pipe()
    lines = started(writer)
    said = [f"{number} {'x' * (number % 700)}" for number in range(3_000)]
    read: list[str] = []

    def keep_reading() -> None:
        with os.fdopen(reader, encoding="ascii") as pipe:
            read.extend(pipe.read().splitlines())

    thread = threading.Thread(target=keep_reading)
    thread.start()
    for line in said:
        lines.put(line)
    lines.flush(30)
    os.close(writer)
    thread.join()
    assert read == said


def test_a_reader_that_stalls_keeps_nobody_waiting(counted: dict[str, int]) -> None:
    reader, writer = os.pipe()
    capacity = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4_096)
    lines = started(writer)
    line = "x" * (capacity - 1)
    number = log_lines.MOST_LINES * 2
    for _ in range(number):
        lines.put(line)
    kept = number - counted[FULL]
    # What waits is bounded by its characters too; one is in the pipe, and one may be at its door.
    assert 0 < kept <= log_lines.MOST_CHARACTERS // capacity + 3
    lines.flush(0.01)
    # Once its reader reads again, what was kept is written, and what comes then.
    received = b""
    while received.count(b"\n") < kept:
        received += os.read(reader, 65_536)
    lines.put("last")
    while not received.endswith(b"last\n"):
        received += os.read(reader, 65_536)
    assert received == (line.encode() + b"\n") * kept + b"last\n"
    os.close(reader)
    os.close(writer)


def test_a_queue_of_short_lines_is_bounded_by_their_number(counted: dict[str, int]) -> None:
    lines = Lines(-1)
    for _ in range(log_lines.MOST_LINES + 5):
        lines.put("")
    assert counted[FULL] == 5


def test_a_reader_that_is_gone_costs_lines_and_no_more(counted: dict[str, int]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    lines = started(writer)
    for _ in range(10):
        lines.put("x")
    lines.flush(30)
    os.close(writer)
    lines.put("closed")
    lines.flush(30)
    assert counted[FAILED] == 11


def test_a_disk_with_room_again_takes_lines_again(tmp_path: Path, counted: dict[str, int]) -> None:
    """What it took the beginning of is ended first: every line is whole."""
    with small_disk(tmp_path / "disk", 1) as disk:
        fill(disk)
        file = os.open(disk / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        # The last page is taken and not full: a write is cut short in it.
        free(disk)
        os.write(file, b"x" * 4_000 + b"\n")
        fill(disk)
        lines = started(file)
        for number in range(50):
            lines.put(f"{number} {'y' * 90}")
            lines.flush(30)
        assert counted[FAILED] > 40
        free(disk)
        lines.put("again")
        lines.flush(30)
        os.close(file)
        written = (disk / "log").read_text().splitlines()[1:]
    assert written[:-1] == [f"{number} {'y' * 90}" for number in range(50 - counted[FAILED])]
    assert written[-1] == "again"


def test_a_descriptor_that_does_not_block_is_waited_for(counted: dict[str, int]) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4_096)
    lines = started(writer)
    for number in range(100):
        lines.put(f"{number:0>999}")
    received = b""
    while received.count(b"\n") < 100:
        received += os.read(reader, 1_000)
    assert [int(line) for line in received.split()] == list(range(100))
    assert not any(counted.values())
    os.close(reader)
    os.close(writer)


SAY = """
import structlog, logging, sys, threading, warnings
from aboveboard_server.logging import configure
configure("info")
class Bad:
    def __repr__(self): raise ValueError
    def __del__(self): raise ValueError("secret")
log = structlog.get_logger()
log.info("bad", what=Bad())
logging.getLogger("library").warning("%d", "no number")
warnings.warn("old", DeprecationWarning)
thread = threading.Thread(target=lambda: 1 / 0, name="some")
thread.start(); thread.join()
log.info("good")
from aboveboard_server.log_lines import dropped
log.info("dropped", **dropped)
raise RuntimeError("secret")
"""


def test_nothing_but_lines_of_the_log_comes_to_standard_error() -> None:
    """Whoever writes there waits for its reader: Python's own reports take the same way."""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", SAY], capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    said = {line["event"]: line for line in lines}
    assert done.returncode == 1
    assert {"error_ignored", "thread_failed", "good", "process_failed"} <= said.keys()
    assert said["thread_failed"]["error"] == "ZeroDivisionError"
    assert said["dropped"]["invalid"] == 2
    assert any("DeprecationWarning" in line["event"] for line in lines)
    assert "secret" not in done.stderr
