"""How commands reach a server: in plain text on this machine, by TLS anywhere else."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import grpc
import typer

from aboveboard_server.addresses import is_loopback
from aboveboard_server.errors import StartupError

# What grpc itself takes of one answer.
MAX_ANSWER_BYTES = 4 * 1024 * 1024

Ca = Annotated[
    Path | None,
    typer.Option(
        "--ca", envvar="ABOVEBOARD_CA", help="Who vouches for the server, PEM; the public ones if not given."
    ),
]
Cert = Annotated[
    Path | None,
    typer.Option("--cert", envvar="ABOVEBOARD_CERT", help="The certificate to show the server, PEM."),
]
CertKey = Annotated[
    Path | None, typer.Option("--cert-key", envvar="ABOVEBOARD_CERT_KEY", help="The certificate's key, PEM.")
]
Plaintext = Annotated[
    bool,
    typer.Option(
        "--plaintext", envvar="ABOVEBOARD_PLAINTEXT", help="Use no TLS, though the server is elsewhere."
    ),
]


@dataclass(frozen=True, slots=True)
class Security:
    """What a command was told of the way to a server. A usage error where it does not go together."""

    ca: Path | None = None
    cert: Path | None = None
    cert_key: Path | None = None
    plaintext: bool = False

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.cert_key is None):
            raise typer.BadParameter("give both or neither", param_hint="--cert, --cert-key")
        if self.plaintext and (self.ca or self.cert):
            raise typer.BadParameter("goes with none of --ca, --cert, --cert-key", param_hint="--plaintext")

    def channel(self, endpoint: str, max_answer_bytes: int = MAX_ANSWER_BYTES) -> grpc.Channel:
        """Connect to HOST:PORT: by TLS where a certificate is named, or where it is not this machine's."""
        here = _is_here(endpoint)
        options = [("grpc.max_receive_message_length", max_answer_bytes)]
        if here:
            # A proxy named in the environment (http_proxy and the like) does not reach this machine.
            options.append(("grpc.enable_http_proxy", 0))
        if self.plaintext or not (self.ca or self.cert or not here):
            return grpc.insecure_channel(endpoint, options)
        credentials = grpc.ssl_channel_credentials(_read(self.ca), _read(self.cert_key), _read(self.cert))
        return grpc.secure_channel(endpoint, credentials, options)


# How the commands of a group reach their server: what stands before a command's name is told here.
of_group = ContextVar("of_group", default=Security())  # noqa: B039  # frozen


def _is_here(endpoint: str) -> bool:
    try:
        return endpoint.startswith("unix:") or is_loopback(endpoint)
    except StartupError:
        # Whatever it names, it is not this machine.
        return False


def _read(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error
