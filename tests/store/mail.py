"""Messages for the tests of the store."""

from alphorn.base.numbers import NumberSet
from alphorn.message.summarize import summarize
from alphorn.store.api import NewMessage

EVERY = NumberSet(((1, 0xFFFF_FFFF),))
NOW = 1_700_000_000


def raw(
    subject: str = "Hello",
    text: str = "Good morning.",
    *,
    sender: str = "Anna Adler <anna@example.test>",
    to: str = "Bert <bert@example.test>",
    number: object = None,
    more: str = "",
) -> bytes:
    """A plain message; `number` makes its Message-ID, without it there is none."""
    identifier = "" if number is None else f"Message-ID: <{number}@example.test>\r\n"
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n{identifier}{more}"
        "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"\r\n{text}\r\n"
    ).encode()


def new(
    message: bytes | None = None,
    *,
    flags: int = 0,
    keywords: frozenset[str] = frozenset(),
    date: int = NOW,
) -> NewMessage:
    octets = raw() if message is None else message
    return NewMessage(octets, summarize(octets), date, flags, keywords)


def numbered(count: int, *, start: int = 0, size: int = 300) -> list[NewMessage]:
    """Different messages of about so many octets."""
    filler = "Lorem ipsum dolor sit amet. " * (size // 28)
    return [
        new(raw(f"Number {n}", f"This is message {n}. {filler}", number=n))
        for n in range(start, start + count)
    ]


def uids(*numbers: int) -> NumberSet:
    return NumberSet.of(numbers)
