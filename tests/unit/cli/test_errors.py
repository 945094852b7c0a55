"""What a command shows when a server refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import typer
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2

from aboveboard_server.cli.errors import describe, read_details, readable_errors

if TYPE_CHECKING:
    from google.protobuf.message import Message


class Refusal(grpc.GenericRpcHandler):
    """A server's answer to every call: that code, that message, those details."""

    def __init__(self, code: grpc.StatusCode, message: str, status: bytes) -> None:
        self._code, self._message, self._status = code, message, status

    def service(self, _call: object) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._refuse)

    def _refuse(self, _request: bytes, context: Any) -> bytes:
        context.set_trailing_metadata((("x-other", "1"), ("grpc-status-details-bin", self._status)))
        context.set_code(self._code)
        context.set_details(self._message)
        return b""


def refusal(
    code: grpc.StatusCode, message: str, *details: Message, raw: bytes | None = None
) -> grpc.RpcError:
    """Let a real server refuse a real call, and return the error that its client sees."""
    status = status_pb2.Status()
    for detail in details:
        status.details.add().Pack(detail)
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers(
            [Refusal(code, message, status.SerializeToString() if raw is None else raw)]
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with pytest.raises(grpc.RpcError) as raised, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call(channel)
        server.stop(None).wait()
    return raised.value


def call(channel: grpc.Channel) -> None:
    method: Any = channel.unary_unary("/x/Y")
    method(b"", timeout=10)


INVALID = grpc.StatusCode.INVALID_ARGUMENT
SOURCE_MISSING = error_details_pb2.ErrorInfo(reason="SOURCE_MISSING", domain="aboveboard")


def bad_request(field: str, description: str) -> error_details_pb2.BadRequest:
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
    return error_details_pb2.BadRequest(field_violations=[violation])


def test_code_reason_and_field_are_named_once() -> None:
    """What the message says already is not repeated from BadRequest."""
    error = refusal(INVALID, "source: required", SOURCE_MISSING, bad_request("source", "required"))
    assert describe(error) == "INVALID_ARGUMENT (SOURCE_MISSING): source: required"


def test_a_field_that_the_message_leaves_out_is_added() -> None:
    """Each field at fault is shown."""
    error = refusal(INVALID, "bad source", SOURCE_MISSING, bad_request("source.x", "too long"))
    assert describe(error) == "INVALID_ARGUMENT (SOURCE_MISSING): bad source; source.x: too long"


def test_the_delay_until_a_retry_is_shown() -> None:
    """RetryInfo is told in seconds."""
    info = error_details_pb2.ErrorInfo(reason="STORE_UNAVAILABLE")
    retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2))
    error = refusal(grpc.StatusCode.UNAVAILABLE, "the store is not available", info, retry)
    assert describe(error) == "UNAVAILABLE (STORE_UNAVAILABLE): the store is not available (try again in 2 s)"
    assert read_details(error).retry_seconds == 2


def test_what_a_server_sends_cannot_steer_the_terminal() -> None:
    """Line breaks and escape sequences are gone."""
    assert describe(refusal(INVALID, "a\n\x1b[31mb")) == "INVALID_ARGUMENT: a [31mb"


def test_details_that_cannot_be_read_are_left_out() -> None:
    """A broken google.rpc.Status hides neither code nor message."""
    assert describe(refusal(INVALID, "text", raw=b"\xff\xff")) == "INVALID_ARGUMENT: text"


def test_a_refused_connection_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody listens: the endpoint is named, and there is no traceback."""
    with (
        pytest.raises(typer.Exit) as leaving,
        readable_errors("127.0.0.1:1"),
        grpc.insecure_channel("127.0.0.1:1") as channel,
    ):
        call(channel)
    assert leaving.value.exit_code == 1
    shown = capsys.readouterr().err
    assert shown.startswith("aboveboard: no server answers at 127.0.0.1:1: ")
    assert shown.count("\n") == 1
