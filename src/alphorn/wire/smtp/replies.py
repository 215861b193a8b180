"""Replies (RFC 5321 §4.2) with enhanced codes (RFC 2034, RFC 3463), and the table that joins both.

A refusal is written by its enhanced code alone; the three digits follow from the table. Where one
enhanced code serves two situations of the protocol (a command that is unknown and one that comes at
the wrong time are both X.5.1) the reply names the other digits itself; the class must agree.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from alphorn.base.help import address, with_help

MAX_REPLY_LINE = 512
"""Octets with CRLF (RFC 5321 §4.5.3.1.5)."""

_CODES = {
    "2.0.0": 250,
    "2.1.0": 250,  # sender fine
    "2.1.5": 250,  # recipient fine
    "2.7.0": 235,  # logged in
    "4.2.0": 451,  # the mailbox cannot be written now
    "4.2.1": 451,  # the mailbox is switched off for now
    "4.2.2": 452,  # the mailbox is full
    "4.3.0": 451,  # something here failed
    "4.3.1": 452,  # the disk is full
    "4.3.2": 421,  # we are going down, or there is too much to do
    "4.4.2": 421,  # the other side was silent for too long
    "4.5.3": 452,  # too many recipients in one transaction
    "4.7.0": 454,  # TLS or a login failed for now
    "4.7.1": 450,  # a rate was exceeded
    "5.1.1": 550,  # no such mailbox
    "5.1.3": 501,  # not an address (recipient)
    "5.1.6": 550,  # the mailbox has moved
    "5.1.7": 501,  # not an address (sender)
    "5.2.0": 550,  # the mailbox refuses
    "5.2.1": 550,  # the mailbox is switched off
    "5.2.2": 552,  # the mailbox is full
    "5.2.3": 552,  # larger than this mailbox takes
    "5.3.0": 554,  # something here failed for good
    "5.3.4": 552,  # larger than this server takes
    "5.4.6": 554,  # a loop
    "5.5.1": 503,  # the command does not fit here
    "5.5.2": 500,  # the line is not SMTP
    "5.5.3": 550,  # too many recipients
    "5.5.4": 501,  # a parameter is wrong
    "5.5.6": 500,  # a line of a login is too long
    "5.6.0": 554,  # the message is not in order
    "5.6.7": 553,  # the address needs SMTPUTF8
    "5.7.0": 530,  # TLS or a login is needed first
    "5.7.1": 550,  # not allowed
    "5.7.8": 535,  # wrong user name or password
}
PAGES = {
    "4.2.1": "switched-off",
    "4.2.2": "mailbox-full",
    "4.5.3": "recipients",
    "4.7.0": "too-many",
    "5.1.1": "no-mailbox",
    "5.1.3": "address",
    "5.1.6": "no-mailbox",
    "5.1.7": "address",
    "5.2.0": "switched-off",
    "5.2.1": "switched-off",
    "5.2.2": "mailbox-full",
    "5.2.3": "too-large",
    "5.3.0": "later",
    "5.3.4": "too-large",
    "5.4.6": "loop",
    "5.5.1": "protocol",
    "5.5.2": "protocol",
    "5.5.3": "recipients",
    "5.5.4": "protocol",
    "5.5.6": "protocol",
    "5.6.0": "headers",
    "5.6.7": "address",
    "5.7.0": "login",
    "5.7.8": "login",
}
"""The page of help (`base.help`) for a refusal that names none; of class 4 it is "later" if not
here. What 5.7.1 refuses names one."""
_CLASSES = {"2": 250, "4": 451, "5": 550}


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` is the enhanced code, "" for replies that have none (greeting, EHLO, 334, 354).

    `basic` overrides the table's three digits; `page` names a page of help about a refusal where it
    is not the one that its status has. A newline in `text` starts another line; what cannot
    be in a reply is replaced, lines that are too long are folded.
    """

    status: str
    text: str
    basic: int = 0
    page: str = ""

    def __post_init__(self) -> None:
        if self.status and self.basic // 100 not in (0, int(self.status[0])):
            raise ValueError(f"{self.basic} and {self.status} are of different classes")

    @property
    def code(self) -> int:
        return self.basic or _CODES.get(self.status) or _CLASSES[self.status[0]]

    @property
    def positive(self) -> bool:
        return self.code < 400

    @property
    def passing(self) -> bool:
        """Whether it says "try again later"."""
        return 400 <= self.code < 500

    def helped(self, url: str) -> "Reply":
        """A refusal with the address of its page of help, below `url`; as it is for ""."""
        if not url or not self.status or self.positive:
            return self
        page = self.page or PAGES.get(self.status) or ("later" if self.status[0] == "4" else "")
        return replace(self, text=with_help(self.text, address(url, page)))

    def encode(self) -> bytes:
        """The octets on the wire."""
        return _encode(self)

    def __str__(self) -> str:
        return (
            f"{self.code} {self.status} {self.text}" if self.status else f"{self.code} {self.text}"
        )


@lru_cache(maxsize=256)  # most replies are among a few
def _encode(reply: Reply) -> bytes:
    code, text = reply.code, reply.text
    status = f"{reply.status} " if reply.status else ""
    if len(text) < 480 and text.isascii() and text.isprintable():
        return f"{code} {status}{text}\r\n".encode()
    room = MAX_REPLY_LINE - 6 - len(status)
    folded = [piece for line in text.split("\n") for piece in _fold(_shown(line), room)]
    last = folded.pop()
    start = [f"{code}-{status}{line}\r\n" for line in folded]
    return "".join((*start, f"{code} {status}{last}\r\n")).encode()


class Refusal(Exception):
    """What was read cannot be accepted; `reply` says why. Private to this package."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def _shown(line: str) -> str:
    """The line with `?` for whatever is not printable ASCII."""
    return "".join(char if " " <= char <= "~" else "?" for char in line)


def _fold(line: str, room: int) -> list[str]:
    pieces = []
    while len(line) > room:
        cut = line.rfind(" ", 0, room)
        if cut <= 0:
            cut = room
        pieces.append(line[:cut])
        line = line[cut:].lstrip(" ")
    pieces.append(line)
    return pieces
