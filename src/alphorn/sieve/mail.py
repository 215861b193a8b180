"""A message as scripts see it: header fields decoded once and kept, parts found when asked for.

Values are text in which no control character stands but line ends (RFC 5228 §2.7.2): unfolded,
encoded words decoded, white space at both ends gone.
"""

from alphorn.message import addresses, header, html_text, parts, words
from alphorn.message.mailbox import Mailbox
from alphorn.message.parse import Entity, Kind, parse
from alphorn.sieve.actions import Message

MAX_VALUES = 1000
MAX_TEXT = 1024 * 1024


class Mail:
    """One message; `raw` never changes, an edited message is another Mail."""

    __slots__ = (
        "_addresses",
        "_entities",
        "_message",
        "_parts",
        "_raw",
        "_root",
        "_values",
        "head",
    )

    def __init__(self, raw: bytes | Message) -> None:
        self._raw: bytes | None = None
        self._message: Message | None = None
        if isinstance(raw, Message):
            self._message = raw
            self.head = raw.head
        else:
            self._raw = raw
            self.head = raw[: header.header_end(raw)]
        self._values: dict[str, list[str]] = {}
        self._addresses: dict[str, list[list[Mailbox]]] = {}
        self._parts: dict[tuple[int, str], list[str]] = {}
        self._root: Entity | None = None
        self._entities: list[Entity] | None = None

    @property
    def raw(self) -> bytes:
        """All octets."""
        if self._raw is None:
            assert self._message is not None
            self._raw = self._message.raw
        return self._raw

    @property
    def message(self) -> Message:
        """Header and body apart; of one Mail always the same value."""
        if self._message is None:
            self._message = Message(self.head, self.raw[len(self.head) :])
        return self._message

    @property
    def size(self) -> int:
        """In octets."""
        if self._raw is not None:
            return len(self._raw)
        return len(self.head) + len(self.message.body)

    @property
    def root(self) -> Entity:
        """The structure of the message."""
        if self._root is None:
            self._root = parse(self.raw)
        return self._root

    @property
    def entities(self) -> list[Entity]:
        """The message and all its parts, depth first."""
        if self._entities is None:
            self._entities = leaves(self.root)
        return self._entities

    def entity(self, number: int) -> Entity | None:
        """One of them, None where there are not so many."""
        return self.entities[number] if number < len(self.entities) else None

    def knows(self, name: str) -> bool:
        """Whether the fields of this name were found before."""
        return name in self._values

    def values(self, name: str) -> list[str]:
        """The decoded fields of this lower-case name, in order."""
        found = self._values.get(name)
        if found is None:
            raw = header.get_all(self.head, name, MAX_VALUES)
            found = self._values[name] = [words.decode(value) for value in raw]
        return found

    def addresses(self, name: str) -> list[list[Mailbox]]:
        """The mailboxes of each field of this lower-case name, also those that lack something."""
        found = self._addresses.get(name)
        if found is None:
            values = header.get_all(self.head, name, MAX_VALUES)
            found = self._addresses[name] = list(map(addresses.mailboxes, values))
        return found

    def part_values(self, entity: Entity, name: str) -> list[str]:
        """The fields of a body part's own header, unfolded, not decoded further."""
        key = (entity.start, name)
        found = self._parts.get(key)
        if found is None:
            head = self.raw[entity.start : entity.body]
            found = self._parts[key] = header.get_all(head, name, MAX_VALUES)
        return found

    def with_head(self, head: bytes) -> "Mail":
        """The message with another header, the empty line included."""
        return Mail(Message(head, self.message.body))

    def text(self, entity: Entity) -> str:
        """A part's text: of HTML what can be read of it (RFC 5173 §5.3)."""
        text = parts.text(self.raw, entity, MAX_TEXT)
        return html_text.to_text(text) if entity.media.subtype in ("html", "xhtml+xml") else text


def leaves(entity: Entity) -> list[Entity]:
    """All parts below and with this one, in order (RFC 5703 §3)."""
    found = [entity]
    stack = list(reversed(entity.children)) if entity.kind is not Kind.LEAF else []
    while stack:
        one = stack.pop()
        found.append(one)
        if one.kind is not Kind.LEAF:
            stack += reversed(one.children)
    return found
