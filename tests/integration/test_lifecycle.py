"""How the service begins, with a clear line where it cannot, and how it ends, without losing a call."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.support.clients import (
    TIMEOUT,
    element,
    held,
    ingest,
    ping,
    publish,
    refusal,
    refusal_of,
    request,
    server_source,
)
from tests.support.server import TOKEN, ServerProcess

from aboveboard.admin.v1 import admin_service_pb2 as admin
from aboveboard.ingest.v1 import ingest_service_pb2
from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard_server.schema import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clients import Refusal

    from aboveboard.telemetry.v1.source_pb2 import Source

ADMIN = admin.DESCRIPTOR.services_by_name["AdminService"]
INGEST = ingest_service_pb2.DESCRIPTOR.services_by_name["IngestService"]
SERVING = health_pb2.HealthCheckResponse.SERVING
AUTHORIZED = [("authorization", f"Bearer {TOKEN}")]
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def aboveboard(folder: Path, *arguments: str) -> tuple[int, str, float]:
    """Run a command that ends by itself; return its exit code, what it said, and its seconds of processor."""
    began = processor_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "aboveboard_server", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        # Whatever is still there after that has begun to serve.
        timeout=15,
        check=False,
    )
    return done.returncode, done.stderr + done.stdout, processor_seconds() - began


def processor_seconds() -> float:
    """Return the processor's time that this test's ended processes have had: no other test is in it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def serve(folder: Path, **flags: str) -> tuple[int, str, float]:
    """Run `serve` where it cannot begin."""
    settings = {
        "database": f"sqlite:///{folder / 'aboveboard.db'}",
        "key_dir": str(folder / "keys"),
        "grpc_bind": "127.0.0.1:0",
        "admin_bind": "127.0.0.1:0",
        "http_bind": "127.0.0.1:0",
    } | flags
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    return aboveboard(folder, "serve", *arguments)


def is_refused_clearly(code: int, said: str, *words: str) -> bool:
    """Say whether a command has failed with a line of ours that holds these words, without a traceback."""
    assert code not in {0, None}
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if line.startswith("aboveboard: ")]
    for word in words:
        assert word in line
    return True


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server leaves that has served, taken one event, and was stopped."""
    server = ServerProcess(tmp_path_factory.mktemp("left") / "behind")
    server.folder.mkdir()
    server.start()
    assert publish(server, server_source(), ping(payload={"a": 1})).accepted_count == 1
    assert server.stop() == 0
    return server.folder


@pytest.fixture
def stopped(left_behind: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of its own that was stopped."""
    folder = shutil.copytree(left_behind, tmp_path / "server", ignore=shutil.ignore_patterns("*.reserve"))
    server = ServerProcess(folder)
    yield server
    server.stop()


# --- a second instance


@pytest.mark.parametrize("what", ["grpc_bind", "admin_bind", "http_bind", "database", "database by a link"])
def test_a_second_instance_ends_within_two_seconds(
    shared_server: ServerProcess, tmp_path: Path, what: str
) -> None:
    """On a port or a file that is taken, another server exits non-zero within 2 s, and says what is taken."""
    link = tmp_path / "link.db"
    link.symlink_to(shared_server.database)
    value, word = {
        "grpc_bind": (shared_server.ingest_address, shared_server.ingest_address),
        "admin_bind": (shared_server.admin_address, shared_server.admin_address),
        "http_bind": (shared_server.http_address, shared_server.http_address),
        "database": (f"sqlite:///{shared_server.database}", str(shared_server.pid)),
        "database by a link": (f"sqlite:///{link}", str(shared_server.pid)),
    }[what]
    flag = what.partition(" ")[0]
    keys = shared_server.folder / "keys" if flag == "database" else tmp_path / "keys"
    code, said, took = serve(tmp_path, **{"key_dir": str(keys), flag: value})
    assert is_refused_clearly(code, said, "in use", word)
    # What it waits for besides, a lock on the file, is half a second.
    assert took < 1.5
    assert publish(shared_server, server_source(), element()).accepted_count == 1


