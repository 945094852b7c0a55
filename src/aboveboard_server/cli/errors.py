"""Shows what a server answered in one clear line instead of a traceback; for every command that calls one."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import grpc
import typer
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

DETAILS_KEY = "grpc-status-details-bin"
# What to try, by what grpc says where the two sides do not agree on TLS.
TLS_HINTS = {
    "CERTIFICATE_VERIFY_FAILED": " (who vouches for the server's certificate is told with --ca)",
    "Socket closed": " (if it speaks TLS, name who vouches for it with --ca)",
}
M = TypeVar("M", bound="Message")


@dataclass(frozen=True)
class ErrorDetails:
    """What a gRPC error says beside its code and its message; empty where it says nothing."""

    reason: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    retry_seconds: float | None = None


@contextmanager
def readable_errors(endpoint: str = "") -> Iterator[None]:
    """Turn a gRPC error into one line on stderr and exit code 1.

    Stands around the calls of a command, as a context manager or as a decorator; `endpoint` is named where
    nobody answers there.
    """
    try:
        yield
    except grpc.RpcError as error:
        sys.stderr.write(f"aboveboard: {describe(error, endpoint)}\n")
        raise typer.Exit(1) from None


def describe(error: grpc.RpcError, endpoint: str = "") -> str:
    """Say in one line what went wrong: code, reason, message, the fields at fault and when to try again."""
    if not isinstance(error, grpc.Call):
        return one_line(f"the call failed: {error}")
    code, message, details = error.code().name, error.details() or "", read_details(error)
    if error.code() is grpc.StatusCode.UNAVAILABLE and not details.reason:
        return one_line(f"no server answers at {endpoint or 'the endpoint'}: {_root_cause(message)}")
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and not details.reason:
        return one_line(f"{endpoint or 'the server'} did not answer in time")
    faults = [f"{field}: {text}" for field, text in details.fields if f"{field}: {text}" not in message]
    parts = [part for part in (message, *faults) if part]
    line = f"{code}{f' ({details.reason})' if details.reason else ''}: {'; '.join(parts) or 'no message'}"
    if details.retry_seconds is not None:
        line += f" (try again in {details.retry_seconds:g} s)"
    return one_line(line)


def read_details(error: grpc.RpcError) -> ErrorDetails:
    """Read the google.rpc.Status that a gRPC error carries in its trailing metadata."""
    if not isinstance(error, grpc.Call):
        return ErrorDetails()
    status = status_pb2.Status()
    try:
        for key, value in error.trailing_metadata() or ():
            if key == DETAILS_KEY and isinstance(value, bytes):
                status.MergeFromString(value)
        info = _unpack(status, error_details_pb2.ErrorInfo())
        bad_request = _unpack(status, error_details_pb2.BadRequest())
        retry = _unpack(status, error_details_pb2.RetryInfo())
    except DecodeError:
        return ErrorDetails()
    return ErrorDetails(
        reason=info.reason if info else "",
        fields=tuple((fault.field, fault.description) for fault in bad_request.field_violations)
        if bad_request
        else (),
        retry_seconds=retry.retry_delay.ToTimedelta().total_seconds() if retry else None,
    )


def _unpack(status: status_pb2.Status, into: M) -> M | None:
    return next((into for detail in status.details if detail.Unpack(into)), None)


def _root_cause(message: str) -> str:
    """Cut the last and plainest part out of what grpc says: `Connection refused (111)`."""
    cause = message.rpartition(": ")[2] or "no connection"
    return cause + next((hint for sign, hint in TLS_HINTS.items() if sign in message), "")


def one_line(text: str) -> str:
    """Keep what a terminal shows on one line: what a server sends cannot steer it."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
