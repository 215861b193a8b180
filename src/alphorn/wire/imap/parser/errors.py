"""Why a command is not obeyed before it began.

Malformed       the grammar does not allow it: BAD
Declined        well-formed, but not for us: NO with a response code
"""


class Malformed(Exception):
    """`text` says what was expected; `position` is the octet in the command where."""

    def __init__(self, text: str, position: int) -> None:
        super().__init__(text)
        self.text = text
        self.position = position


class Declined(Exception):
    """`code` is the response code without brackets (`BADCHARSET (UTF-8)`), or b""."""

    def __init__(self, text: str, code: bytes = b"") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
