"""TLS on every listener, certificates of administrators, and renewal without a restart."""

from __future__ import annotations

import hashlib
import socket
import ssl
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.support.certificates import Authority, replace
from tests.support.clients import TIMEOUT, element, held, request, server_source
from tests.support.hosts import QUICK
from tests.support.server import TOKEN
from typer.testing import CliRunner

from aboveboard.admin.v1 import admin_service_pb2_grpc, audit_pb2
from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client
from aboveboard_server.cli.app import app
from aboveboard_server.cli.credentials import with_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.doors.conftest import Secured
    from tests.support.certificates import Pair
    from typer.testing import Result

EVENT = '{"elementStat": {"elementId": "10", "changeType": "CHANGE_TYPE_CREATE"}}'


def addresses(secured: Secured) -> list[str]:
    server = secured.server
    return [server.ingest_address, server.admin_address, server.http_address]


def served(secured: Secured, address: str, **limits: Any) -> str:
    """Return the digest of the certificate that a listener shows; ssl.SSLError where none is agreed on."""
    host, _, port = address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(secured.folder / "administrator.pem", secured.folder / "administrator-key.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2", "http/1.1"])
    for name, value in limits.items():
        setattr(context, name, value)
    with socket.create_connection((host, int(port)), TIMEOUT) as plain, context.wrap_socket(plain) as agreed:
        return hashlib.sha256(agreed.getpeercert(binary_form=True) or b"").hexdigest()


def digest(pair: Pair) -> str:
    cert = x509.load_pem_x509_certificate(pair.cert)
    return hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).hexdigest()


def list_audit_entries(channel: grpc.Channel) -> None:
    stub = admin_service_pb2_grpc.AdminServiceStub(with_token(channel, TOKEN))
    stub.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(), timeout=TIMEOUT)


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner(env={"ABOVEBOARD_TOKEN": TOKEN}).invoke(app, list(arguments))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_every_listener_speaks_tls_and_nothing_older_than_1_2(secured: Secured) -> None:
    """Each shows the certificate by TLS 1.2 and 1.3; 1.1 and plain text get no answer."""
    shown = {
        served(secured, address, maximum_version=version)
        for address in addresses(secured)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    }
    assert len(shown) == 1
    for address in addresses(secured):
        with pytest.raises(OSError):  # noqa: PT011  # the system's own, whichever way it is broken off
            served(
                secured,
                address,
                minimum_version=ssl.TLSVersion.TLSv1_1,
                maximum_version=ssl.TLSVersion.TLSv1_1,
            )
    with grpc.insecure_channel(secured.server.ingest_address) as channel, pytest.raises(grpc.RpcError):
        IngestServiceStub(channel).PublishEvents(request(server_source(), [element()]), timeout=TIMEOUT)
    with pytest.raises(OSError):  # noqa: PT011  # as above
        urlopen(f"http://{secured.server.http_address}/healthz", timeout=TIMEOUT)


def test_events_come_in_by_tls(secured: Secured) -> None:
    """A caller that trusts the authority publishes, by gRPC and over HTTP; one that does not is left out."""
    source = server_source()
    with secured.channel(secured.server.ingest_address) as channel:
        answer = IngestServiceStub(channel).PublishEvents(request(source, [element()]), timeout=TIMEOUT)
    assert answer.accepted_count == 1
    context = ssl.create_default_context(cadata=secured.authority.pem.decode())
    url = f"https://{secured.server.http_address}/readyz"
    assert urlopen(url, timeout=TIMEOUT, context=context).read() == b"ready\n"
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urlopen(url, timeout=TIMEOUT, context=ssl.create_default_context())


def test_administrators_show_a_certificate(secured: Secured) -> None:
    """Without one, with a stranger's, and with one of the server's own authority nobody gets in."""
    address = secured.server.admin_address
    with secured.channel(address, secured.administrator) as channel:
        list_audit_entries(channel)
    strangers = [None, Authority("administrators").issue("administrator"), secured.authority.issue("server")]
    for stranger in strangers:
        with secured.channel(address, stranger) as channel, pytest.raises(grpc.RpcError):
            list_audit_entries(channel)


def test_the_sdk_comes_in_by_tls(secured: Secured, tmp_path: Path) -> None:
    """The SDK delivers with the authority it is given, and without it nothing."""
    source = ServerSource(server_uuid=str(uuid.uuid4()), solution="host")
    for name, roots, arrives in (("trusts", secured.authority.pem, True), ("does not", None, False)):
        with Client(
            secured.server.ingest_address,
            source,
            directory=tmp_path / name,
            heartbeat=False,
            tls=True,
            root_certificates=roots,
            timing=QUICK,
        ) as client:
            assert client.record(ElementStat(element_id="1", change_type=CHANGE_TYPE_CREATE))
            assert client.flush(TIMEOUT) is arrives
            client.close(0)
    query = server_source(source.server_uuid, solution="host")
    assert held(secured.server, query) == {"element_stat": 1}


