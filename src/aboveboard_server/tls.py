"""A server's certificate with its key, as the files have them now: a renewed one is taken without a restart.

The files are looked at whenever somebody connects. Where they do not fit together, or cannot be read, the
last ones that did are kept.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import structlog

from aboveboard_server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

    # What tells that a file was written anew: inode, time of change, size; None where it cannot be read.
    Mark: TypeAlias = tuple[int, int, int] | None

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a listener's certificates lie, in PEM: its own chain and key, and who may vouch for callers.

    Without `client_ca` callers show no certificate; with it, they must.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Files that fit together: their contents, and a context that holds them."""

    chain: bytes
    key: bytes
    client_ca: bytes | None
    context: ssl.SSLContext


class Certificates:
    """What the files held when they last fitted together; StartupError where they do not at first."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        # Any thread of grpc's may ask, and the event loop.
        self._lock = threading.Lock()
        self._marks = self._look()
        try:
            self._loaded = _load(files)
        except (OSError, ValueError) as error:
            raise StartupError(f"--tls-cert, --tls-key: {_fault(error)}; see docs/transport.md") from error

    @property
    def files(self) -> TlsFiles:
        """Where they lie."""
        return self._files

    def current(self) -> Loaded:
        """Return what is to be shown to whoever connects now: the same object until the files change."""
        with self._lock:
            marks = self._look()
            if marks != self._marks:
                # Once for each change: files that stay broken are told of once.
                self._marks = marks
                self._reload()
            return self._loaded

    def _reload(self) -> None:
        try:
            self._loaded = _load(self._files)
        except (OSError, ValueError) as error:
            log.error("certificate_kept", reason=_fault(error))  # noqa: TRY400  # the trace tells no more
        else:
            log.info("certificate_loaded")

    def _look(self) -> list[Mark]:
        return [_mark(path) for path in (self._files.cert, self._files.key, self._files.client_ca) if path]


def context_of(certificates: Certificates) -> ssl.SSLContext:
    """Return a context that hands each handshake to the one with the current certificate."""
    first = certificates.current().context

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = certificates.current().context

    # Called for every handshake, whether or not the client names a server.
    first.sni_callback = choose
    return first


def _load(files: TlsFiles) -> Loaded:
    """Read the files; OSError, ValueError where they are missing, garbage, or do not belong together."""
    before = _read(files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # A password is never asked for: it would wait at a terminal that nobody sits at.
    context.load_cert_chain(files.cert, files.key, password="")
    chain, key, client_ca = _read(files)
    if (chain, key, client_ca) != before:
        raise ValueError("the files are being written")
    if client_ca is not None:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=client_ca.decode("ascii"))
    return Loaded(chain, key, client_ca, context)


def _read(files: TlsFiles) -> tuple[bytes, bytes, bytes | None]:
    client_ca = files.client_ca.read_bytes() if files.client_ca else None
    return files.cert.read_bytes(), files.key.read_bytes(), client_ca


def _mark(path: Path) -> Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _fault(error: Exception) -> str:
    """Say what is wrong with the files, and nothing of what is in them."""
    if isinstance(error, ssl.SSLError):
        if "KEY_VALUES_MISMATCH" in str(error):
            return "the key does not belong to the certificate"
        return "a file holds no certificate or no unencrypted key in PEM"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return str(error) if type(error) is ValueError else "a file holds no PEM"
