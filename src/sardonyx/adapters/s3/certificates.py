"""Make the one certificate with which SeaweedFS's inner gRPC ports know each other.

A certificate authority is made, signs one certificate and is forgotten: its private key is
never written, so nobody can ever make a second certificate that these ports accept.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sardonyx.adapters.processes.home import write_private

_LIFE = timedelta(days=3650)
_RENEWED_BEFORE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class InnerCertificate:
    """PEM files: the authority, and the certificate with its key; all owner-only."""

    authority: Path
    certificate: Path
    key: Path


def inner_certificate(directory: Path) -> InnerCertificate:
    """Return the certificate kept in `directory`, made anew a year before its end."""
    kept = InnerCertificate(
        authority=directory / "grpc-ca.pem",
        certificate=directory / "grpc.pem",
        key=directory / "grpc.key",
    )
    if not _usable(kept):
        _make(kept)
    return kept


def _usable(kept: InnerCertificate) -> bool:
    if not all(path.exists() for path in (kept.authority, kept.certificate, kept.key)):
        return False
    certificate = x509.load_pem_x509_certificate(kept.certificate.read_bytes())
    return certificate.not_valid_after_utc - datetime.now(UTC) > _RENEWED_BEFORE


def _make(kept: InnerCertificate) -> None:
    start = datetime.now(UTC) - timedelta(minutes=5)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sardonyx storage")])
    authority = (
        x509.CertificateBuilder()
        .subject_name(authority_name)
        .issuer_name(authority_name)
        .public_key(authority_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFE)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(
            # Each component is a server to some and a client of others.
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    write_private(kept.authority, authority.public_bytes(pem))
    write_private(
        kept.key,
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    write_private(kept.certificate, certificate.public_bytes(pem))
