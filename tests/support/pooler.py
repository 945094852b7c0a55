"""A real PgBouncer before a PostgreSQL of the tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import missing

from aboveboard_server.storage.address import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds in which it begins to listen.
READY_SECONDS = 20
CONFIGURATION = """
[databases]
* = host={host} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {round_robin}
logfile = {folder}/pgbouncer.log
"""


@contextmanager
def pooled(url: str, mode: str, *, size: int = 20, round_robin: bool = False) -> Iterator[str]:
    """Start one in a pool mode, and yield the URL that goes through it; skip the test where there is none."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing.skip("no PgBouncer: .ci/install-tools installs Debian's")
    parsed = database_url(url)
    with tempfile.TemporaryDirectory(prefix="aboveboard-pooler-", dir=tempfile.gettempdir()) as made:
        folder = Path(made)
        port = _free_port()
        text = CONFIGURATION.format(
            host=parsed.query["host"],
            port=port,
            mode=mode,
            size=size,
            round_robin=int(round_robin),
            folder=folder,
        )
        (folder / "pgbouncer.ini").write_text(text)
        owner = None
        if os.geteuid() == 0:
            # It does not run as root, and nobody but PostgreSQL's own user reaches its socket.
            state = Path(str(parsed.query["host"])).stat()
            owner = (state.st_uid, state.st_gid)
            os.chown(folder, *owner)
        process = subprocess.Popen(
            [program, "--quiet", str(folder / "pgbouncer.ini")],
            user=owner[0] if owner else None,
            group=owner[1] if owner else None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await_port(port, process)
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/{parsed.database}"
        finally:
            process.terminate()
            try:
                process.wait(READY_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert process.poll() is None, "PgBouncer has ended"
        assert time.monotonic() < deadline, "PgBouncer does not listen"
        time.sleep(0.02)
