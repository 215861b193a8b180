"""The keys of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677): how a password is kept.

    SaltedPassword = PBKDF2-HMAC-SHA-256(password, salt, iterations)    slow on purpose
    ClientKey      = HMAC(SaltedPassword, "Client Key")
    StoredKey      = SHA-256(ClientKey)                                 kept
    ServerKey      = HMAC(SaltedPassword, "Server Key")                 kept

What is kept checks a password and a SCRAM proof alike, and gives neither away. Passwords come
here prepared (`base.password.prepare`). PBKDF2 releases the interpreter lock; call it in a thread.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

KEY_OCTETS = 32
SALT_OCTETS = 16
MIN_ITERATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Keys:
    """StoredKey and ServerKey of one password."""

    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)


def derive(password: str, salt: bytes, iterations: int) -> Keys:
    """The keys to keep for a prepared password. Takes about 0.35 µs for each iteration."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return Keys(
        stored_key=hashlib.sha256(client_key).digest(),
        server_key=hmac.digest(salted, b"Server Key", "sha256"),
    )


def matches(password: str, salt: bytes, iterations: int, stored_key: bytes) -> bool:
    """Whether this prepared password gives `stored_key`; the comparison takes constant time."""
    return hmac.compare_digest(derive(password, salt, iterations).stored_key, stored_key)
