"""The secrets that commands show a server: from the environment or a file, since everyone sees arguments."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import grpc
import typer

from aboveboard_server.characters import fault_of_secret

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN, WRITE_KEY = "ABOVEBOARD_TOKEN", "ABOVEBOARD_WRITE_KEY"
MISSING = (
    f"no admin key: set {TOKEN} to its secret, or name a file with it: `aboveboard admin --token-file`. "
    "`aboveboard serve` shows the first one when it makes it"
)

TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="ABOVEBOARD_TOKEN_FILE",
        help=f"A file that holds the secret of your admin key. Without it {TOKEN} holds it.",
    ),
]
# The file that the command's `--token-file` names.
TOKEN_FILE: ContextVar[Path | None] = ContextVar("TOKEN_FILE", default=None)
WriteKeyFile = Annotated[
    Path | None,
    typer.Option(
        envvar="ABOVEBOARD_WRITE_KEY_FILE",
        help=f"A file that holds the secret of a write key. Without it {WRITE_KEY} may hold it.",
    ),
]


def admin_token() -> str:
    """Return the secret of the operator's admin key; one line on stderr, exit code 1 where there is none."""
    file = TOKEN_FILE.get()
    token = _read(file) if file else _from_environment(TOKEN)
    return token or _end(MISSING)


def write_key(file: Path | None) -> str:
    """Return the secret of a write key, "" where none is given."""
    return _read(file) if file else _from_environment(WRITE_KEY)


def with_token(channel: grpc.Channel, secret: str) -> grpc.Channel:
    """Return a channel whose calls all show a secret; the channel itself where there is none."""
    return grpc.intercept_channel(channel, _Bearer(secret)) if secret else channel


class _Bearer(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def __init__(self, secret: str) -> None:
        self._entry = ("authorization", f"Bearer {secret}")

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Show the secret with a call."""
        return continuation(self._with_secret(details), request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Show the secret with a call."""
        return continuation(self._with_secret(details), request)

    def _with_secret(self, details: Any) -> Any:
        return details._replace(metadata=[*(details.metadata or ()), self._entry])


def _from_environment(variable: str) -> str:
    return _checked(os.environ.get(variable, ""), variable)


def _checked(secret: str, name: str) -> str:
    why = fault_of_secret(secret)
    return _end(f"{name}: {why}") if why else secret


def _read(file: Path) -> str:
    try:
        return _checked(file.read_text(encoding="utf-8").strip(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        return _end(f"{file}: {getattr(error, 'strerror', None) or 'not a text'}")


def _end(text: str) -> str:
    sys.stderr.write(f"aboveboard: {text}\n")
    raise typer.Exit(1)
