"""One bounded look at a message that gathers what rules, classifier and categories need.

`observe` never raises on any octets. At most MAX_TEXT octets of decoded plain text and MAX_MARKUP
of decoded HTML are looked at, over all parts together, and MAX_LINKS links, MAX_ATTACHED
attachments, MAX_DEPTH levels; all work on text is done by C code. Text inside attached messages
counts as text, as a reader would open it.
"""

import re
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from alphorn.message import addresses, charsets, header, parts, words
from alphorn.message.parse import Entity, Fields, Kind
from alphorn.spam import links, markup, phrases
from alphorn.spam.links import WEB, Link
from alphorn.spam.observation import Attached, Observation
from alphorn.spam.values import SpamFacts

MAX_TEXT = 48 * 1024
MAX_MARKUP = 96 * 1024
MAX_LINKS = 300
MAX_ATTACHED = 50
MAX_DEPTH = 10
MAX_HEADER = 64 * 1024
MAX_FROM = 16_384
"""Characters, as `mailauth.dmarc.author` reads them: whoever is proved is to be who is seen."""
MAX_KNOWN = 300
"""Characters of a From field that is remembered, since who writes often writes it alike."""
MAX_SUBJECT = 1000
MAX_NAME = 300
MAX_ADDRESSES = 100
MAX_SHOUTED = 200
MAX_SPELLED = 500

