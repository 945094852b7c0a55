"""Where a client sends: plain text to this machine alone, and nowhere at all where that makes no sense."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.event.v1.ping_pb2 import Ping
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client
from aboveboard_client.endpoint import is_local

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = ServerSource(server_uuid="0195f3d8-7165-11ec-8d28-2641d35f62cd")
LOCAL = [
    "localhost:50051",
    "LOCALHOST:50051",
    "127.0.0.1:1",
    "127.8.9.10:65535",
    "[::1]:50051",
    "[0:0:0:0:0:0:0:1]:50051",
    "[::ffff:127.0.0.1]:50051",
    "unix:/run/aboveboard.sock",
]
ELSEWHERE = [
    "localhost.example.com:443",
    "localhost-telemetry.example.com:443",
    "localhost.:443",
    "127.0.0.1.nip.io:443",
    "127.1:443",
    "127.example.com:443",
    "telemetry.example.com:443",
    "10.0.0.1:443",
    "0.0.0.0:443",
    "[2001:db8::1]:443",
    "[::]:443",
    "aboveboard_service:443",
]
WRONG: list[Any] = [
    "",
    ":443",
    "telemetry.example.com",
    "telemetry.example.com:",
    "telemetry.example.com:0",
    "telemetry.example.com:65536",
    "telemetry.example.com:-1",
    "telemetry.example.com:+443",
    "telemetry.example.com:4 43",
    "telemetry.example.com:https",
    "telemetry.example.com:\u0664\u0664\u0663",
    " telemetry.example.com:443",
    "telemetry.example.com:443\n",
    "telemetry\x00.example.com:443",
    "telemetry.example.com/path:443",
    "https://telemetry.example.com:443",
    "user@telemetry.example.com:443",
    "::1:443",
    "[::1]",
    "[::1:443",
    "[telemetry.example.com]:443",
    "[::1]443",
    "a..b:443",
    "unix:",
    None,
    b"127.0.0.1:443",
    443,
]


@pytest.mark.parametrize("endpoint", LOCAL)
def test_plain_text_is_for_this_machine(endpoint: str) -> None:
    """What is an address of this machine is one, however it is written."""
    assert is_local(endpoint)


@pytest.mark.parametrize("endpoint", ELSEWHERE)
def test_what_only_looks_like_this_machine_gets_tls(endpoint: str, tmp_path: Path) -> None:
    """A name that begins like one of this machine may be anybody's."""
    assert not is_local(endpoint)
    client = Client(endpoint, SOURCE, directory=tmp_path, heartbeat=False)
    assert client._core is not None  # noqa: SLF001  # what it does on the wire is tried with certificates
    assert client._core.parts.settings.tls  # noqa: SLF001  # as above
    client.close(0)


@pytest.mark.parametrize("endpoint", WRONG, ids=repr)
def test_a_bad_endpoint_is_told_once_and_harms_nobody(
    endpoint: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning that names the setting, when the client is made; it stays off, and nothing raises."""
    with caplog.at_level(logging.WARNING, "aboveboard_client"):
        client = Client(endpoint, SOURCE, directory=tmp_path)
        assert not client.record(Ping(event_name="x"))
        client.close(0)
    (told,) = caplog.messages
    assert "endpoint" in told
    assert not any(character in told for character in "\n\0")
    assert not list(tmp_path.iterdir())


def test_a_refusal_is_kept_where_there_is_nowhere_to_send(tmp_path: Path) -> None:
    """A bad endpoint costs what is recorded, and not what the user said; what waits is kept too."""
    good = Client("127.0.0.1:9", SOURCE, directory=tmp_path, heartbeat=False)
    assert good.record(Ping(event_name="x"))
    good.close(0)
    client = Client("nowhere", SOURCE, directory=tmp_path)
    assert len(list(tmp_path.rglob("*.spool"))) == 1
    answer = client.disable(erase_history=True)
    assert (answer.collecting, answer.told) == (False, False)
    assert "endpoint" in answer.problem
    client.close(0)
    good = Client("127.0.0.1:9", SOURCE, directory=tmp_path, heartbeat=False)
    assert not good.collecting
    assert not list(tmp_path.rglob("*.spool"))
    good.close(0)
