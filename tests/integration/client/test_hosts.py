"""The hosts a client sits in: threads, event loops, forks, signals, and those that simply end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest
from tests.support.clients import held
from tests.support.hosts import wait_for

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.telemetry.v1.source_pb2 import ServerSource, Source

if TYPE_CHECKING:
    from tests.integration.client.conftest import MakeClient
    from tests.support.hosts import Host
    from tests.support.scripted import ScriptedService
    from tests.support.server import ServerProcess

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse


def arrived(server: ServerProcess, host: Host) -> list[int]:
    rows = server.query(
        "SELECT element_id FROM element_stat JOIN source USING (source_id) WHERE server_uuid = ?",
        host.server_uuid,
    )
    return sorted(int(number) for (number,) in rows)


def test_threads_record_at_once(host: Host, shared_server: ServerProcess) -> None:
    """Sixteen threads record while events are sent: everything arrives once."""
    host.run(
        "client = make()\n"
        "def work(place):\n"
        "    for n in range(250): assert client.record(element(place * 250 + n))\n"
        "threads = [threading.Thread(target=work, args=(place,)) for place in range(16)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "assert client.close(30)\n"
    )
    assert arrived(shared_server, host) == list(range(4000))


def test_what_children_of_a_sending_host_record_arrives(host: Host, shared_server: ServerProcess) -> None:
    """A host forks 20 times while a thread records and events are sent: each event arrives once."""
    host.run(
        "client = make()\n"
        "client.record(element(0))\n"
        "stop = threading.Event()\n"
        "count = [0]\n"
        "def work():\n"
        "    while not stop.is_set():\n"
        "        count[0] += 1\n"
        "        assert client.record(element(count[0]))\n"
        "        time.sleep(0.001)\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "children = []\n"
        "for n in range(20):\n"
        "    time.sleep(0.03)\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        ok = all(client.record(element(100_000 + n * 100 + i)) for i in range(5))\n"
        "        client.close(20)\n"
        "        os._exit(0 if ok and client.stats().recorded == 5 else 1)\n"
        "    children.append(child)\n"
        "codes = [os.waitpid(child, 0)[1] for child in children]\n"
        "stop.set(); thread.join()\n"
        "while list(Path(os.environ['DIRECTORY']).rglob('*.spool'))[1:]: time.sleep(0.02)\n"
        "assert client.close(20)\n"
        "assert not any(codes), codes\n"
        "say(count[0])\n"
    )
    found = arrived(shared_server, host)
    assert [n for n in found if n >= 100_000] == [
        100_000 + child * 100 + i for child in range(20) for i in range(5)
    ]
    mine = [n for n in found if n < 100_000]
    assert mine == list(range(len(mine)))
    assert len(mine) > 100


def test_children_of_a_host_that_has_not_sent_yet_send_themselves(
    host: Host, shared_server: ServerProcess
) -> None:
    """A host that makes its client, then forks its workers and ends: the workers send their own."""
    host.run(
        "client = make(timing=Timing(linger=60))\n"
        "client.record(element(0))\n"
        "children = []\n"
        "for n in range(1, 9):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        ok = client.record(element(n)) and client.close(20) and client.stats().accepted == 1\n"
        "        os._exit(0 if ok else 1)\n"
        "    children.append(child)\n"
        "codes = [os.waitpid(child, 0)[1] for child in children]\n"
        "assert not any(codes), codes\n"
        "assert client.close(20)\n"
    )
    assert arrived(shared_server, host) == list(range(9))


def test_a_long_lived_child_hands_over_as_it_goes(host: Host, shared_server: ServerProcess) -> None:
    """A child that cannot send itself is not waited for: what it records arrives while it lives."""
    program = host.start(
        "client = make()\n"
        "client.record(element(0))\n"
        "assert client.flush(20)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    for n in range(1, 100): client.record(element(n)); time.sleep(0.005)\n"
        "    time.sleep(60)\n"
        "say(child)\n"
        "os.waitpid(child, 0)\n"
    )
    assert program.stdout is not None
    child = int(program.stdout.readline())
    try:
        wait_for(lambda: arrived(shared_server, host) == list(range(100)))
    finally:
        os.kill(child, signal.SIGKILL)
        program.communicate(timeout=20)


def test_what_a_killed_child_left_is_sent_by_its_parent(host: Host, shared_server: ServerProcess) -> None:
    """A worker that is killed leaves its events in files of its own: whoever lives on sends them."""
    host.run(
        "client = make()\n"
        "client.record(element(0))\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    for n in range(1, 6): client.record(element(n))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.waitpid(child, 0)\n"
        "while list(Path(os.environ['DIRECTORY']).rglob('*.spool'))[1:]: time.sleep(0.02)\n"
        "assert client.close(20)\n"
    )
    assert arrived(shared_server, host) == list(range(6))


@pytest.mark.parametrize("end", ["flush(20)", "close(20)"])
def test_an_end_at_once_sends_what_the_run_before_left(
    host: Host, shared_server: ServerProcess, end: str
) -> None:
    """However late the thread looks for it: what a killed process has left is part of what waits."""
    killed = host.start(
        "os.environ['ENDPOINT'] = '127.0.0.1:1'\n"
        "client = make()\n"
        "for n in range(3): client.record(element(n), durable=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed.communicate(timeout=30)
    host.run(
        "from aboveboard_client.spool import Spool\n"
        "adopt = Spool.adopt\n"
        "def adopt_late(spool): time.sleep(0.5); adopt(spool)\n"
        "Spool.adopt = adopt_late\n"
        f"assert make().{end}\n"
    )
    assert arrived(shared_server, host) == [0, 1, 2]


def test_a_signal_handler_may_record_while_the_host_is_recording(
    host: Host, shared_server: ServerProcess
) -> None:
    """Interrupted at any point of `record` by a handler that records too: no deadlock, all arrives once."""
    host.run(
        "client = make()\n"
        "n = [100_000]\n"
        "def handler(*_):\n"
        "    n[0] += 1\n"
        "    assert client.record(element(n[0]))\n"
        "signal.signal(signal.SIGALRM, handler)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)\n"
        "for number in range(5000): assert client.record(element(number))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "assert client.close(30)\n"
        "assert n[0] > 100_010\n"
        "say(client.stats())\n"
    )
    found = arrived(shared_server, host)
    assert [n for n in found if n < 100_000] == list(range(5000))
    assert found[5000:] == list(range(100_001, 100_001 + len(found) - 5000))


@pytest.mark.parametrize("end", ["client.close()", "client.close(0)", "pass", "sys.exit()"])
def test_a_server_that_lives_for_a_moment_counts(host: Host, shared_server: ServerProcess, end: str) -> None:
    """However soon and however it ends, a server's first ping is sent, by its next run at the latest."""
    host.run(f"client = make(heartbeat=True)\n{end}")
    host.run("make(heartbeat=True, timing=Timing(linger=0, adopt=0)).record(element(1))\ntime.sleep(0.1)")
    host.run(
        "client = make(heartbeat=True, timing=Timing(linger=0, adopt=0))\n"
        "while list(Path(os.environ['DIRECTORY']).rglob('*.spool')): time.sleep(0.02); client.flush()\n"
    )
    source = Source(server=ServerSource(server_uuid=host.server_uuid))
    assert held(shared_server, source) == {"server_ping": 1, "element_stat": 1}


