"""Signal handlers that use the client at any point of what they interrupt: no deadlock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.hosts import Host

# Raises a signal at each line of the SDK, and of the standard library below it, in the main thread.
AT_EACH_LINE = """
lines, every = [0], 1
def trace(frame, event, argument):
    name = frame.f_code.co_filename
    if "aboveboard_client" not in name and not name.endswith(("threading.py", "queue.py")):
        return None
    if event == "line":
        lines[0] += 1
        if lines[0] % every == 0:
            signal.raise_signal(signal.SIGUSR1)
    return trace
"""
AWAY = {"ENDPOINT": "127.0.0.1:9"}


@pytest.mark.parametrize("outside", ["client.flush(0)", "client.record(element(1))", "client.close(0)"])
def test_a_handler_may_interrupt_at_any_line(host: Host, outside: str) -> None:
    """The service is away, and each line of the one call is interrupted by all others."""
    said = host.run(
        AT_EACH_LINE + "client = make(timing=Timing(linger=60))\n"
        "client.record(element(0))\n"
        "def handler(*_): client.flush(0); client.record(element(2)); client.stats()\n"
        "signal.signal(signal.SIGUSR1, handler)\n"
        "sys.settrace(trace)\n"
        f"{outside}\n"
        "sys.settrace(None)\n"
        "say(lines[0] > 5)\n",
        env=AWAY,
    )
    assert said == "True\n"


@pytest.mark.fault
@pytest.mark.parametrize("every", range(1, 60, 7))
def test_a_handler_may_close_at_any_line(host: Host, every: int) -> None:
    """At each of some lines of a flush the client is closed for good."""
    host.run(
        AT_EACH_LINE + f"every = {every}\n"
        "client = make(timing=Timing(linger=60))\n"
        "client.record(element(0))\n"
        "signal.signal(signal.SIGUSR1, lambda *_: client.close(0.1))\n"
        "sys.settrace(trace)\n"
        "client.flush(1); client.flush(0)\n"
        "client.close(0.1)\n"
        "sys.settrace(None)\n",
        env=AWAY,
    )


@pytest.mark.fault
def test_a_flush_survives_hundreds_of_signals_that_flush(host: Host) -> None:
    """Interrupted at random by handlers that flush too, a host never stands still."""
    said = host.run(
        "import random\n"
        "client = make()\n"
        "client.record(element(1)); client.flush(1); done = [0]\n"
        "def handler(*_): client.flush(0); done[0] += 1\n"
        "signal.signal(signal.SIGUSR1, handler)\n"
        "def knock():\n"
        "    while done[0] < 500:\n"
        "        seen = done[0]\n"
        "        os.kill(os.getpid(), signal.SIGUSR1)\n"
        "        while done[0] == seen: time.sleep(0.0002)\n"
        "        time.sleep(random.random() / 1000)\n"
        "thread = threading.Thread(target=knock, daemon=True)\n"
        "thread.start()\n"
        "while thread.is_alive(): client.flush(0)\n"
        "say(done[0] >= 500)\n",
        env=AWAY,
    )
    assert said == "True\n"


def test_a_flush_waits_for_what_was_recorded_before_it(host: Host) -> None:
    """However the turns of the sender fall: once `flush` returns True, all that was recorded is there."""
    host.run(
        "client = make(timing=Timing(linger=0.0))\n"
        "for n in range(200):\n"
        "    assert client.record(element(n))\n"
        "    if client.flush(20): assert client.stats().accepted == n + 1, (n, client.stats())\n"
        "assert client.close(20)\n"
    )