def test_migrate_leaves_a_file_in_use_alone(shared_server: ServerProcess, tmp_path: Path) -> None:
    """`migrate` refuses the database of a running server."""
    code, said, _ = aboveboard(tmp_path, "migrate", "--database", f"sqlite:///{shared_server.database}")
    assert is_refused_clearly(code, said, "in use", str(shared_server.pid))


# --- stopping


def health_of(server: ServerProcess, service: str = "") -> int:
    """Ask once whether a server serves."""
    with grpc.insecure_channel(server.ingest_address) as channel:
        asked = health_pb2.HealthCheckRequest(service=service)
        health: Any = health_pb2_grpc.HealthStub(channel)  # its types lack Check
        return int(health.Check(asked, timeout=TIMEOUT).status)


def test_sigterm_tells_health_first_and_finishes_calls_under_way(server: ServerProcess) -> None:
    """After SIGTERM health is NOT_SERVING while a call under way goes on to its end; the exit code is 0."""
    source = server_source()
    assert health_of(server) == health_of(server, INGEST.full_name) == SERVING
    sent: SimpleQueue[StreamEventsRequest | None] = SimpleQueue()
    with (
        grpc.insecure_channel(server.ingest_address) as watching,
        ingest(server) as stub,
        ThreadPoolExecutor(1) as pool,
    ):
        health: Any = health_pb2_grpc.HealthStub(watching)  # its types lack Watch
        watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        assert next(watch).status == SERVING
        answers = stub.StreamEvents(iter(sent.get, None), timeout=TIMEOUT)
        sent.put(StreamEventsRequest(sequence=1, publish=request(source, [element()])))
        assert next(answers).acknowledged_through == 1
        began = time.monotonic()
        stopping = pool.submit(server.stop)
        assert next(watch).status == NOT_SERVING
        watch.cancel()
        sent.put(StreamEventsRequest(sequence=2, publish=request(source, [element(), element()])))
        assert next(answers).acknowledged_through == 2
        sent.put(None)
        assert not list(answers)
        assert stopping.result(TIMEOUT) == 0
        assert time.monotonic() - began < 20
    assert held(server, source) == {"element_stat": 3}
    assert [line["event"] for line in server.log() if line["event"] != "rpc"] == [
        "serving",
        "draining",
        "stopped",
    ]


def stop_under_load(server: ServerProcess, source: Source) -> tuple[int, list[Refusal]]:
    """Stop a server while 4 clients publish; return how many events were accepted, and how calls ended."""
    begun: SimpleQueue[None] = SimpleQueue()

    def send() -> tuple[int, Refusal]:
        accepted = 0
        with ingest(server) as stub:
            while True:
                events = [element() for _ in range(20)]
                try:
                    response = stub.PublishEvents(request(source, events), timeout=TIMEOUT)
                except grpc.RpcError as error:
                    return accepted, refusal_of(error)
                accepted += response.accepted_count
                begun.put(None)

    with ThreadPoolExecutor(4) as pool:
        senders = [pool.submit(send) for _ in range(4)]
        for _ in range(40):
            begun.get(timeout=TIMEOUT)
        assert server.stop() == 0
        ended = [sender.result() for sender in senders]
    return sum(accepted for accepted, _ in ended), [how for _, how in ended]


def test_sigterm_under_load_loses_nothing(server: ServerProcess) -> None:
    """While 4 clients publish, SIGTERM comes: every acknowledged event is stored, and the exit code is 0."""
    source = server_source()
    accepted, _ = stop_under_load(server, source)
    assert held(server, source)["element_stat"] >= accepted >= 800
    assert server.query("PRAGMA integrity_check") == [("ok",)]


def test_sigterm_tells_late_callers_to_try_again(server: ServerProcess) -> None:
    """A call that comes when the server stops is UNAVAILABLE, which clients retry; never another code."""
    for _ in range(3):
        _, ended = stop_under_load(server, server_source())
        assert {how.code for how in ended} == {grpc.StatusCode.UNAVAILABLE}
        server.start()


