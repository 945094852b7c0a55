"""A server behind TLS, and who may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.certificates import Authority, Pair
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Seconds: the least that may be asked for, so that connections of a test grow old.
AGE = 5


@dataclass
class Secured:
    """A server with TLS on every listener, whose administrators must show a certificate."""

    server: ServerProcess
    folder: Path
    # Who vouches for the server, and for administrators.
    authority: Authority
    administrators: Authority
    administrator: Pair

    @property
    def ca(self) -> Path:
        """The file of who vouches for the server."""
        return self.folder / "ca.pem"

    def channel(self, address: str, shown: Pair | None = None) -> grpc.Channel:
        """Connect by TLS, over a connection of its own."""
        credentials = grpc.ssl_channel_credentials(
            self.authority.pem, shown.key if shown else None, shown.cert if shown else None
        )
        return grpc.secure_channel(address, credentials, [("grpc.use_local_subchannel_pool", 1)])


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A server that the tests here share; whoever changes its files puts them back."""
    folder = tmp_path_factory.mktemp("secured")
    authority, administrators = Authority("servers"), Authority("administrators")
    authority.write(folder, "ca")
    cert, key = authority.issue("server").write(folder, "server")
    administrator = administrators.issue("administrator")
    administrator.write(folder, "administrator")
    process = ServerProcess(
        folder,
        *("--tls-cert", str(cert), "--tls-key", str(key), "--max-connection-age", str(AGE)),
        *("--tls-admin-client-ca", str(administrators.write(folder, "admin-ca"))),
    )
    process.start()
    yield Secured(process, folder, authority, administrators, administrator)
    process.stop()
