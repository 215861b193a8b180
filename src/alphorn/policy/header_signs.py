"""Rules on headers that score: what abuse has more often than honest mail, which has it too.

Two dates come from list servers, authors without a domain from devices and bounces, the year 1970
from cameras without a clock: nothing here says anything by itself.
"""

import re

from alphorn.message.parse import Kind
from alphorn.policy.decision import Reason
from alphorn.policy.header_view import Header, Rule

MANY_LINES = 600
OLDEST = 631152000
"""1990. Who writes an earlier date has no clock, or wants to stand first or last in a list."""

SKEW = 2 * 86400
"""Seconds that a clock may be ahead."""

MAX_NAME = 1000
"""Characters of a name in which addresses are looked for."""

_ONCE = frozenset(
    ("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to")
)
_NO_FIELD = re.compile(rb"\n(?![!-9;-~]++[ \t]*+:|[ \t]|\r?\n|\Z)")
_SPACED = re.compile(rb"\n(?:from|sender|to|subject)[ \t]+:", re.IGNORECASE)
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_ADDRESS = re.compile(r"[\w.+-]{1,64}[@＠]([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_MEDIA = re.compile(r"\s*[^\s/;]+/[^\s/;*]+")


def _repeated(header: Header) -> Reason | None:
    if header.repeated.keys().isdisjoint(_ONCE):
        return None
    return Reason(
        "header-repeated", "The header holds a field twice that may stand there once.", 1.0
    )


def _many_lines(header: Header) -> Reason | None:
    if header.lines <= MANY_LINES:
        return None
    return Reason("header-many-lines", "The header of the message is unusually long.", 0.5)


def _no_field(header: Header) -> Reason | None:
    if not _NO_FIELD.search(header.head):
        return None
    return Reason("header-junk", "There are lines in the header that are no fields.", 1.5)


def _folded_first(header: Header) -> Reason | None:
    if header.head[1:2] not in (b" ", b"\t"):
        return None
    return Reason("header-folded-first", "The header begins in the middle of a field.", 1.0)


def _spaced(header: Header) -> Reason | None:
    if b" :" not in header.head and b"\t:" not in header.head:
        return None
    if not _SPACED.search(header.head):
        return None
    return Reason(
        "header-spaced-name", "A field's name is written so that some programs overlook it.", 1.5
    )


def _unqualified(header: Header) -> Reason | None:
    if not header.authors or any(author.domain for author in header.authors):
        return None
    return Reason("header-unqualified", "The author's address has no domain.", 1.0)


def _several_authors(header: Header) -> Reason | None:
    if sum(1 for author in header.authors if author.domain) < 2:
        return None
    return Reason("header-several-authors", "The message names several authors.", 1.0)


def _stray_author(header: Header) -> Reason | None:
    """A comma that parts a name: some readers show the first piece, some the second."""
    if len(header.authors) < 2 or all(author.domain for author in header.authors):
        return None
    return Reason("header-cut-name", "The author's name is not written as it must be.", 1.0)


def _other_address(header: Header) -> Reason | None:
    for author, name in header.names:
        if "@" in name or "＠" in name:
            domain = author.domain.lower()
            for match in _ADDRESS.finditer(name[:MAX_NAME]):
                if not _related(match[1].lower(), domain):
                    return Reason(
                        "header-name-address",
                        "The author's name is an address of another domain than his own.",
                        2.0,
                    )
    return None


def _address_within(header: Header) -> Reason | None:
    if not any("@" in author.local for author in header.authors):
        return None
    return Reason("header-address-within", "The author's address holds another address.", 2.0)


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _encoded_address(header: Header) -> Reason | None:
    if not any("=?" in author.local or "=?" in author.domain for author in header.authors):
        return None
    return Reason(
        "header-encoded-address", "The author's address is written in encoded words.", 1.5
    )


def _direction(header: Header) -> Reason | None:
    if any(_DIRECTION.search(name) for _, name in header.names):
        return Reason(
            "header-direction", "The author's name changes the direction of writing.", 2.5
        )
    return None


def _no_date(header: Header) -> Reason | None:
    if "date" not in header.fields:
        return Reason("header-no-date", "The message has no date.", 0.5)
    if header.date is None:
        return Reason("header-bad-date", "The date of the message cannot be read.", 1.0)
    if header.date.seconds > header.now + SKEW:
        return Reason("header-future", "The date of the message lies in the future.", 1.5)
    if header.date.seconds < OLDEST:
        return Reason("header-ancient", "The message claims to be older than mail is.", 1.5)
    return None


def _no_message_id(header: Header) -> Reason | None:
    if "message-id" in header.fields:
        return None
    return Reason("header-no-message-id", "The message has no Message-ID.", 0.5)


def _encoded_multipart(header: Header) -> Reason | None:
    """RFC 2045 §6.4 forbids it: readers differ on whether the parts are there."""
    for entity, _ in header.entities():
        if (
            "content-transfer-encoding" in entity.fields
            and entity.fields.get("content-type", "").lstrip()[:10].lower() == "multipart/"
            and entity.encoding not in ("7bit", "8bit", "binary")
        ):
            return Reason("header-encoded-parts", "The message encodes its parts as a whole.", 1.5)
    return None


def _no_parts(header: Header) -> Reason | None:
    value = header.fields.get("content-type", "").lstrip()[:10].lower()
    if value != "multipart/" or header.root.kind is not Kind.LEAF:
        return None
    return Reason("header-no-parts", "The message promises parts and has none.", 1.0)


def _nested_boundary(header: Header) -> Reason | None:
    for entity, around in header.entities():
        if around and entity.media.type == "multipart":
            own = entity.media.get("boundary") or ""
            if own and any(own.startswith(outer) or outer.startswith(own) for outer in around):
                return Reason(
                    "header-boundary",
                    "It cannot be told apart where the message's inner and outer parts end.",
                    1.0,
                )
    return None


def _media(header: Header) -> Reason | None:
    value = header.fields.get("content-type")
    if value is None or _MEDIA.match(value):
        return None
    return Reason("header-media", "What the message holds is not said in a way to be read.", 0.5)


SCORING: tuple[Rule, ...] = (
    _repeated,
    _many_lines,
    _no_field,
    _folded_first,
    _spaced,
    _unqualified,
    _several_authors,
    _stray_author,
    _other_address,
    _address_within,
    _encoded_address,
    _direction,
    _no_date,
    _no_message_id,
    _encoded_multipart,
    _no_parts,
    _nested_boundary,
    _media,
)
