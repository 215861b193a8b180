"""Certificates: the one made here to begin with, and what can be read from any.

A self-made certificate lets mail flow encrypted from the first minute (other servers do not check
names unless DANE or MTA-STS ask for it), but mail programs will warn about it.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SELF_MADE_DAYS = 3650
MAX_COMMON_NAME = 64


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """`names` are those it is valid for, in lower case; `expires` is seconds UTC."""

    names: tuple[str, ...]
    expires: float
    self_signed: bool

    def covers(self, host: str) -> bool:
        """Whether a client that looks for `host` accepts it (RFC 9525 §6.3)."""
        host = host.lower()
        _, _, parent = host.partition(".")
        return host in self.names or (bool(parent) and f"*.{parent}" in self.names)


def self_made(names: Sequence[str], now: float) -> tuple[bytes, bytes]:
    """A certificate and its P-256 key in PEM, for these host names or IP addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, names[0])]
        if len(names[0]) <= MAX_COMMON_NAME
        else []
    )
    start = datetime.fromtimestamp(now, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=SELF_MADE_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def describe(pem: bytes) -> CertificateInfo:
    """What the first certificate in the file says. Raises ValueError where there is none."""
    certificate = x509.load_pem_x509_certificates(pem)[0]
    names: list[str] = []
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names += extension.value.get_values_for_type(x509.DNSName)
        names += map(str, extension.value.get_values_for_type(x509.IPAddress))
    except x509.ExtensionNotFound:
        pass  # the common name alone does not count any more (RFC 9525 §2)
    return CertificateInfo(
        tuple(name.lower() for name in names),
        certificate.not_valid_after_utc.timestamp(),
        certificate.issuer == certificate.subject,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