@pytest.mark.fault
def test_a_stream_without_end_does_not_hold_the_server(server: ServerProcess) -> None:
    """A client that never ends its stream is told its end in time: the server exits 0 within 20 s."""
    sent: SimpleQueue[StreamEventsRequest | None] = SimpleQueue()
    with ingest(server) as stub:
        answers = stub.StreamEvents(iter(sent.get, None), timeout=60)
        sent.put(StreamEventsRequest(sequence=1, publish=request(server_source(), [element()])))
        assert next(answers).acknowledged_through == 1
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 20
        sent.put(None)
        assert list(answers) == []


# --- who answers what, where


def listed(address: str) -> list[str]:
    """Return the services that reflection tells of."""
    with grpc.insecure_channel(address) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=TIMEOUT, metadata=AUTHORIZED)
        return [service.name for service in answer.list_services_response.service]


def test_reflection_is_for_administrators(shared_server: ServerProcess) -> None:
    """The admin listener tells its services; the public one has no reflection and no AdminService."""
    assert {ADMIN.full_name, INGEST.full_name} <= set(listed(shared_server.admin_address))
    assert refusal(lambda: listed(shared_server.ingest_address)).code is grpc.StatusCode.UNIMPLEMENTED
    path = f"/{ADMIN.full_name}/ListQuarantinedEvents"
    with grpc.insecure_channel(shared_server.ingest_address) as channel:
        call: Any = channel.unary_unary(path, None, None)
        assert refusal(lambda: call(b"", timeout=TIMEOUT)).code is grpc.StatusCode.UNIMPLEMENTED
    with grpc.insecure_channel(shared_server.admin_address) as channel:
        publishing: Any = channel.unary_unary(f"/{INGEST.full_name}/PublishEvents", None, None)
        assert refusal(lambda: publishing(b"", timeout=TIMEOUT)).code is grpc.StatusCode.UNIMPLEMENTED


def test_a_method_of_health_that_nobody_has_written(shared_server: ServerProcess) -> None:
    """It is UNIMPLEMENTED on each listener, and no internal error."""
    for address in (shared_server.ingest_address, shared_server.admin_address):
        with grpc.insecure_channel(address) as channel:
            call: Any = channel.unary_unary("/grpc.health.v1.Health/List", None, None)
            assert refusal(lambda call=call: call(b"", timeout=TIMEOUT)).details.reason == "NOT_IMPLEMENTED"  # type: ignore[misc]  # bound now


def ask(server: ServerProcess, method: str) -> list[bytes]:
    """Send an administrator's empty request."""
    with grpc.insecure_channel(server.admin_address) as channel:
        # A stream of one answer is the same as one answer on the wire.
        call: Any = channel.unary_stream(f"/{ADMIN.full_name}/{method}", None, None)
        return list(call(b"", timeout=TIMEOUT, metadata=AUTHORIZED))


@pytest.mark.parametrize("method", sorted(ADMIN.methods_by_name))
def test_what_is_there_answers(shared_server: ServerProcess, method: str) -> None:
    """Each other RPC answers an empty request, or says which field it lacks."""
    try:
        assert len(ask(shared_server, method)) == 1
    except grpc.RpcError as error:
        answer = refusal_of(error)
        assert (answer.code, answer.details.reason) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "ARGUMENT_INVALID",
        )
        assert answer.details.fields


# --- what it starts with


@pytest.mark.parametrize(
    ("spoil", "lacks"),
    [
        (["ALTER TABLE ping DROP COLUMN payload"], "ping.payload"),
        (["DROP TABLE element_stat", "DROP INDEX ping_by_source"], "element_stat"),
        (
            [
                "DELETE FROM alembic_version",
                *[f"DROP TABLE {table}" for table in sorted(tables.hand_written(tables.import_all()))],
            ],
            "revision 0001",
        ),
    ],
    ids=["column", "table and index", "revision"],
)
def test_an_outdated_database_waits_for_migrate(stopped: ServerProcess, spoil: list[str], lacks: str) -> None:
    """`serve` refuses an outdated database and names `migrate`, which mends it and keeps its rows."""
    with closing(sqlite3.connect(stopped.database)) as database:
        for statement in spoil:
            database.execute(statement)
        database.commit()
    code, said, _ = serve(stopped.folder)
    assert is_refused_clearly(
        code, said, lacks, f"aboveboard migrate --database sqlite:///{stopped.database}"
    )
    for expected in (lacks, "nothing"):
        code, said, _ = aboveboard(stopped.folder, "migrate", "--database", f"sqlite:///{stopped.database}")
        assert code == 0
        assert expected in said
    stopped.start()
    source = server_source()
    sent = publish(stopped, source, element(), ping(payload={"a": 2}))
    assert sent.accepted_count == 2
    assert held(stopped, source) == {"element_stat": 1, "ping": 1}
    assert stopped.query("SELECT count(*) FROM ping") == [(2,)]


