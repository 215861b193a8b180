"""Rules on headers that refuse: what no honest program writes. Each gives its own reason."""

import re

from alphorn.mailauth.dmarc.author import domain
from alphorn.message import charsets, words
from alphorn.message.parse import MAX_HEADER
from alphorn.policy.decision import Reason
from alphorn.policy.header_view import MAX_FROM, Header, Rule, repeated

MAX_FIELDS = 1000
MAX_PART_HEADER = 16 * 1024
"""Octets of a part's header that are looked at."""

MAX_PART_HEADERS = 4 * 1024 * 1024
"""Octets of the headers of all parts together. Who forwards hundreds of messages has less."""

MAX_ZONE = 14 * 60
"""Minutes from UTC: Kiribati is that far, and nobody farther."""

# ISO-2022-JP needs ESC, SO and SI.
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x10-\x1a\x1c-\x1f\x7f]")
_DECODED_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MARKUP = re.compile(r"<\s*/?(?:script|img|iframe|svg|object|embed|style|body)[\s/>]", re.I)
_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f.:]{2,45}\]", re.I)
_FIELD_BEGIN = re.compile(rb"\n[^ \t\r\n]")
_CONTENT = ("content-type", "content-transfer-encoding", "content-disposition")


def too_large(header: Header) -> Reason | None:
    """Asked first: nothing else is asked of such a header."""
    if header.root.body > MAX_HEADER or (
        header.lines > MAX_FIELDS and len(_FIELD_BEGIN.findall(header.head)) > MAX_FIELDS
    ):
        return Reason("header-too-large", "The header of the message is absurdly large.")
    if header.part_headers > MAX_PART_HEADERS:
        return Reason("header-too-large", "The headers of its parts are absurdly large.")
    return None


def _null(header: Header) -> Reason | None:
    if b"\0" not in header.head:
        return None
    return Reason("header-null", "There is a null character in the header of the message.")


def _bare_cr(header: Header) -> Reason | None:
    if header.head.count(b"\r") == header.head.count(b"\r\n"):
        return None
    return Reason(
        "header-bare-cr",
        "There is a lone carriage return in the header, which some programs take for a line's end.",
    )


def _several_from(header: Header) -> Reason | None:
    if len(header.repeated.get("from", ())) < 2:
        return None
    return Reason("header-several-from", "The message names its author twice, and differently.")


def _several_subjects(header: Header) -> Reason | None:
    if len(header.repeated.get("subject", ())) < 2:
        return None
    return Reason("header-several-subjects", "The message has several different subjects.")


def _several_contents(header: Header) -> Reason | None:
    """Of the message, and of each of its parts."""
    for entity, around in header.entities():
        if around:
            end = min(entity.body, entity.start + MAX_PART_HEADER)
            found = repeated(b"\n" + header.raw[entity.start : end])
        else:
            found = header.repeated
        if found and any(len(found.get(name, ())) > 1 for name in _CONTENT):
            return Reason(
                "header-several-contents", "The message says twice, and differently, what it holds."
            )
    return None


def _several_boundaries(header: Header) -> Reason | None:
    for entity, _ in header.entities():
        parameters = entity.media.parameters
        told = {value for name, value in parameters if name == "boundary"}
        # In pieces, or encoded (RFC 2231), only some programs find it.
        if len(told) > 1 or "boundary*" in entity.fields.get("content-type", "").lower():
            return Reason(
                "header-boundaries", "The message says twice, and differently, how its parts end."
            )
    return None


def _no_from(header: Header) -> Reason | None:
    if "from" in header.fields or header.is_report:
        return None
    return Reason("header-no-from", "The message does not say who wrote it: it has no From field.")


def _no_author(header: Header) -> Reason | None:
    value = header.fields.get("from")
    if value is None or header.is_report:
        return None
    if ":" in value and "@" not in value:  # an empty group is lawful (RFC 6854 §3)
        return None
    if any(author.local or author.domain for author in header.authors):
        return None
    return Reason("header-no-author", "There is no address in the From field of the message.")


def _control(header: Header) -> Reason | None:
    if not _CONTROL.search(header.fields.get("from", "")):
        return None
    return Reason("header-control", "There are control characters in the From field.")


def _hidden(header: Header) -> Reason | None:
    for author in header.authors:
        address = f"{author.local}@{author.domain}"
        if "=?" in address:
            decoded = words.decode_words(address)
            if decoded.count("@") > 1 or _DECODED_CONTROL.search(decoded):
                return Reason(
                    "header-hidden", "The author's address hides another one in encoded words."
                )
    return None


def _markup(header: Header) -> Reason | None:
    if not _MARKUP.search(header.fields.get("from", "")):
        return None
    return Reason("header-markup", "The From field holds a piece of a web page.")


def _domains(header: Header) -> Reason | None:
    """RFC 5322 §3.6.2 demands a Sender where there are several authors."""
    if len(header.authors) < 2 or "sender" in header.fields:
        return None
    domains = {author.domain.lower().rstrip(".") for author in header.authors if author.domain}
    if len(domains) < 2:
        return None
    return Reason(
        "header-domains",
        "The message names authors of different domains and does not say which of them sent it.",
    )


def _long_from(header: Header) -> Reason | None:
    """Of which some programs would read one part and some another."""
    if len(header.fields.get("from", "")) <= MAX_FROM:
        return None
    return Reason("header-long-from", "The From field of the message is absurdly long.")


def _no_domain(header: Header) -> Reason | None:
    """No policy could be asked for there, and what readers see of it may be another's domain."""
    for author in header.authors:
        name = charsets.repair(author.domain)
        if name and not domain(name) and not _LITERAL.fullmatch(name):
            return Reason(
                "header-no-domain", "The author's address is in a domain that cannot exist."
            )
    return None


def _zone(header: Header) -> Reason | None:
    if header.date is None or abs(header.date.offset or 0) <= MAX_ZONE:
        return None
    return Reason("header-zone", "The date of the message is in a time zone that does not exist.")


def _fragment(header: Header) -> Reason | None:
    """RFC 2046 §5.2.2.1: the reader's program joins fragments, behind every filter."""
    if header.root.media.name != "message/partial":
        return None
    return Reason(
        "header-fragment", "The message is a fragment of a larger one, so that nobody can check it."
    )


REFUSING: tuple[Rule, ...] = (
    _null,
    _bare_cr,
    _several_from,
    _several_subjects,
    _several_contents,
    _several_boundaries,
    _no_from,
    _no_author,
    _control,
    _hidden,
    _markup,
    _domains,
    _long_from,
    _no_domain,
    _zone,
    _fragment,
)
