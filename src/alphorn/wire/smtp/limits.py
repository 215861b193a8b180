"""What one connection may ask of us. Each limit has a reply of its own and a test."""

from dataclasses import dataclass

COMMAND_LINE = 512
"""Octets of a command line with CRLF (RFC 5321 §4.5.3.1.4); extensions add some (`commands`)."""

AUTH_LINE = 12_288
"""The same for a line of a login (RFC 4954 §4)."""

MAX_PENDING_LINE = AUTH_LINE
"""Octets of an unfinished line that are held at most, in whatever state."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`message`: octets of one message (RFC 1870). `text_line`: octets of one of its lines; the
    standard's 998 (RFC 5321 §4.5.3.1.6) is passed by so much real mail that keeping to it would
    lose some. `recipients`: in one transaction (100 at least, RFC 5321 §4.5.3.1.8; RFC 9422
    RCPTMAX). `messages`: in one connection (RFC 9422 MAILMAX). `errors`: commands that were wrong,
    in one connection. `refusals`: recipients refused in one connection, which is how
    addresses are guessed. `idle_commands`: commands since the last message. `logins`: failed ones
    in one connection.
    """

    message: int = 50 << 20
    text_line: int = 65_536
    recipients: int = 1000
    messages: int = 10_000
    errors: int = 10
    refusals: int = 100
    idle_commands: int = 1000
    logins: int = 3
