"""How a client of each language is built and run, and what it is given."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.filled import fill
from tests.support import missing

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.server import ServerProcess

FOLDER = Path(__file__).parent
ARMS = EventEnvelope.DESCRIPTOR.oneofs_by_name["event"].fields
FROM_A_NEWER_CLIENT = 99
# What depends on when a client ran. Everything else must be equal.
CLOCK = {"serverTime", "receivedAt", "received_at", "first_seen_at", "last_seen_at"}


@dataclass(frozen=True)
class Language:
    """The tools that a client needs, and the commands that build and run it, in its own folder."""

    tools: Sequence[str]
    build: Sequence[Sequence[str]]
    run: Sequence[str]


LANGUAGES = {
    "python": Language((), (), (sys.executable, "client.py")),
    "go": Language(("go",), [("go", "build", "-o", "target/conformance", ".")], ("target/conformance",)),
    "java": Language(
        ("mvn", "java"),
        [("mvn", "--batch-mode", "--quiet", "package")],
        ("java", "-cp", "client/target/classes:client/target/lib/*", "Conformance"),
    ),
    "typescript": Language(
        ("node", "npm"),
        [("npm", "ci", "--silent", "--prefer-offline"), ("npm", "run", "build")],
        ("node", "target/client.js"),
    ),
    "rust": Language(("cargo",), [("cargo", "build", "--quiet")], ("target/debug/aboveboard-conformance",)),
}


@dataclass(frozen=True)
class Conversation:
    """What a client saw, step by step, and the rows that it left: by table, in order of arrival."""

    saw: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]


def require(language: str) -> None:
    """Skip where a tool is missing; in CI, fail."""
    lacking = ", ".join(tool for tool in LANGUAGES[language].tools if shutil.which(tool) is None)
    if lacking:
        missing.skip(f"{language}: {lacking} not installed")


def build(language: str) -> None:
    """Build a client; its tools keep what has not changed."""
    for command in LANGUAGES[language].build:
        run(FOLDER / language, *command)


def converse(language: str, server: ServerProcess, request_file: Path, schema_file: Path) -> Conversation:
    """Let a client that is built talk to a server that nobody has talked to yet."""
    given = (server.ingest_address, server.admin_address, str(request_file), str(schema_file))
    saw = json.loads(run(FOLDER / language, *LANGUAGES[language].run, *given))
    saw["stream"] = summed(saw["stream"])
    return Conversation(without_clock(saw), rows(server))


def run(folder: Path, *command: str) -> str:
    """Run a command, and return what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def every_type() -> PublishEventsRequest:
    """Return one event of every type, each field set; its source is an anonymous server."""
    request = PublishEventsRequest()
    request.source.MergeFrom(fill(Source.DESCRIPTOR))  # type: ignore[arg-type]  # fill makes any message
    for arm in ARMS:
        event = fill(EventEnvelope.DESCRIPTOR, only=[arm])
        request.events.append(event)  # type: ignore[arg-type]
        request.events[-1].event_id = f"0190a3f2-7c1e-7d3a-9b51-{arm.number:012x}"
    return request


def element(number: int) -> EventEnvelope:
    """Return the element that every client makes of a number."""
    event = EventEnvelope(event_id=f"0190a3f2-7c1e-7d3a-9b52-{number:012x}")
    event.occurred_at.seconds = 1_783_944_000 + number
    event.element_stat.element_id = f"element {number}"
    event.element_stat.change_type = CHANGE_TYPE_CREATE
    return event


def summed(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a stream's answers as one: how many requests one acknowledges is the server's choice."""
    return answers[-1] | {"acceptedCount": sum(answer["acceptedCount"] for answer in answers)}


def without_clock(value: Any) -> Any:
    """Leave out what depends on when it was said, at every depth."""
    if isinstance(value, dict):
        return {key: without_clock(held) for key, held in value.items() if key not in CLOCK}
    return [without_clock(held) for held in value] if isinstance(value, list) else value


def rows(server: ServerProcess) -> dict[str, list[dict[str, Any]]]:
    """Read every column of every table that a client's events reach."""
    held = {}
    for table in ("source", QUARANTINE, *(arm.name for arm in ARMS)):
        columns = [name for (name,) in server.query("SELECT name FROM pragma_table_info(?)", table)]
        found = server.query(f"SELECT * FROM {table} ORDER BY rowid")
        held[table] = [without_clock(dict(zip(columns, row, strict=True))) for row in found]
    for row in held["ping"]:
        # A map has no order: each language writes the keys as it likes.
        row["payload"] = json.loads(row["payload"])
    return held
