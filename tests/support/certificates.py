"""Certificates made for a test: an authority, and whom it vouches for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM."""

    cert: bytes
    key: bytes

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write both into a folder, each at once as a tool for renewal does; return where they are."""
        paths = folder / f"{name}.pem", folder / f"{name}-key.pem"
        for path, data in zip(paths, (self.cert, self.key), strict=True):
            replace(path, data)
        return paths


class Authority:
    """Vouches for certificates."""

    def __init__(self, name: str = "Aboveboard test") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        is_authority = x509.BasicConstraints(ca=True, path_length=0)
        cert = self._sign(self._name, self._key.public_key(), is_authority)
        self.pem = cert.public_bytes(serialization.Encoding.PEM)

    def write(self, folder: Path, name: str) -> Path:
        """Write the authority's own certificate, and return where it is."""
        replace(folder / f"{name}.pem", self.pem)
        return folder / f"{name}.pem"

    def issue(self, name: str) -> Pair:
        """Return a new certificate for 127.0.0.1 and localhost."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([LOOPBACK, x509.DNSName("localhost")])
        cert = self._sign(_name(name), key.public_key(), names)
        return Pair(
            cert.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(extension, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def replace(path: Path, data: bytes) -> None:
    """Write a file anew, at once for whoever reads it."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.rename(path)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
