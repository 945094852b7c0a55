"""Whatever breaks, the host sees no exception, and what was recorded arrives once."""

from __future__ import annotations

import errno
import os
import random
import signal
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.clients import held
from tests.support.hosts import QUICK, Host, wait_for
from tests.support.kills import free_port
from tests.support.server import ServerProcess

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source
from aboveboard_client import Client, Timing, clock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.client.conftest import MakeClient


def stat(number: int = 1) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def arrived(server: ServerProcess, server_uuid: str) -> list[int]:
    rows = server.query(
        "SELECT element_id FROM element_stat JOIN source USING (source_id) WHERE server_uuid = ?", server_uuid
    )
    return sorted(int(number) for (number,) in rows)


def test_a_server_that_is_down_and_killed_costs_nothing(
    tmp_path: Path, make_client: MakeClient, source: ServerSource
) -> None:
    """Recorded while the server is not there yet, killed twice and restarted: all arrives once."""
    address = f"127.0.0.1:{free_port()}"
    server = ServerProcess(tmp_path)
    client = make_client(address)
    number = 0
    try:
        for _ in range(3):
            for _ in range(300):
                number += 1
                assert client.record(stat(number))
            server.start(grpc_bind=address)
            for _ in range(300):
                number += 1
                assert client.record(stat(number))
            if number < 1800:
                server.kill()
        assert client.flush(30) or client.flush(30)
        assert arrived(server, source.server_uuid) == list(range(1, number + 1))
    finally:
        server.stop()


def test_a_long_outage_is_waited_out_with_growing_pauses(make_client: MakeClient) -> None:
    """While nobody answers a client knocks more and more rarely, and recording goes on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.01)
        knocks: list[float] = []
        timing = Timing(linger=0, rpc=0.2, retry_first=0.1, retry_most=0.4, idle=0.1)
        client = make_client(f"127.0.0.1:{listener.getsockname()[1]}", timing=timing)
        enough, end = time.monotonic() + 2.5, time.monotonic() + 60
        # A busy machine may need longer for the third, and knocks no sooner for that.
        while time.monotonic() < enough or (len(knocks) < 3 and time.monotonic() < end):
            assert client.record(stat())
            try:
                listener.accept()[0].close()
                knocks.append(time.monotonic())
            except TimeoutError:
                continue
        # Without pauses there would be hundreds; each attempt may try a broken connection again by itself.
        assert 3 <= len(knocks) <= 40
        assert client.stats().unwritable == 0


def test_a_full_disk_is_survived_and_what_was_kept_arrives(
    shared_server: ServerProcess,
    make_client: MakeClient,
    source: ServerSource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With no byte left on the disk nothing raises, what is not kept is counted, what was kept arrives."""
    client = make_client(shared_server.ingest_address, timing=Timing(linger=0.2))
    kept = [number for number in range(50) if client.record(stat(number))]
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if b"\xabEV" in data or b"rpc" in data:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", full)
    refused = [number for number in range(50, 100) if not client.record(stat(number))]
    assert client.flush(20)
    assert arrived(shared_server, source.server_uuid) == kept == list(range(50))
    assert client.stats().unwritable == len(refused) == 50


@pytest.mark.parametrize("where", ["/proc/none", "/dev/null/below", "\0"])
def test_a_folder_that_cannot_be_is_survived(where: str, source: ServerSource) -> None:
    """Where nothing can be kept a client is of no use, but it does no harm."""
    client = Client("127.0.0.1:9", source, directory=where, timing=QUICK)
    assert client.record(stat()) is False
    assert client.record(stat(), durable=True) is False
    client.flush(0.2)
    client.preview()
    client.disable()
    client.enable()
    client.close(0.2)
    assert client.stats().accepted == 0


def test_misuse_is_survived(make_client: MakeClient, tmp_path: Path) -> None:
    """Nonsense of every kind is counted and logged, and never raises."""
    client = make_client("127.0.0.1:9")
    nonsense: list[Any] = [None, 7, "event", object(), ServerSource()]
    for event in nonsense:
        assert client.record(event) is False
    huge = ElementStat(element_id="x" * 70_000)
    assert client.record(huge) is False
    assert client.stats().unusable == 6
    for source in (None, "who", Source()):
        off = Client("127.0.0.1:9", source, directory=tmp_path)  # type: ignore[arg-type]  # as a host might
        assert off.record(stat()) is False
        assert off.preview().events == []
        assert off.disable().problem
        assert off.close() is False
    assert client.close(0) is True
    assert client.record(stat()) is False
    assert client.stats().declined == 1


def test_a_spool_damaged_between_runs_costs_what_was_hit(
    shared_server: ServerProcess, make_client: MakeClient, source: ServerSource, tmp_path: Path
) -> None:
    """Bits flipped and ends cut off between runs: the rest arrives once, a fault costs a frame at most."""
    chance = random.Random(7)
    faults = 0
    for run in range(8):
        client = make_client("127.0.0.1:9", timing=Timing(linger=60))
        for number in range(run * 100, run * 100 + 100):
            assert client.record(stat(number))
        client.close(0)
    for path in (tmp_path / "client").rglob("*.spool"):
        data = bytearray(path.read_bytes())
        for _ in range(3):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data[: -chance.randrange(1, 50)])
        faults += 4
    later = Host(shared_server.ingest_address, source.server_uuid, tmp_path / "client")
    said = later.run(
        "client = make()\nclient.record(element(10000))\n"
        "while len(list(Path(os.environ['DIRECTORY']).rglob('*.spool'))) > 1: time.sleep(0.05)\n"
        "client.close()\nsay(client.stats())"
    )
    found = arrived(shared_server, source.server_uuid)
    assert len(found) == len(set(found))
    assert 801 - faults <= len(found) < 801
    assert "damaged=0" not in said


