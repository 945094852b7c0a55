"""What a server refuses to start with, since everyone on the way could read what is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from tests.support.certificates import Authority
from tests.support.certificates import replace as write

from aboveboard_server.door_settings import TransportSettings
from aboveboard_server.early import refuse_open_doors
from aboveboard_server.errors import StartupError
from aboveboard_server.settings import Settings
from aboveboard_server.tls import Certificates, TlsFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("bind", ["127.0.0.1:0", "127.9.9.9:0", "[::1]:0", "localhost:0"])
def test_loopback_may_be_plain_text(bind: str) -> None:
    """Nobody listens in on this machine's own addresses: no refusal and no warning."""
    with capture_logs() as lines:
        refuse_open_doors(Settings(grpc_bind=bind, admin_bind=bind, http_bind=bind))
    assert not lines


@pytest.mark.parametrize("flag", ["grpc_bind", "admin_bind", "http_bind"])
@pytest.mark.parametrize("bind", ["0.0.0.0:1", "[::]:1", "192.0.2.1:1"])
def test_other_addresses_need_tls_or_an_explicit_word(flag: str, bind: str, tmp_path: Path) -> None:
    """Refused with the flag and the remedy; `--insecure` makes it a warning in the log, TLS makes it good."""
    binds: dict[str, Any] = {flag: bind}
    insecure = Settings(transport=TransportSettings(insecure=True))
    told = f"--{flag.replace('_', '-')}"
    with pytest.raises(StartupError) as refused:
        refuse_open_doors(replace(Settings(), **binds))
    for word in (told, bind, "--tls-cert", "--insecure"):
        assert word in str(refused.value)
    with capture_logs() as lines:
        refuse_open_doors(replace(insecure, **binds))
    assert [(line["log_level"], line["flag"], line["bind"]) for line in lines] == [("warning", told, bind)]
    by_tls = TransportSettings(cert=tmp_path / "cert", key=tmp_path / "key")
    refuse_open_doors(replace(Settings(transport=by_tls), **binds))


def test_a_name_without_an_address() -> None:
    """A host that cannot be resolved is told as such."""
    with pytest.raises(StartupError, match="has no address"):
        refuse_open_doors(Settings(grpc_bind="no-such-host.invalid:1"))


def test_flags_that_do_not_go_together(tmp_path: Path) -> None:
    """A certificate without its key, and an authority of clients without TLS, are refused by name."""
    with pytest.raises(StartupError, match="--tls-cert and --tls-key"):
        TransportSettings(cert=tmp_path)
    with pytest.raises(StartupError, match="--tls-admin-client-ca"):
        TransportSettings(admin_client_ca=tmp_path)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"key.pem": None}, "key.pem: No such file"),
        ({"ca.pem": None}, "ca.pem: No such file"),
        ({"cert.pem": b"garbage"}, "PEM"),
        ({"cert.pem": b""}, "PEM"),
        ({"key.pem": b"\xff\x00"}, "PEM"),
        ({"ca.pem": b"garbage"}, "PEM"),
        ({"ca.pem": b"\xff\x00"}, "PEM"),
        ({"key.pem": Authority().issue("another").key}, "does not belong"),
    ],
)
def test_broken_files_at_the_start(tmp_path: Path, broken: dict[str, bytes | None], told: str) -> None:
    """A start refuses, and says which file is missing or what is wrong; nothing of a file is shown."""
    authority = Authority()
    pair = authority.issue("server")
    files = {"cert.pem": pair.cert, "key.pem": pair.key, "ca.pem": authority.pem} | broken
    for name, data in files.items():
        if data is not None:
            write(tmp_path / name, data)
    with pytest.raises(StartupError, match=told) as refused:
        Certificates(TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"))
    assert "garbage" not in str(refused.value)