def test_commands_come_in_by_tls(secured: Secured) -> None:
    """`send`, `demo` and `admin` take the authority and a certificate; what is wrong is told in one line."""
    server = str(uuid.uuid4())
    ingest, ca = ("--endpoint", secured.server.ingest_address), ("--ca", str(secured.ca))
    run("send", EVENT, "--server", server, *ingest, *ca)
    run("demo", "--events", "10", "--servers", "1", "--tabs", "0", *ingest, *ca)
    refused = run("send", EVENT, "--server", server, *ingest, code=1)
    assert refused.stderr.count("\n") == 1
    assert "--ca" in refused.stderr
    folder = secured.folder
    shown = ("--cert", str(folder / "administrator.pem"), "--cert-key", str(folder / "administrator-key.pem"))
    audit = ("audit", "--endpoint", secured.server.admin_address)
    run("admin", *ca, *shown, *audit)
    assert run("admin", *ca, *audit, code=1).stderr.count("\n") == 1
    run("admin", *ca, *shown[:2], *audit, code=2)
    run("admin", *ca, "--plaintext", *audit, code=2)


@contextmanager
def renewed(secured: Secured, pair: Pair) -> Iterator[None]:
    """Have the server's files hold another certificate."""
    files = secured.folder / "server.pem", secured.folder / "server-key.pem"
    before = [file.read_bytes() for file in files]
    pair.write(secured.folder, "server")
    yield
    for file, data in zip(files, before, strict=True):
        replace(file, data)


def kept(secured: Secured) -> int:
    return [line["event"] for line in secured.server.log()].count("certificate_kept")


def test_a_renewed_certificate_is_taken_without_a_restart(secured: Secured) -> None:
    """New connections get it, on every listener; connections that are there stay."""
    pair = secured.authority.issue("renewed")
    with secured.channel(secured.server.ingest_address) as channel:
        stub = IngestServiceStub(channel)
        stub.PublishEvents(request(server_source(), [element()]), timeout=TIMEOUT)
        with renewed(secured, pair):
            assert {served(secured, address) for address in addresses(secured)} == {digest(pair)}
            stub.PublishEvents(request(server_source(), [element()]), timeout=TIMEOUT)
    assert digest(pair) not in {served(secured, address) for address in addresses(secured)}


def test_administrators_of_another_authority(secured: Secured) -> None:
    """Who vouches for administrators is renewed as well: the old ones connect no more."""
    file = secured.folder / "admin-ca.pem"
    others = Authority("others")
    replace(file, others.pem)
    address = secured.server.admin_address
    with secured.channel(address, secured.administrator) as channel, pytest.raises(grpc.RpcError):
        list_audit_entries(channel)
    with secured.channel(address, others.issue("other")) as channel:
        list_audit_entries(channel)
    replace(file, secured.administrators.pem)
    with secured.channel(address, secured.administrator) as channel:
        list_audit_entries(channel)


@pytest.mark.parametrize("broken", ["another key", "half written", "garbage", "empty", "missing", "a folder"])
def test_broken_files_keep_the_last_good_certificate(secured: Secured, broken: str) -> None:
    """Whatever is wrong with the files, connections get what there was; the log tells of it once."""
    (before,) = {served(secured, address) for address in addresses(secured)}
    told = kept(secured)
    pair = secured.authority.issue("next")
    file = secured.folder / "server.pem"
    with renewed(secured, secured.authority.issue("never shown")):
        file = secured.folder / "server.pem"
        if broken == "missing":
            file.unlink()
        elif broken == "a folder":
            file.unlink()
            file.mkdir()
        else:
            data = {
                "another key": pair.cert,
                "half written": pair.cert[:200],
                "garbage": b"\x00\xff" * 500,
                "empty": b"",
            }
            replace(file, data[broken])
        for _ in range(3):
            assert {served(secured, address) for address in addresses(secured)} == {before}
        # The administrators' listener looks at a file more, and tells for itself.
        assert kept(secured) - told == 2
        if broken == "a folder":
            file.rmdir()
    assert {served(secured, address) for address in addresses(secured)} == {before}


def test_the_log_holds_lines_of_ours_alone(secured: Secured) -> None:
    """Handshakes that fail leave no line of grpc's own, which would hold addresses."""
    with pytest.raises(OSError):  # noqa: PT011  # as above
        served(secured, secured.server.ingest_address, verify_mode=ssl.CERT_REQUIRED)
    told = [line for line in secured.server.log() if line["event"] != "serving"]
    assert "127.0.0.1" not in "".join(map(str, told))