def test_a_host_that_simply_ends_is_not_held_up(host: Host, shared_server: ServerProcess) -> None:
    """Without `close`, server there or not, a host ends with code 0 and says nothing; the next run sends."""
    host.run("client = make(timing=Timing(linger=60))\nclient.record(element(1))")
    host.run("client = make()\nclient.record(element(2))\ntime.sleep(0.3)", env={"ENDPOINT": "127.0.0.1:9"})
    host.run(
        "client = make(timing=Timing(linger=0, adopt=0))\n"
        "while list(Path(os.environ['DIRECTORY']).rglob('*.spool')): time.sleep(0.02); client.flush()\n"
    )
    assert arrived(shared_server, host) == [1, 2]


async def test_an_event_loop_goes_on_while_a_client_works(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """In a coroutine `record` never waits, and while `aclose` waits for a slow service others go on."""
    release = threading.Event()

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        release.wait(20)
        return service.accept(request)

    service.answer = answer
    client = make_client(service.address)
    async with client:
        for number in range(100):
            assert client.record(ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE))
        await asyncio.to_thread(service.arrived.wait, 20)
        closing = asyncio.create_task(client.aclose(20))
        for _ in range(100):
            await asyncio.sleep(0.001)
        assert not closing.done()
        release.set()
        assert await closing
    assert client.stats().accepted == 100


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing_workers_send(host: Host, shared_server: ServerProcess, method: str) -> None:
    """Workers of multiprocessing, however they are started, record and send their own."""
    program = (
        "import multiprocessing\n"
        "from tests.support.workers import work\n"
        "client = make()\n"
        "client.record(element(0)); client.flush()\n"
        f"context = multiprocessing.get_context('{method}')\n"
        f"told = {{'forked': {method == 'fork'}}}\n"
        "workers = [context.Process(target=work, args=(n,), kwargs=told) for n in (1, 2, 3)]\n"
        "for worker in workers: worker.start()\n"
        "for worker in workers: worker.join()\n"
        "assert not any(worker.exitcode for worker in workers)\n"
        "while list(Path(os.environ['DIRECTORY']).rglob('*.spool'))[1:]: time.sleep(0.02)\n"
        "assert client.close(20)\n"
    )
    host.run(program)
    assert arrived(shared_server, host) == [0, 1, 2, 3]
    assert held(shared_server, Source(server=ServerSource(server_uuid=host.server_uuid)))


def test_a_proxy_in_the_environment_does_not_get_what_stays_on_this_machine(
    host: Host, shared_server: ServerProcess
) -> None:
    """With `http_proxy` set, as on many a company's machine, a service on loopback is reached directly."""
    proxy = "http://127.0.0.1:9"
    host.run(
        "client = make()\nclient.record(element(1))\nassert client.close(20)\n",
        env={"http_proxy": proxy, "https_proxy": proxy, "grpc_proxy": proxy, "no_proxy": "", "NO_PROXY": ""},
    )
    assert arrived(shared_server, host) == [1]
