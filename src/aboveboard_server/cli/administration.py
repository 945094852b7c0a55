"""What every `aboveboard admin …` command has in common: where it asks, and how it shows an answer."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer
from google.protobuf.json_format import MessageToJson
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aboveboard.admin.v1 import admin_service_pb2_grpc as stubs
from aboveboard_server.cli.connection import of_group
from aboveboard_server.cli.credentials import admin_token, with_token
from aboveboard_server.cli.errors import one_line, readable_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from google.protobuf.message import Message

ENDPOINT = "127.0.0.1:50052"
# What the server caps a page at.
PAGE = 1_000
# Columns of a table that goes to a file or through a pipe: nothing of it is cut off.
WIDE = 400

Endpoint = Annotated[
    str, typer.Option(envvar="ABOVEBOARD_ADMIN_ENDPOINT", help="The administrators' listener, HOST:PORT.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for machines.")]
Reference = Annotated[
    str,
    typer.Option(
        help="Your own mark, such as a ticket number; it must not name the subject:"
        " it is kept in clear, an opt-out's in the journal too."
    ),
]


class PageRequest(Protocol):
    """A request for one page of a list."""

    page_size: int
    page_token: str


class Page(Protocol):
    """One page of a list."""

    next_page_token: str


Asked = TypeVar("Asked", bound=PageRequest)
Answered = TypeVar("Answered", bound=Page)


@contextmanager
def administrators(endpoint: str) -> Iterator[stubs.AdminServiceStub]:
    """Connect to AdminService with the operator's token; a refusal is one line on stderr and exit code 1."""
    token = admin_token()
    with readable_errors(endpoint), of_group.get().channel(endpoint) as channel:
        yield stubs.AdminServiceStub(with_token(channel, token))


def pages(rpc: Callable[[Asked], Answered], request: Asked) -> Iterator[Answered]:
    """Ask for one page of a list after the other."""
    request.page_size = PAGE
    while True:
        page = rpc(request)
        yield page
        request.page_token = page.next_page_token
        if not request.page_token:
            return


def whole_list(rpc: Callable[[Asked], Answered], request: Asked) -> Answered:
    """Ask for all pages of a list, and return them as one."""
    first, *rest = pages(rpc, request)
    whole: Any = first
    for page in rest:
        whole.MergeFrom(page)
    whole.next_page_token = ""
    return first


def print_json(message: Message) -> None:
    """Print a message as ProtoJSON, fields that hold their default included."""
    typer.echo(MessageToJson(message, always_print_fields_with_no_presence=True))


def print_table(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table, times in UTC. What a server sent can neither steer the terminal nor mark it up."""
    table = Table(*headers)
    for row in rows:
        table.add_row(*(escape(one_line(_text(value))) for value in row))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def time_text(time: Timestamp) -> str:
    """Write a time in UTC, to the second; empty where there is none."""
    if not (time.seconds or time.nanos):
        return ""
    return f"{datetime.fromtimestamp(time.seconds, UTC):%Y-%m-%d %H:%M:%S}"


def _text(value: object) -> str:
    if isinstance(value, Timestamp):
        return time_text(value)
    return value.hex() if isinstance(value, bytes) else str(value)
