"""Where threads are scarce: one sender at most, grpc only where it finds enough, and never imported twice."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat

if TYPE_CHECKING:
    from tests.integration.client.conftest import MakeClient
    from tests.support.hosts import Host
    from tests.support.scripted import ScriptedService

# As a user of its own where that may be, since nothing limits root; then so many tasks beside what it has.
LIMITED = """
import resource, tempfile
from aboveboard_client import core, free_tasks
os.environ["DIRECTORY"] = tempfile.mkdtemp()
if not os.getuid():
    os.chmod(os.environ["DIRECTORY"], 0o777)
    os.setgid(54400); os.setuid(54400)
allowed = free_tasks.of_user() + {free}
resource.setrlimit(resource.RLIMIT_NPROC, (allowed, allowed))
"""


def stat(number: int) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


@pytest.mark.parametrize("scarce", ["aboveboard-keeper", "aboveboard-sender"])
def test_a_thread_that_cannot_be_started_is_tried_now_and_then(
    service: ScriptedService, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, scarce: str
) -> None:
    """Two hundred events are recorded meanwhile: one attempt, one sender, nothing sent twice."""
    start, attempts = threading.Thread.start, []

    def limited(thread: threading.Thread) -> None:
        if thread.name == scarce:
            attempts.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    before = sum(thread.name == "aboveboard-sender" for thread in threading.enumerate())
    client = make_client(service.address)
    assert all(client.record(stat(number)) for number in range(200))
    senders = sum(thread.name == "aboveboard-sender" for thread in threading.enumerate()) - before
    assert (len(attempts), senders) == (1, int(scarce == "aboveboard-keeper"))
    if senders:
        assert client.flush(20)
        assert len(service.event_ids()) == 200
        assert client.stats().accepted == 200


def test_threads_that_record_at_once_start_one_sender(
    service: ScriptedService, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes to start: whoever records meanwhile starts no other."""
    start, begun = threading.Thread.start, []

    def slow(thread: threading.Thread) -> None:
        if thread.name == "aboveboard-sender":
            begun.append(thread)
            time.sleep(0.2)
        start(thread)

    client = make_client(service.address)
    recording = [threading.Thread(target=client.record, args=(stat(number),)) for number in range(50)]
    monkeypatch.setattr(threading.Thread, "start", slow)
    for thread in recording:
        thread.start()
    for thread in recording:
        thread.join()
    assert len(begun) == 1
    assert client.close(20)
    assert len(service.event_ids()) == 50


@pytest.mark.fault
@pytest.mark.parametrize("free", [0, 2, 4, 8])
def test_grpc_is_left_alone_where_it_would_find_no_threads(host: Host, free: int) -> None:
    """With a handful of tasks left the host lives, what it recorded waits, and a warning says so once."""
    said = host.run(
        "import logging, io\n"
        "told = io.StringIO()\n"
        "logging.getLogger('aboveboard_client').addHandler(logging.StreamHandler(told))\n"
        + LIMITED.format(free=free)
        + "client = make()\n"
        "for n in range(20): client.record(element(n)); time.sleep(0.1)\n"
        "time.sleep(14)\n"
        "say(client.stats().recorded)\n"
        "say('grpc' in sys.modules)\n"
        "say(told.getvalue().count('\\n'))\n"
        "os._exit(0)\n"
    )
    assert said.split() == ["20", "False", "1"]


@pytest.mark.parametrize(("free", "enough"), [(0, False), (6, False), (60, True)])
def test_a_limit_is_seen_before_grpc_is_loaded(host: Host, free: int, *, enough: bool) -> None:
    """The user's tasks are counted: where too few are left, grpc is not even imported."""
    said = host.run(
        LIMITED.format(free=free)
        + "client = make()\n"
        + "say(client.record(element(1)))\n"
        + "client.flush(5)\n"
        + "say(free_tasks.enough_for_grpc())\n"
        + "say('grpc' in sys.modules and not free_tasks.enough_for_grpc())\n"
        + "os._exit(0)\n"
    )
    assert said.split() == ["True", str(enough), "False"]


def test_an_import_that_failed_half_way_is_not_tried_again(host: Host) -> None:
    """grpc aborts the host where it is imported a second time: events wait for the next run."""
    said = host.run(
        "attempts = []\n"
        "class Broken:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'grpc._runtime_protos':\n"
        "            attempts.append(name)\n"
        "            raise ImportError('as on a machine without threads')\n"
        "sys.meta_path.insert(0, Broken())\n"
        "client = make()\n"
        "for n in range(5): client.record(element(n)); client.flush(1)\n"
        "say(len(attempts))\n"
        "say(client.stats().recorded)\n"
        "client.close(0)\n"
        "client = make()\n"
        "client.record(element(5)); client.flush(1)\n"
        "say(len(attempts))\n"
    )
    assert said.split() == ["1", "5", "1"]


def test_who_comes_while_grpc_is_being_imported_waits_for_it(host: Host) -> None:
    """The thread is importing it when the host tells a wish: that is no import that failed."""
    said = host.run(
        "begun = threading.Event()\n"
        "class Slow:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'grpc._runtime_protos': begun.set(); time.sleep(0.5)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "client = make()\n"
        "client.record(element(0))\n"
        "assert begun.wait(20)\n"
        "say(client.enable().told)\n"
    )
    assert said == "True\n"
