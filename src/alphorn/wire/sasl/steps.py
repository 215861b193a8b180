"""What an exchange asks of the server that runs it, and the contract of an exchange."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from alphorn.base.secret import Secret

MAX_RESPONSE = 9216
"""Octets of one decoded client response: what 12,288 octets of base64 hold (RFC 4954 §4)."""

MAX_NAME = 320
"""Octets of a user name in UTF-8: a local part of 64, an `@`, and a domain of 255."""

MAX_PASSWORD = 1024
"""Octets of a password in UTF-8."""


class FailureKind(Enum):
    """Why an exchange ended; each protocol has its own reply for each."""

    MALFORMED = "malformed"
    CREDENTIALS = "credentials"
    AUTHORIZATION = "authorization"


@dataclass(frozen=True, slots=True)
class Challenge:
    """Send `data` (perhaps empty), then give the client's answer to `Exchange.respond`.

    `last`: the client has proved who it is, and nothing but an empty answer is awaited. A protocol
    that can send data with its success (RFC 4422 §3.6) gives that answer itself.
    """

    data: bytes
    last: bool = False


@dataclass(frozen=True, slots=True)
class FindScram:
    """Look up the SCRAM keys of `username`, then call `Exchange.found`.

    For an unknown name the caller gives a made-up but stable salt and no keys, so that the dialog
    does not tell who exists.
    """

    username: str


@dataclass(frozen=True, slots=True)
class CheckPassword:
    """The end of a mechanism that carries the password; the caller finds out if it is right."""

    identity: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Success:
    """The end: the client has proved that it knows the secret with this credential id."""

    identity: str
    credential: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """The end. `identity` is the name that was tried, "" where it did not come to that."""

    kind: FailureKind
    text: str
    identity: str = ""


Step = Challenge | FindScram | CheckPassword | Success | Failure


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """One secret of an account as SCRAM verifies it (RFC 5802 §3); `credential` says which."""

    stored_key: bytes
    server_key: bytes
    credential: int | None


class Exchange(Protocol):
    """One authentication. `step` is what to do now; a call that does not fit it raises ValueError,
    for that is a mistake of the caller and never the client's."""

    @property
    def step(self) -> Step: ...

    def respond(self, response: bytes) -> Step:
        """The client's answer to the Challenge, decoded; gives the next step."""

    def found(self, salt: bytes, iterations: int, keys: Sequence[ScramKeys]) -> Step:
        """The answer to FindScram; gives the next step."""


class Malformed(Exception):
    """The client's message does not follow its mechanism's grammar; private to this package."""


def text_of(data: bytes, limit: int, what: str) -> str:
    """`data` as UTF-8 text of 1 to `limit` octets without NUL; raises Malformed."""
    if not data:
        raise Malformed(f"The {what} is empty")
    if len(data) > limit:
        raise Malformed(f"The {what} is longer than {limit} octets")
    if b"\0" in data:
        raise Malformed(f"The {what} holds a NUL")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Malformed(f"The {what} is not UTF-8") from None


def stands_for_other(identity: str, authzid: str) -> Failure | None:
    """To log in as one person and act as another is not offered: the Failure for it, or None.

    Many programs repeat their own name as the authorization identity; that is no such wish.
    """
    if not authzid or authzid.casefold() == identity.casefold():
        return None
    return Failure(
        FailureKind.AUTHORIZATION, "Logging in on behalf of someone else is not offered", identity
    )
