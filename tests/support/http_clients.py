"""What tests send over HTTP, and how they read what is answered."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from tests.support.clients import TIMEOUT, new_id

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.server import ServerProcess

JSON = "application/json"
TEXT = "text/plain;charset=UTF-8"
PROTOBUF = "application/x-protobuf"
EVENTS = "/v1/events"
STATUS = "/v1/status"
PREFERENCE = "/v1/preference"


@dataclass(frozen=True)
class HttpAnswer:
    """One answer, and everything of it that the client gets to see."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def published(self) -> PublishEventsResponse:
        return json_format.Parse(self.body, PublishEventsResponse())

    @property
    def seen(self) -> str:
        return f"{self.status} {self.headers} {self.text}"


def call(  # noqa: PLR0913  # what a request is made of
    server: ServerProcess,
    method: str,
    path: str,
    body: bytes | str | Iterable[bytes] | None = None,
    content_type: str | None = None,
    *,
    accept: str | None = None,
    **headers: str,
) -> HttpAnswer:
    """Make one request on a connection of its own. An iterable body is sent chunked."""
    named = {"Content-Type": content_type, "Accept": accept} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    with closing(http.client.HTTPConnection(server.http_address, timeout=TIMEOUT)) as connection:
        connection.request(
            method,
            path,
            body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body,
            {name: value for name, value in named.items() if value is not None},
            encode_chunked=not isinstance(body, bytes | str | None),
        )
        answer = connection.getresponse()
        named_back = {name.lower(): value for name, value in answer.getheaders()}
        return HttpAnswer(answer.status, named_back, answer.read())


def post(
    server: ServerProcess, path: str, document: Any, content_type: str = JSON, accept: str | None = JSON
) -> HttpAnswer:
    """Post a document as JSON, or a text or bytes as they are."""
    body = document if isinstance(document, str | bytes) else json.dumps(document)
    return call(server, "POST", path, body, content_type, accept=accept)


def exchange(server: ServerProcess, data: bytes | Iterator[bytes]) -> bytes:
    """Send bytes as they are, and return all that comes back until the server closes the connection."""
    host, port = server.http_address.rsplit(":", 1)
    received = b""
    with socket.create_connection((host, int(port)), timeout=TIMEOUT) as connection:
        try:
            for part in [data] if isinstance(data, bytes) else data:
                connection.sendall(part)
            while part := connection.recv(65536):
                received += part
        except (ConnectionResetError, BrokenPipeError):
            # Cut off while sending.
            pass
    return received


def server_json(server_uuid: str) -> dict[str, Any]:
    """Return an anonymous server as a Source in ProtoJSON."""
    return {"server": {"serverUuid": server_uuid}}


def element_json(event_id: str = "", **fields: Any) -> dict[str, Any]:
    """Return a good event in ProtoJSON; `fields` replace those of its envelope."""
    return {
        "eventId": event_id or new_id(),
        "occurredAt": "2026-07-13T12:00:00.250Z",
        "elementStat": {"elementId": "10", "changeType": "CHANGE_TYPE_CREATE"},
        **fields,
    }


def ping_json(payload: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a good ping in ProtoJSON."""
    event = element_json(ping={"eventName": "Started", "payload": payload}, **fields)
    del event["elementStat"]
    return event


def request_json(source: dict[str, Any], *events: Any, **fields: Any) -> dict[str, Any]:
    """Return a PublishEventsRequest in ProtoJSON."""
    return {"source": source, "events": list(events), **fields}
