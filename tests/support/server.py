"""A real server in a process of its own, that tests may kill."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlmodel import Session
from tests.support import warm_start

from aboveboard_server import bootstrap
from aboveboard_server.access.first import admin_key
from aboveboard_server.storage import unit_of_work
from aboveboard_server.storage.work import access_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

ANY_PORT = "127.0.0.1:0"
# The secret of each server's first admin key.
TOKEN = "aba_" + "tests" * 8 + "abc"

UNHURRIED = {"ABOVEBOARD_PREFERENCE_RATE_PER_ADDRESS": "0", "ABOVEBOARD_PREFERENCE_RATE": "0"}


@cache
def new_database(token: str) -> bytes:
    """Return a database with this version's schema, and the admin key of a token where one is given.

    Written sooner than a server would make it.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        bootstrap.migrate(f"sqlite:///{file}")
        if token:
            engine = sqlalchemy.create_engine(f"sqlite:///{file}", poolclass=sqlalchemy.pool.NullPool)
            key, act = admin_key(token)
            with Session(engine) as session, session.begin():
                unit_of_work.run(session, access_keys.ensure, (key, act), {"first": False})
        return file.read_bytes()


class ServerProcess:
    """`aboveboard serve` over the files in a folder; may be started again after it ended.

    It begins with an empty database of this version, unless it has an environment or a Python of its own:
    that a server makes one where there is none is for other tests. One that is not `warm`, or has an
    environment of its own, is started as an operator would, with all that it inherits and that others see of
    it; any other is a copy of a process that has loaded it.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
        warm: bool = True,
    ) -> None:
        self.folder = folder
        self.database = folder / "aboveboard.db"
        self.key_dir = folder / "keys"
        self.log_file = folder / "server.log"
        # What it shows its operator.
        self.shown_file = folder / "server.out"
        # The secret of the admin key that it is given; where that is empty it makes one.
        self.token = TOKEN
        self.ingest_address = ""
        self.admin_address = ""
        self.http_address = ""
        self._arguments = arguments
        self._env = env
        self._python = python
        self._warm = warm and env is None
        self._process: warm_start.Started | None = None

    def start(self, grpc_bind: str = ANY_PORT, admin_bind: str = ANY_PORT, http_bind: str = ANY_PORT) -> None:
        """Start, and return when it serves; AssertionError with its log where it does not."""
        if self._env is None and self._python == sys.executable and not self.database.exists():
            self.database.touch(mode=0o600)
            self.database.write_bytes(new_database(self.token))
        offset = self.log_file.stat().st_size if self.log_file.exists() else 0
        # Everyone who tests has the same address; flags of a test's own come first.
        environment = UNHURRIED | {**(os.environ if self._env is None else self._env)}
        if self.token:
            environment["ABOVEBOARD_BOOTSTRAP_TOKEN"] = self.token
        with self.log_file.open("ab") as log, self.shown_file.open("ab") as shown:
            arguments = [
                *("serve", "--database", f"sqlite:///{self.database}"),
                *("--key-dir", str(self.key_dir)),
                *("--grpc-bind", grpc_bind, "--admin-bind", admin_bind),
                *("--http-bind", http_bind),
                *self._arguments,
            ]
            start = warm_start.copy if self._warm and warm_start.is_wanted else warm_start.begin
            self._process = start(self._python, arguments, self.folder, environment, shown, log)
        serving = self._await_serving(offset)
        self.ingest_address, self.admin_address = serving["ingest"], serving["admin"]
        self.http_address = serving["http"]

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to drain, and return its exit code."""
        return self._end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        """Send it a signal that ends it, and return its exit code."""
        return self._end(how)

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def children(self) -> list[int]:
        """The ids of the processes it has started, such as its writer."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read the database as README tells: read-only."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(statement, parameters).fetchall()

    def check_integrity(self) -> None:
        """Have the store look for damage to itself."""
        assert self.query("PRAGMA integrity_check") == [("ok",)]

    def log(self) -> list[dict[str, Any]]:
        """Return the log's lines; every one must be a JSON object."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)
        code = self._process.wait(timeout=25)
        self._process = None
        return code

    def _await_serving(self, offset: int) -> dict[str, Any]:
        assert self._process is not None
        with self.log_file.open() as log:
            log.seek(offset)
            rest = ""
            while True:
                rest += log.readline()
                if rest.endswith("\n"):
                    line = json.loads(rest) if rest.startswith("{") else {}
                    if line.get("event") == "serving":
                        return dict(line)
                    rest = ""
                elif self._process.poll() is not None:
                    raise AssertionError(f"the server ended: {self.log_file.read_text()}")
                else:
                    # Nothing to wait on but the file itself; a start takes about a second.
                    try:
                        self._process.wait(timeout=0.02)
                    except subprocess.TimeoutExpired:
                        continue
