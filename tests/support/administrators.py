"""How tests ask AdminService, through its stub and through its commands."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc

from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ServerProcess


@contextmanager
def admin(server: ServerProcess) -> Iterator[AdminServiceStub]:
    """Connect to a server's administrators' listener."""
    with grpc.insecure_channel(server.admin_address) as channel:
        yield AdminServiceStub(channel)


def run_admin(server: ServerProcess, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run `aboveboard admin …` against a server."""
    command = [sys.executable, "-m", "aboveboard_server", "admin", *arguments]
    done = subprocess.run(
        [*command, "--endpoint", server.admin_address], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or not check, done.stderr
    return done


def admin_json(server: ServerProcess, *arguments: str) -> Any:
    """Run `aboveboard admin … --json` and return what it has printed."""
    return json.loads(run_admin(server, *arguments, "--json").stdout)
