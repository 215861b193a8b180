"""A message's header as the rules of `header_faults` and `header_signs` look at it.

What several rules need is worked out once, and only when the first one asks.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from alphorn.message import addresses, dates, words
from alphorn.message.mailbox import Mailbox
from alphorn.message.parse import Entity, Fields
from alphorn.policy.decision import Reason

MAX_PARTS = 200
"""Parts whose own headers are looked at."""

MAX_FROM = 16_384
"""Characters of a From field that are read."""

_WATCHED = re.compile(
    rb"\n(from|sender|reply-to|to|cc|subject|date|message-id|in-reply-to|references|mime-version"
    rb"|content-type|content-transfer-encoding|content-disposition)[ \t]*+:"
    rb"([^\n]*+(?:\n[ \t][^\n]*+)*+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Header:
    """`root` is `parse(raw)`; `sender` is the envelope's, "" for a report, None where it is not
    known; `now` is in seconds since 1970."""

    raw: bytes
    root: Entity
    sender: str | None
    now: float

    @cached_property
    def head(self) -> bytes:
        """The octets of the header, after a line end, so that each field follows one."""
        return b"\n" + self.raw[: self.root.body]

    @cached_property
    def lines(self) -> int:
        return self.head.count(b"\n") - 1

    @property
    def fields(self) -> Fields:
        return self.root.fields

    @property
    def is_report(self) -> bool:
        """Programs that report failures write the oddest headers of honest ones."""
        return self.sender == ""

    @cached_property
    def repeated(self) -> dict[str, set[bytes]]:
        """Fields that stand there more than once, by name, and their different values."""
        return repeated(self.head)

    @cached_property
    def authors(self) -> list[Mailbox]:
        value = self.fields.get("from")
        return addresses.mailboxes(value[:MAX_FROM]) if value else []

    @cached_property
    def names(self) -> list[tuple[Mailbox, str]]:
        """The authors who have a name, and it decoded."""
        return [(author, words.decode(author.name)) for author in self.authors if author.name]

    @cached_property
    def date(self) -> dates.Date | None:
        return dates.parse(self.fields.get("date", ""))

    @property
    def part_headers(self) -> int:
        """The octets of the headers of all parts together."""
        octets, waiting = 0, list(self.root.children)
        while waiting:
            entity = waiting.pop()
            octets += entity.body - entity.start
            waiting += entity.children
        return octets

    def entities(self) -> Iterator[tuple[Entity, tuple[str, ...]]]:
        """The parts of the message, itself first, each with the boundaries that it lies within; at
        most `MAX_PARTS`."""
        waiting: list[tuple[Entity, tuple[str, ...]]] = [(self.root, ())]
        for _ in range(MAX_PARTS):
            if not waiting:
                return
            entity, around = waiting.pop()
            yield entity, around
            if entity.children:
                own = entity.media.get("boundary") if entity.media.type == "multipart" else None
                inner = (*around, own) if own else around
                waiting += [(child, inner) for child in reversed(entity.children)]


Rule = Callable[[Header], Reason | None]


def repeated(head: bytes) -> dict[str, set[bytes]]:
    """The same of any header, which stands after a line end. White space does not make a
    difference."""
    values: dict[bytes, set[bytes]] = {}
    more: set[bytes] = set()
    for name, value in _WATCHED.findall(head):
        name = name.lower()
        if name in values:
            more.add(name)
        values.setdefault(name, set()).add(value)
    return {name.decode(): {b" ".join(value.split()) for value in values[name]} for name in more}
