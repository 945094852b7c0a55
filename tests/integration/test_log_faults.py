"""A log that cannot be written, or is not read, changes nothing but the log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.admin import admin_json
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    held,
    ingest,
    publish,
    request,
    server_source,
    through_stream,
)
from tests.support.deletions import company, delete
from tests.support.figures import figures
from tests.support.http_clients import EVENTS, call, element_json, post, request_json, server_json
from tests.support.log_faults import CLOSING, FAULTS, Unheard, full, gone, opened
from tests.support.server import ANY_PORT, ServerProcess

if TYPE_CHECKING:
    from tests.support.log_faults import Fault

SERVING = health_pb2.HealthCheckResponse.SERVING
DROPPED = "aboveboard_log_lines_dropped_total"
UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"
# Lines that are more than any buffer of the faults holds.
MANY = 100


def is_healthy(address: str) -> bool:
    """Ask gRPC's health service."""
    with grpc.insecure_channel(address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # its types lack Check
        return bool(health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT).status == SERVING)


@pytest.mark.parametrize(
    "how",
    [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.fault(seconds=5))],
    ids=lambda how: how.name,
)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_log_that_cannot_be_written_changes_no_answer(
    tmp_path: Path, fault: Any, how: signal.Signals
) -> None:
    """Each transport answers, what is done beside it is done, and a signal to stop drains: exit code 0."""
    server = Unheard(tmp_path)
    source, leaving = server_source(), deployment_source("leaving")
    with ExitStack() as stack:
        server.start_with(fault, stack)
        for number in range(MANY):
            assert publish(server, source, element(str(number))).accepted_count == 1
        assert is_healthy(server.ingest_address)
        assert is_healthy(server.admin_address)
        with ingest(server) as stub:
            data = request(source, [element()])
            assert stub.PublishEvents(data, timeout=TIMEOUT).accepted_count == 1
        assert not through_stream(server, request(source, [element()]).SerializeToString()).verdicts
        assert post(server, EVENTS, request_json(server_json(UUID), element_json())).status == 200
        publish(server, leaving, element())
        # The erasure, its scrubbing and its receipt.
        assert delete(server, company("leaving")).HasField("receipt")
        assert call(server, "GET", "/readyz").status == 200
        dropped = {key[1]: value for key, value in figures(server).items() if key[0] == DROPPED}
        assert set(dropped) == {"full", "failed", "invalid"}
        assert (dropped["failed"] >= MANY) == (fault in {gone, full})
        assert held(server, source)["element_stat"] == MANY + 2
        # It ends sooner than the grace it gives to calls: nothing waits for the log.
        assert server.end(how) == 0


def test_closed_descriptors_are_opened_before_anything_else_takes_their_numbers(tmp_path: Path) -> None:
    """Neither the database nor a socket is ever written to by what writes to standard error."""
    server = Unheard(tmp_path)
    with ExitStack() as stack:
        server.start_with(FAULTS["closed"], stack)
        for pid in (server.pid, *server.children()):
            assert opened(pid) == {0: "/dev/null", 1: "/dev/null", 2: "/dev/null"}


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_every_command_works_with_closed_descriptors(server: ServerProcess, closing: str) -> None:
    """What it would say is said to those that are there."""
    command = [sys.executable, "-m", "aboveboard_server", "schema", "dictionary"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", *command],
        capture_output=True,
        cwd=server.folder,
        check=False,
    )
    assert done.returncode == 0
    assert not done.stderr
    assert bool(done.stdout) == (">&-" not in closing.replace("2>&-", ""))


def test_what_the_operator_is_shown_may_go_to_nobody(tmp_path: Path) -> None:
    """The first admin key is made where standard output is a full disk, and the server goes on."""
    server = ServerProcess(tmp_path)
    server.token = ""
    server.shown_file.symlink_to("/dev/full")
    server.start()
    assert publish(server, server_source(), element()).accepted_count == 1
    assert server.stop() == 0
    assert "admin_key_made" in {line["event"] for line in server.log()}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_server_that_cannot_begin_ends_whoever_reads_why(tmp_path: Path, fault: Fault) -> None:
    """Its reason is a line like any other: it exits with code 1, and waits for no reader."""
    # Found out late, beyond the first looks: no folder can be made below a file.
    (tmp_path / "file").touch()
    command = [
        sys.executable,
        "-m",
        "aboveboard_server",
        "serve",
        "--key-dir",
        str(tmp_path / "file" / "keys"),
    ]
    binds = [word for flag in ("--grpc-bind", "--admin-bind", "--http-bind") for word in (flag, ANY_PORT)]
    with fault() as stream:
        done = subprocess.run(
            [*(CLOSING if stream is None else ()), *command, *binds],
            stdout=stream,
            stderr=stream,
            timeout=TIMEOUT,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP], ids=lambda how: how.name)
def test_a_hang_up_drains_unless_it_was_ignored(server: ServerProcess, how: signal.Signals) -> None:
    """As SIGTERM does: the log says so, and the exit code is 0."""
    publish(server, server_source(), element())
    assert server.end(how) == 0
    assert [line["event"] for line in server.log()][-2:] == ["draining", "stopped"]


def test_under_nohup_a_hang_up_is_ignored(tmp_path: Path) -> None:
    """Whoever starts it so wants it to outlive the terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    server = ServerProcess(tmp_path, warm=False)
    try:
        server.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    os.kill(server.pid, signal.SIGHUP)
    assert publish(server, server_source(), element()).accepted_count == 1
    assert server.stop() == 0


def run_into(output: Any, server: ServerProcess, command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose standard output is a file or a descriptor."""
    return subprocess.run(
        [sys.executable, "-m", "aboveboard_server", *command],
        stdout=output,
        stderr=subprocess.PIPE,
        env=os.environ
        | {"ABOVEBOARD_TOKEN": server.token, "ABOVEBOARD_ADMIN_ENDPOINT": server.admin_address},
        check=False,
    )


COMMANDS = [
    ["schema", "dictionary"],
    ["admin", "key", "list"],
    ["admin", "key", "list", "--json"],
    ["--help"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_onto_a_full_disk_says_so_in_one_line(server: ServerProcess, command: list[str]) -> None:
    """Exit code 1, whether its first write fails or its last."""
    admin_json(server, "key", "list")
    with Path("/dev/full").open("wb") as disk:
        done = run_into(disk, server, command)
    text = b"aboveboard: standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, text)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_into_a_closed_pipe_ends_quietly(server: ServerProcess, command: list[str]) -> None:
    """Exit code 1 and no word, whether its first write fails or its last."""
    admin_json(server, "key", "list")
    with gone() as nobody:
        done = run_into(nobody, server, command)
    assert (done.returncode, done.stderr) == (1, b"")