def test_a_database_of_a_newer_version(stopped: ServerProcess) -> None:
    """A database that a newer version has migrated is refused with a clear line, by `serve` and `migrate`."""
    with closing(sqlite3.connect(stopped.database)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    code, said, _ = serve(stopped.folder)
    assert is_refused_clearly(code, said, "9999")
    code, said, _ = aboveboard(stopped.folder, "migrate", "--database", f"sqlite:///{stopped.database}")
    assert is_refused_clearly(code, said, "9999")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file that is no SQLite database is refused and left as it is."""
    file = tmp_path / "aboveboard.db"
    file.write_bytes(b"This is no database. " * 500)
    code, said, _ = serve(tmp_path)
    assert is_refused_clearly(code, said, str(file))
    assert file.read_bytes() == b"This is no database. " * 500


def test_keys_that_are_not_the_databases_own(stopped: ServerProcess) -> None:
    """A key directory that has lost a key, or has another database's, is refused, and the key named."""
    others = stopped.folder / "others"
    code, said, _ = serve(stopped.folder, key_dir=str(others))
    assert is_refused_clearly(code, said, "digest", "missing", "--key-dir", str(others))
    assert list(others.iterdir()) == []
    shutil.copy(stopped.folder / "keys" / "digest.key", others)
    (others / "wrapping.key").write_bytes(bytes(32))
    code, said, _ = serve(stopped.folder, key_dir=str(others))
    assert is_refused_clearly(code, said, "wrapping", "not the one", "--key-dir", str(others))
    shutil.copytree(stopped.folder / "keys", others, dirs_exist_ok=True)
    code, said, _ = serve(stopped.folder, grpc_bind="999.0.0.1:0", key_dir=str(others))
    assert is_refused_clearly(code, said, "999.0.0.1")


def test_keys_that_cannot_be_used(stopped: ServerProcess) -> None:
    """A key that was cut off and a key directory that is open to others are refused by their paths."""
    keys = stopped.folder / "keys"
    keys.chmod(0o755)
    assert is_refused_clearly(*serve(stopped.folder)[:2], "chmod 700", str(keys))
    keys.chmod(0o700)
    (keys / "digest.key").write_bytes(b"short")
    assert is_refused_clearly(*serve(stopped.folder)[:2], str(keys / "digest.key"), "5 bytes")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"grpc_bind": "nonsense"}, ["--grpc-bind", "HOST:PORT"]),
        ({"grpc_bind": ":50051"}, ["--grpc-bind", "HOST:PORT"]),
        ({"admin_bind": "127.0.0.1:http"}, ["--admin-bind", "HOST:PORT"]),
        ({"http_bind": "8080"}, ["--http-bind", "HOST:PORT"]),
        ({"http_bind": "192.0.2.1:8080"}, ["192.0.2.1:8080"]),
        ({"grpc_bind": "127.0.0.1:99999"}, ["127.0.0.1:99999"]),
        ({"grpc_bind": "192.0.2.1:50051"}, ["192.0.2.1:50051"]),
        ({"database": "nonsense"}, ["--database"]),
        ({"database": "sqlite://"}, ["--database"]),
        ({"database": "sqlite:////no/such/folder/aboveboard.db"}, ["/no/such/folder"]),
        ({"key_dir": "/dev/null/keys"}, ["/dev/null/keys"]),
        ({"log_level": "nonsense"}, ["--log-level"]),
    ],
    ids=str,
)
def test_a_flag_that_cannot_be_meant(tmp_path: Path, flags: dict[str, str], words: list[str]) -> None:
    """Each bad flag is refused with one clear line that names it or its value."""
    code, said, _ = serve(tmp_path, **flags)
    assert is_refused_clearly(code, said, *words)
