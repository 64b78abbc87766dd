"""The certificate of a plugin. Terraform speaks TLS to a plugin that it starts, and trusts what the plugin prints."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple


class Pair(NamedTuple):
    """A certificate, in PEM and DER, and its key in PEM."""

    certificate: bytes
    der: bytes
    key: bytes


def stored(folder: Path) -> Pair:
    """The pair in a folder."""
    return Pair(*((folder / f"certificate.{name}").read_bytes() for name in ("pem", "der", "key")))


def make(folder: Path) -> None:
    """Write a new pair into a folder: for localhost, which signs itself and is valid for ten years."""
    # Heavy, and needed once.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    usages = [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "certificate.der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    (folder / "certificate.key").write_bytes(pem)
    (folder / "certificate.key").chmod(0o600)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
