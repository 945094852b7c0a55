"""How each listener is reached: its address, its certificates, and how long its connections live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard_server.tls import Certificates, TlsFiles

if TYPE_CHECKING:
    from pathlib import Path

    from aboveboard_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """How a listener is reached: its address, HOST:PORT, its certificates, and how long connections live."""

    bind: str
    certificates: Certificates | None
    max_connection_age: int
    reuse_port: bool


def terms_of(settings: Settings) -> tuple[Terms, Terms, Terms]:
    """Return the terms of each listener: ingest, admin, HTTP. The same files are the same certificates."""
    transport, known = settings.transport, dict[TlsFiles, Certificates]()

    def terms(bind: str, client_ca: Path | None) -> Terms:
        certificates = None
        if transport.cert is not None and transport.key is not None:
            files = TlsFiles(transport.cert, transport.key, client_ca)
            certificates = known[files] = known.get(files) or Certificates(files)
        return Terms(bind, certificates, transport.max_connection_age, settings.reuse_port)

    return (
        terms(settings.grpc_bind, transport.ingest_client_ca),
        terms(settings.admin_bind, transport.admin_client_ca),
        terms(settings.http_bind, None),
    )
