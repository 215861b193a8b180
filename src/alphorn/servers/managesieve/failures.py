"""How a command fails: NO with a response code (RFC 5804 §1.3), where one fits.

What the rooms below raise is translated here; no text of an unexpected exception leaves the server.
"""

from alphorn.base.errors import AlphornError, Exists, NotFound, OverQuota, Unavailable
from alphorn.wire.managesieve import codes


class No(Exception):
    """`code` is a response code without parentheses, or b""; `text` is for people."""

    def __init__(self, text: str, code: bytes = b"") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


_BY_CODE = {
    "script-active": codes.ACTIVE,
    "too-many-scripts": codes.QUOTA_MAXSCRIPTS,
    "script-size": codes.QUOTA_MAXSIZE,
    "scripts-size": codes.QUOTA,
    "limit": codes.QUOTA,
}
"""Codes of `operations.scripts` and of the store that have a response code of their own."""

_BY_KIND: tuple[tuple[type[AlphornError], bytes], ...] = (
    (OverQuota, codes.QUOTA),
    (NotFound, codes.NONEXISTENT),
    (Exists, codes.ALREADYEXISTS),
    (Unavailable, codes.TRYLATER),
    (AlphornError, b""),
)


def translated(error: AlphornError) -> No:
    """What an error of another room means to a ManageSieve client. Of a script with mistakes the
    text has a line for each, with its place."""
    code = _BY_CODE.get(error.code)
    if code is None:
        code = next(code for kind, code in _BY_KIND if isinstance(error, kind))
    return No(error.text, code)


def internal() -> No:
    """The answer to a mistake of ours; what it was is in the log."""
    return No("Internal error; it has been logged")
