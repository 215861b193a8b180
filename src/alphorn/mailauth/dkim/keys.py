"""Keys for signing: making, loading and publishing them (RFC 6376 §3.3 and §3.6.1, RFC 8463 §4).

Private keys are kept as PKCS #8 in DER, unencrypted; whoever stores them protects them. A key is
loaded once per process and kept, because loading costs as much as a signature.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from alphorn.base.errors import Refused

RSA_BITS = 2048
MIN_RSA_BITS = 1024
"""RFC 8301 §3.2: signers MUST use at least 1024 bits and SHOULD use 2048."""

MAX_LOADED = 4096
TXT_STRING = 255
"""The longest character-string in a TXT record (RFC 1035 §3.3)."""


class Algorithm(Enum):
    """As `a=` names them (RFC 6376 §3.3, RFC 8463 §3)."""

    RSA_SHA256 = "rsa-sha256"
    ED25519_SHA256 = "ed25519-sha256"


class SigningKey(Protocol):
    """What a signature needs to know; `directory.values.SigningKey` is one.

    The algorithm follows from the key itself.
    """

    @property
    def domain(self) -> str: ...

    @property
    def selector(self) -> str: ...

    @property
    def private_key_der(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class NewKey:
    """`record` is the text of the TXT record that publishes the public half."""

    algorithm: Algorithm
    private_key_der: bytes = field(repr=False)
    record: str


def generate(algorithm: Algorithm) -> NewKey:
    """A new key pair. RSA takes some 50 ms."""
    key: RSAPrivateKey | Ed25519PrivateKey
    if algorithm is Algorithm.RSA_SHA256:
        key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    else:
        key = Ed25519PrivateKey.generate()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return NewKey(algorithm, der, record(der))


@lru_cache(maxsize=MAX_LOADED)
def load(private_key_der: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    """The key, from memory where it was loaded before.

    Raises `Refused` (code "dkim-key") for anything but RSA of `MIN_RSA_BITS` or more, or Ed25519.
    """
    try:
        key = load_der_private_key(private_key_der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused("The DKIM key cannot be read.", code="dkim-key") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise Refused(
                f"The DKIM key has {key.key_size} bits; at least {MIN_RSA_BITS} are needed.",
                code="dkim-key",
            )
        return key
    raise Refused("The DKIM key is neither RSA nor Ed25519.", code="dkim-key")


def algorithm_of(private_key_der: bytes) -> Algorithm:
    """What the key signs with. Raises as `load` does."""
    if isinstance(load(private_key_der), RSAPrivateKey):
        return Algorithm.RSA_SHA256
    return Algorithm.ED25519_SHA256


def record(private_key_der: bytes) -> str:
    """The key record for `<selector>._domainkey.<domain>` (RFC 6376 §3.6.1, RFC 8463 §4.2).

    RSA is published as SubjectPublicKeyInfo, Ed25519 as the bare 32 octets. Raises as `load` does.
    """
    key = load(private_key_der)
    if isinstance(key, RSAPrivateKey):
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={b64encode(public).decode()}"


def strings(text: str) -> tuple[str, ...]:
    """A record's text cut into the character-strings that a TXT record is made of."""
    return tuple(text[at : at + TXT_STRING] for at in range(0, len(text), TXT_STRING))
