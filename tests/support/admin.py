"""How tests ask AdminService: through its stub, and through the commands that operators use."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
from typer.testing import CliRunner

from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub
from aboveboard_server.cli.app import app
from aboveboard_server.cli.credentials import with_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ServerProcess
    from typer.testing import Result


@contextmanager
def admin(server: ServerProcess, token: str = "") -> Iterator[AdminServiceStub]:
    """Connect to a server's administrators' listener, with its first admin key unless another is given."""
    with grpc.insecure_channel(server.admin_address) as channel:
        yield AdminServiceStub(with_token(channel, token or server.token))


def run_admin(server: ServerProcess, *arguments: str, code: int = 0) -> Result:
    """Run `aboveboard admin …` against a server, in this process: starting one costs a second."""
    done = CliRunner().invoke(app, ["admin", *arguments, "--endpoint", server.admin_address])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


def admin_json(server: ServerProcess, *arguments: str) -> Any:
    """Run `aboveboard admin … --json` and return what it has printed."""
    return json.loads(run_admin(server, *arguments, "--json").stdout)
