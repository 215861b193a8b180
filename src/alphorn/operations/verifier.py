"""What is kept of a password that somebody chose. Private to `operations`.

Deriving takes the time of a slow hash, so it is done before a transaction begins.
"""

import secrets
from dataclasses import dataclass, field

from alphorn.base import password as passwords
from alphorn.base.scram import SALT_OCTETS, derive
from alphorn.base.secret import Secret


@dataclass(frozen=True, slots=True)
class Verifier:
    """The columns of `models.Verifier`; the keys are None where there is no password."""

    salt: bytes = field(repr=False)
    iterations: int
    stored_key: bytes | None = field(default=None, repr=False)
    server_key: bytes | None = field(default=None, repr=False)


def make(
    password: Secret | None, iterations: int, *names: str, salt: bytes | None = None
) -> Verifier:
    """For a password that is not one of `names`; under a new salt where none is given.

    Raises PasswordError.
    """
    text = None if password is None else passwords.check(password, *names)
    salt = salt or secrets.token_bytes(SALT_OCTETS)
    if text is None:
        return Verifier(salt, iterations)
    keys = derive(text, salt, iterations)
    return Verifier(salt, iterations, keys.stored_key, keys.server_key)
