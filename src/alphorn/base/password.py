"""Passwords before they are hashed: how they are prepared, which are too weak, how ours are made.

Preparation maps what mail programs write differently onto one form, so that a password typed on
one machine works on another: characters that SASLprep maps to nothing go, every kind of space
becomes a space, the rest is normalized with NFKC (RFC 4013 §2.1 and §2.2, which SCRAM clients
apply). As RFC 8265 §4.2 has it, characters of every version of Unicode are welcome, and control
characters are not.

Device passwords are made here, never chosen: 20 characters of base32 (100 random bits) in four
groups, `k7qd3-…`. There is no 0, 1, 8 or 9 in them, so nothing can be misread.
"""

import base64
import re
from collections.abc import Callable

from alphorn.base.errors import Refused
from alphorn.base.secret import Secret

MIN_CHARACTERS = 8
"""NIST SP 800-63B §5.1.1.2; failed logins are throttled besides."""
MIN_DISTINCT = 5
MAX_OCTETS = 1024

DEVICE_CHARACTERS = 20
DEVICE_GROUP = 5
_DEVICE_OCTETS = 13
_DEVICE = re.compile(rf"[a-z2-7]{{{DEVICE_CHARACTERS}}}", re.ASCII)
_BETWEEN_GROUPS = str.maketrans("", "", "- ")

# fmt: off
_WORN_OUT = frozenset((
    "12345678", "123456789", "87654321", "1q2w3e4r", "1qaz2wsx", "abcd1234", "abcdefgh",
    "admin123", "baseball", "computer", "football", "iloveyou", "passw0rd", "password",
    "password1", "passwort", "princess", "q1w2e3r4", "qwertyui", "qwertzui", "starwars",
    "sunshine", "superman", "trustno1", "welcome1", "0123456789", "0987654321",
    "1234567890", "12345678910", "123456789a", "1q2w3e4r5t",
    "1qaz2wsx3edc", "abcdefghij", "iloveyou123", "letmein123", "motdepasse", "password01",
    "password1!", "password12", "password123", "password1234", "passwort123", "passw0rd123",
    "q1w2e3r4t5", "qwerty1234", "qwerty12345", "qwertyuiop", "qwertzuiop", "welcome123",
))
# fmt: on


class PasswordError(Refused):
    """The password cannot be used; the text says why and never what it was."""

    code = "password"


def prepare(password: Secret) -> str:
    """The form of a password that is hashed. Raises `PasswordError`: empty, longer than
    `MAX_OCTETS` in UTF-8, or with control characters or what is no character at all."""
    text = password.reveal()
    if len(text) > MAX_OCTETS:
        raise _too_long()
    if not text.isascii():
        text = _map(text)
    if not text:
        raise PasswordError("The password is empty.")
    if not text.isprintable():
        raise PasswordError("The password has a character in it that cannot be typed.")
    if len(text.encode()) > MAX_OCTETS:
        raise _too_long()
    return text


def _map(text: str) -> str:
    # Their tables cost memory; most passwords are ASCII.
    import stringprep
    import unicodedata

    kept = (
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    return unicodedata.normalize("NFKC", "".join(kept))


def _too_long() -> PasswordError:
    return PasswordError(f"The password is longer than {MAX_OCTETS} octets.")


def check(password: Secret, *names: str) -> str:
    """The prepared form of a password that somebody chooses. Raises `PasswordError` where it is
    too easy to guess. `names` are whose it is: their addresses and names make no password."""
    text = prepare(password)
    if len(text) < MIN_CHARACTERS:
        raise PasswordError(f"The password is too short: at least {MIN_CHARACTERS} characters.")
    if len(set(text)) < MIN_DISTINCT:
        raise PasswordError("The password repeats too few different characters.")
    folded = text.casefold()
    if folded in _WORN_OUT:
        raise PasswordError("The password is one of those that everybody tries first.")
    for name in names:
        whole = name.casefold()
        if whole and folded in (whole, whole.partition("@")[0], whole.partition("@")[2]):
            raise PasswordError("The password is the address or the name itself.")
    return text


def make_device_password(random: Callable[[int], bytes]) -> Secret:
    """A new device password; `random` gives that many random octets (`secrets.token_bytes`)."""
    letters = base64.b32encode(random(_DEVICE_OCTETS)).decode().lower()[:DEVICE_CHARACTERS]
    return Secret(_grouped(letters))


def device_form(password: Secret) -> str | None:
    """The password as it was made, where it may be a device password: people leave out the
    hyphens, type spaces or capitals. None where it cannot be one."""
    text = password.reveal()
    if len(text) > 2 * DEVICE_CHARACTERS or not text.isascii():
        return None
    letters = text.translate(_BETWEEN_GROUPS).lower()
    return _grouped(letters) if _DEVICE.fullmatch(letters) else None


def _grouped(letters: str) -> str:
    return "-".join(
        letters[at : at + DEVICE_GROUP] for at in range(0, DEVICE_CHARACTERS, DEVICE_GROUP)
    )
