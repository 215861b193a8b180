"""How a command fails: NO with a response code (RFC 9051 §7.1, RFC 5530), or BAD.

    CommandError
    +-- No      the command is right but cannot be done
    +-- Bad     the client asked for something that does not exist in the protocol's terms

What the rooms below raise is translated here; no text of an unexpected exception leaves the server.
"""

from alphorn.base.errors import AlphornError, Exists, NotFound, OverQuota, Refused, Unavailable


class CommandError(Exception):
    """`code` is a response code without brackets, or b""; `text` is for people."""

    status = b"NO"

    def __init__(self, text: str, code: bytes = b"") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class No(CommandError):
    """Not now, or not for you."""


class Bad(CommandError):
    """The command makes no sense here."""

    status = b"BAD"


_BY_CODE = {
    "limit": b"LIMIT",
    "name": b"CANNOT",
    "has-children": b"HASCHILDREN",
    "auth-failed": b"AUTHENTICATIONFAILED",
    "damaged": b"CORRUPTION",
}
"""Codes of `base.errors` that have a response code of their own; RFC 5530, RFC 9051 §7.1."""

_BY_KIND: tuple[tuple[type[AlphornError], bytes], ...] = (
    (OverQuota, b"OVERQUOTA"),
    (NotFound, b"NONEXISTENT"),
    (Exists, b"ALREADYEXISTS"),
    (Unavailable, b"UNAVAILABLE"),
    (Refused, b"CANNOT"),
    (AlphornError, b"SERVERBUG"),
)


def translated(error: AlphornError) -> No:
    """What an error of another room means to an IMAP client."""
    code = _BY_CODE.get(error.code)
    if code is None:
        code = next(code for kind, code in _BY_KIND if isinstance(error, kind))
    return No(error.text, code)


def internal() -> No:
    """The answer to a mistake of ours; what it was is in the log."""
    return No("Internal error; it has been logged", b"SERVERBUG")