# Looked for in lower case, where alternatives fail at their first letter.
_FIELD = re.compile(
    rb"\n(list-id|list-unsubscribe|list-unsubscribe-post|list-post|precedence|feedback-id|sender"
    rb"|x-mailer|user-agent|x-priority|importance|x-msmail-priority|x-mimeole|mime-version"
    rb"|organization|mailing-list|x-beenthere|x-csa-complaints|x-campaign-?id|x-mailgun-tag|x-sg-eid"
    rb"|x-mc-user|x-feedback-id)"
    rb"[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)"
)
_PLAIN_URL = re.compile(r"(?:https?:/|www(?<!\wwww)\.)[^\s<>\"'\]\x00-\x20]{2,2000}")
# Zero-width and directional characters and the soft hyphen; within words only filters see them.
_INVISIBLE = re.compile("[\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
# What text of ASCII alone is made of in the end: small letters, and one kind of white space.
_FLAT = bytes(32 if chr(n).isspace() else ord(chr(n).lower()) for n in range(128)) + bytes(128)
# Capitals as "A", all else as a space.
_CAPITALS = bytes(65 if 65 <= n <= 90 else 32 for n in range(256))
_SHOUTED = re.compile(rb"AAA+")
MAX_SHOUTED_WORD = 20
_TRAILING = ".,;:!?)}*_"


class Author(NamedTuple):
    """Who is said to have written a message, in lower case; there are `number` of them, and the
    first is meant. `name` is as it stands, "" where there is none."""

    address: str = ""
    domain: str = ""
    name: str = ""
    number: int = 0


def author_of(fields: Fields) -> Author:
    """By its From field (RFC 5322 §3.6.2)."""
    value = fields.get("from", "")
    return _known_author(value) if len(value) <= MAX_KNOWN else _author(value[:MAX_FROM])


def _author(value: str) -> Author:
    authors = addresses.mailboxes(value)
    if not authors:
        return Author()
    first = authors[0]
    address = _lower(first.address).removesuffix(".")
    return Author(address, _lower(first.domain).removesuffix("."), first.name, len(authors))


_known_author = lru_cache(maxsize=1024)(_author)


def observe(raw: bytes, entity: Entity, facts: SpamFacts) -> Observation:
    """What there is to see in the message `raw`, whose parse tree is `entity`."""
    fields = entity.fields
    author = author_of(fields)
    replies = addresses.mailboxes(fields.get("reply-to", "")[:2000])
    to = fields.get("to", "")[:8000]
    recipients = addresses.mailboxes(to + ", " + fields.get("cc", "")[:8000])[:MAX_ADDRESSES]
    body = _Body(raw)
    body.visit(entity, 0)
    plain = "\n".join(body.plain)
    visible = "\n".join(body.visible)
    shown = visible if len(visible) > 20 or not plain else plain
    invisible = 0
    if not shown.isascii():
        shown, invisible = _INVISIBLE.subn("", shown)
    seen = body.markups[0] if len(body.markups) == 1 else markup.together(body.markups)
    found = tuple(body.all_links())
    clicks = tuple([one for one in found if not one.image and one.scheme in WEB])
    text = _flat(shown)[:MAX_TEXT]  # few letters grow in lower case
    return Observation(
        facts=facts,
        size=len(raw),
        subject=words.decode(fields.get("subject", "")[: 4 * MAX_SUBJECT])[:MAX_SUBJECT],
        from_name=words.decode(author.name[: 4 * MAX_NAME])[:MAX_NAME],
        from_address=author.address,
        from_domain=author.domain,
        authors=author.number,
        reply_to=_lower(replies[0].address) if replies else "",
        reply_domain=_lower(replies[0].domain) if replies else "",
        recipients=len(recipients),
        undisclosed="undisclosed" in to[:60].lower() or not recipients,
        recipient_addresses=tuple(_lower(one.address) for one in recipients[:20]),
        fields=_fields(raw, entity.start, min(entity.body, entity.start + MAX_HEADER)),
        content_type=_spelled(fields.get("content-type", "")),
        encoding=_spelled(fields.get("content-transfer-encoding", "")),
        text=text,
        words=phrases.words(text),
        plain=plain,
        visible=visible,
        hidden=" ".join(body.hidden),
        links=found,
        clicks=clicks,
        hosts=frozenset([one.host for one in clicks]),
        attachments=tuple(body.attached),
        shape=tuple(body.shape),
        looks=tuple(seen.looks),
        shouted=tuple(islice(_shouted(shown), MAX_SHOUTED)),
        charsets=tuple(dict.fromkeys(body.charsets)),
        images=seen.images,
        remote_images=seen.remote_images,
        tracking_pixels=seen.tracking_pixels,
        forms=seen.forms,
        passwords=seen.passwords,
        scripts=seen.scripts,
        frames=seen.frames,
        refresh=seen.refresh,
        data_links=seen.data_links,
        tags=seen.tags,
        has_html=bool(body.markups),
        has_plain=bool(body.plain),
        invisible=invisible,
        encoded_text=body.encoded_text,
    )


def _lower(text: str) -> str:
    return charsets.repair(text).lower()[:320]


def _flat(text: str) -> str:
    """In lower case, with single spaces."""
    if text.isascii():
        return b" ".join(text.encode().translate(_FLAT).split()).decode()
    return " ".join(text.lower().split())


def _shouted(text: str) -> dict[str, None]:
    """What stands in three capitals of ASCII or more at the end of a word, each once and in order;
    of more than MAX_SHOUTED_WORD the last ones."""
    found: dict[str, None] = {}
    for match in _SHOUTED.finditer(text.encode("ascii", "replace").translate(_CAPITALS)):
        begin, end = match.span()
        after = text[end : end + 1]
        if not (after.isalnum() or after == "_"):
            found[text[max(begin, end - MAX_SHOUTED_WORD) : end]] = None
    return found


def _spelled(value: str) -> str:
    return charsets.repair(value[:MAX_SPELLED])


def _fields(raw: bytes, start: int, end: int) -> dict[str, str]:
    found: dict[str, str] = {}
    head = b"\n" + raw[start:end]
    for match in _FIELD.finditer(head.lower()):
        key = match[1].decode("ascii")
        if key not in found:
            begin, stop = match.span(2)
            value = head[begin : min(stop, begin + 2000)]
            found[key] = words.decode(header.unfold(value.decode("utf-8", "replace")))
    return found


class _Body:
    """The parts seen so far and how much there is still room for."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.room = MAX_TEXT
        self.markup_room = MAX_MARKUP
        self.plain: list[str] = []
        self.visible: list[str] = []
        self.hidden: list[str] = []
        self.markups: list[markup.Markup] = []
        self.attached: list[Attached] = []
        self.shape: list[str] = []
        self.charsets: list[str] = []
        self.encoded_text = False

    def visit(self, entity: Entity, depth: int) -> None:
        if depth > MAX_DEPTH or len(self.shape) > MAX_ATTACHED:
            return
        if entity.kind is not Kind.LEAF:
            for child in entity.children:
                self.visit(child, depth + 1)
            return
        media = entity.media
        self.shape.append(media.name[:60])
        name = parts.file_name(entity) if self._may_have_name(entity) else ""
        if media.type == "text" and not name:
            charset = media.get("charset")
            if charset:
                self.charsets.append(charset.lower()[:40])
            if media.subtype == "html":
                self._html(entity)
            else:
                self._text(entity)
        elif len(self.attached) < MAX_ATTACHED:
            extension = name.rpartition(".")[2].lower()[:12] if "." in name else ""
            octets = entity.end - entity.body
            self.attached.append(Attached(media.name[:60], extension, name, octets))
            if extension in ("htm", "html", "shtml", "xhtml", "svg"):
                self._html(entity)

    @staticmethod
    def _may_have_name(entity: Entity) -> bool:
        return "content-disposition" in entity.fields or bool(entity.media.parameters)

    def _text(self, entity: Entity) -> None:
        if self.room > 0:
            text = parts.text(self.raw, entity, 2 * self.room)[: self.room]
            self.room -= len(text)
            self.encoded_text |= entity.encoding == "base64" and text.isascii()
            if text and not text.isspace():
                self.plain.append(text)

    def _html(self, entity: Entity) -> None:
        if self.markup_room > 0:
            html = parts.text(self.raw, entity, 2 * self.markup_room)[: self.markup_room]
            self.markup_room -= len(html)
            self.encoded_text |= entity.encoding == "base64" and html.isascii()
            seen = markup.look(html)
            self.markups.append(seen)
            self.visible.append(seen.visible[:MAX_TEXT])
            if seen.hidden:
                self.hidden.append(seen.hidden[:MAX_TEXT])

    def all_links(self) -> list[Link]:
        """Each once: of the markup first, then what stands as text."""
        found = {link: None for one in self.markups for link in one.links}
        texts = [*self.plain, *(self.visible if not found else ())]
        for text in texts:
            lower = phrases.lower(text)
            if "://" not in lower and "www." not in lower:
                continue
            for match in islice(_PLAIN_URL.finditer(lower), MAX_LINKS):
                url = text[match.start() : match.end()].rstrip(_TRAILING)
                link = links.parse(url if url[:4].lower() == "http" else "http://" + url)
                if link is not None:
                    found[link] = None
        return list(islice(found, MAX_LINKS))