@pytest.mark.parametrize("jump", [-2_000_000_000, -86_400 * 365, 86_400 * 365, 10**10])
def test_a_clock_that_jumps_costs_no_event(
    shared_server: ServerProcess,
    make_client: MakeClient,
    source: ServerSource,
    monkeypatch: pytest.MonkeyPatch,
    jump: int,
) -> None:
    """A clock set back before 1970, by years, or far beyond 2100: every event is taken, once."""
    client = make_client(shared_server.ingest_address)
    now = time.time_ns
    for turn, offset in enumerate((0, jump, 0, -jump)):
        monkeypatch.setattr(clock, "time_ns", lambda offset=offset: now() + offset * 10**9)
        assert client.record(stat(turn))
        assert client.flush()
    assert arrived(shared_server, source.server_uuid) == [0, 1, 2, 3]
    assert client.stats().accepted == 4


def test_the_last_event_before_sigkill_is_sent_by_the_next_run(
    host: Host, shared_server: ServerProcess
) -> None:
    """An event whose `record` has returned survives SIGKILL at once, without any time to sync or send."""
    first = host.start(
        "client = make(timing=Timing(linger=60))\nassert client.record(element(1))\nsay('done')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert first.communicate(timeout=30)[0] == "done\n"
    assert first.returncode == -signal.SIGKILL
    assert arrived(shared_server, host.server_uuid) == []
    host.run("with make() as client:\n    client.record(element(2))\n    time.sleep(0.2)")
    assert arrived(shared_server, host.server_uuid) == [1, 2]


def _is_not_empty(path: Path) -> bool:
    return path.stat().st_size > 0


def kill_at_random_points(host: Host, server: ServerProcess, kills: int) -> int:
    """Kill a recording and sending host again and again, and return how many events it was told are kept."""
    chance = random.Random()
    kept: list[int] = []
    for kill in range(kills):
        begin = kill * 1_000_000
        told = host.directory.with_name(f"told-{kill}")
        process = host.start(
            f"client = make()\nn = {begin}\n"
            "while True:\n"
            "    n += 1\n"
            "    if client.record(element(n)): say(n)\n"
            "    if n % 50 == 0: time.sleep(0.001)\n",
            told=told,
        )
        wait_for(partial(_is_not_empty, told))
        # A random moment is what is wanted here.
        time.sleep(chance.uniform(0, 0.5))
        process.kill()
        process.communicate()
        kept += [int(line) for line in told.read_text().split()]
    host.run(
        "client = make()\nclient.record(element(0))\n"
        "while list(Path(os.environ['DIRECTORY']).rglob('*.spool')):\n"
        "    client.flush(10)\n"
        "    if len(list(Path(os.environ['DIRECTORY']).rglob('*.spool'))) == 1: break\n"
        "    time.sleep(0.05)\n"
        "assert client.close(30)"
    )
    found = arrived(server, host.server_uuid)
    assert len(found) == len(set(found)), "an event arrived twice"
    assert not set(kept).difference(found), "an event was lost"
    # The host was killed between keeping an event and saying so: one event a kill at most.
    assert len(set(found).difference(kept)) <= kills + 1
    return len(kept)


def test_a_host_killed_at_random_points_loses_nothing(host: Host, shared_server: ServerProcess) -> None:
    """Through 5 kills every event whose `record` had returned arrives, none twice."""
    assert kill_at_random_points(host, shared_server, 5) > 50


@pytest.mark.fault
@pytest.mark.timeout(600)
def test_a_host_killed_at_fifty_random_points_loses_nothing(host: Host, shared_server: ServerProcess) -> None:
    """Through 50 kills every event whose `record` had returned arrives, none twice."""
    kept = kill_at_random_points(host, shared_server, 50)
    print(f"{kept} events kept, all arrived once")  # noqa: T201  # `pytest -s -m fault` shows it
    assert (
        held(shared_server, Source(server=ServerSource(server_uuid=host.server_uuid)))["element_stat"] >= kept
    )


def test_a_source_that_is_refused_is_told_of_once(
    shared_server: ServerProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the field and the rule, for whoever has configured it; the host sees no exception."""
    source = DeploymentSource(solution="host", company_id="busag ", deployment_id="d")
    options: dict[str, Any] = {"heartbeat": False, "timing": QUICK, "directory": tmp_path / "client"}
    client = Client(shared_server.ingest_address, source, **options)
    try:
        assert client.record(stat())
        client.flush(5)

        def told() -> list[str]:
            warnings = [record for record in caplog.records if record.levelname == "WARNING"]
            return [record.getMessage() for record in warnings if record.name.startswith("aboveboard")]

        wait_for(told)
        (said,) = told()
        assert "source.deployment.company_id: begins or ends with white space" in said
        assert "busag" not in said
    finally:
        client.close(0)
    assert shared_server.query("SELECT count(*) FROM source WHERE company_id LIKE 'busag%'") == [(0,)]
