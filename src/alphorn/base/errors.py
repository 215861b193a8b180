"""Errors that cross a boundary: a code, a public text, and a private cause.

    AlphornError            code, public text; str() is the public text
    +-- Refused             the request is wrong or not allowed; repeating it will not help
    |   +-- NotFound        what was named does not exist
    |   +-- Exists          what was to be made exists already
    |   +-- OverQuota       the account is full
    +-- Unavailable         a passing condition (locked, disk full, peer silent); try again later

The private cause is the chained exception (`raise ... from cause`): it goes to the log, never to
the other side.
"""


class AlphornError(Exception):
    """Base of all errors that a caller in another room may meet.

    `code` is a short stable word for programs ("quota", "no-such-mailbox"); `text` is a full
    sentence for people that says what happened and, where possible, what to do.
    """

    code = "error"

    def __init__(self, text: str, *, code: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        if code is not None:
            self.code = code


class Refused(AlphornError):
    """The request is wrong or not allowed; repeating it unchanged will not help."""

    code = "refused"


class NotFound(Refused):
    """What was named does not exist."""

    code = "not-found"


class Exists(Refused):
    """What was to be made exists already."""

    code = "exists"


class OverQuota(Refused):
    """The account is full."""

    code = "quota"


class Unavailable(AlphornError):
    """A passing condition: locked, disk full, peer silent. Nothing was changed; try again later."""

    code = "unavailable"
