"""The table of mechanisms that are offered, strongest first, and how an exchange starts."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from alphorn.wire.sasl.login import Login
from alphorn.wire.sasl.plain import Plain
from alphorn.wire.sasl.scram import ScramSha256
from alphorn.wire.sasl.steps import Exchange


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`make` takes the source of nonces."""

    name: str
    make: Callable[[Callable[[], bytes]], Exchange]
    source: str


MECHANISMS = (
    Mechanism("SCRAM-SHA-256", ScramSha256, "RFC 7677"),
    Mechanism("PLAIN", Plain, "RFC 4616"),
    Mechanism("LOGIN", Login, "draft-murchison-sasl-login"),
)

BY_NAME = {mechanism.name: mechanism for mechanism in MECHANISMS}


def random_nonce() -> bytes:
    """24 characters from 18 random octets, printable and without a comma."""
    return secrets.token_urlsafe(18).encode()


def begin(
    name: str, initial: bytes | None = None, nonce: Callable[[], bytes] = random_nonce
) -> Exchange | None:
    """Start the mechanism called `name` (in any case); None where there is no such mechanism.

    `initial` is the decoded initial response, None where there was none. Act on `exchange.step`.
    """
    mechanism = BY_NAME.get(name.upper())
    if mechanism is None:
        return None
    exchange = mechanism.make(nonce)
    if initial is not None:
        exchange.respond(initial)
    return exchange
