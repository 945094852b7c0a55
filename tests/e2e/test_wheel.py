"""What a user installs is what was tested here."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from tests.support.server import ServerProcess

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_serves_from_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """The wheel with its extra `server`, and nothing else, serves, migrations inside, and takes an event."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin/python")
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[server]", cwd=tmp_path)
    server = ServerProcess(tmp_path, python=python)
    server.start()
    try:
        event = '{"testCaseStat": {"testCaseId": "10", "changeType": "CHANGE_TYPE_CREATE"}}'
        told = run(
            *(str(environment / "bin/aboveboard"), "send", "--endpoint", server.ingest_address),
            *("--server", "0195f3d8-7165-11ec-8d28-2641d35f62cd", event),
            cwd=tmp_path,
        )
        assert "ACCEPTED" in told
        assert server.query("SELECT test_case_id, change_type FROM test_case_stat") == [("10", "CREATE")]
    finally:
        assert server.stop() == 0
    dictionary = run(str(environment / "bin/aboveboard"), "schema", "dictionary", cwd=tmp_path)
    assert "test_case_stat" in dictionary


def test_the_stubs_alone_need_no_server_package(wheel: Path, tmp_path: Path) -> None:
    """The wheel alone is stubs and their runtime: none of it imports what the server needs."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin/python")
    run(python, "-m", "pip", "install", "--quiet", str(wheel), cwd=tmp_path)
    run(
        python,
        "-c",
        "from aboveboard.ingest.v1 import ingest_service_pb2_grpc, ingest_service_pb2\n"
        "from aboveboard.admin.v1 import admin_service_pb2_grpc\n"
        "ingest_service_pb2.PublishEventsRequest().events.add(event_id='x')",
        cwd=tmp_path,
    )
    installed = run(python, "-m", "pip", "list", "--format=freeze", cwd=tmp_path).lower()
    assert "sqlmodel" not in installed
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "aboveboard_server/storage/migrations/versions/0001_create_hand_written_tables.py" in names
    scripts = ("sdk.js", "refusals.js", "tools.js", "sdk.d.ts")
    files = (*(f"static/{name}" for name in scripts), "templates/dictionary.html", "templates/dictionary.css")
    assert {f"aboveboard_server/http_edge/{name}" for name in files} <= set(names)
    assert not [name for name in names if name.startswith("tests/")]
