"""From a raw message to its `Summary`: the work done once for each message that arrives.

This is the hot path of delivery: one run of a compiled expression over each header, no octet of a
body touched but to find delimiters, count lines and read the first words. Never raises, linear.
"""

import re

from alphorn.message import (
    addresses,
    charsets,
    collate,
    content,
    dates,
    imap_envelope,
    imap_structure,
    offsets,
    words,
)
from alphorn.message.mailbox import Group, Mailbox, flatten
from alphorn.message.parse import Entity, Fields, Kind, parse
from alphorn.message.preview import preview
from alphorn.message.summary import Summary

MAX_SUBJECT = 2000
MAX_MESSAGE_ID = 998
MAX_THREAD_KEYS = 50
MAX_SORT_KEY = 255

_MESSAGE_ID = re.compile(r"<([^<>\x00-\x20\x7f]+)>")
_NOT_IN_ID = re.compile(r"[<>\x00-\x20\x7f]+")
_NO_ATTACHMENT = frozenset(
    (
        ("application", "pgp-signature"),
        ("application", "pkcs7-signature"),
        ("application", "x-pkcs7-signature"),
        ("application", "pgp-encrypted"),
        ("message", "delivery-status"),
        ("message", "global-delivery-status"),
        ("message", "disposition-notification"),
        ("message", "feedback-report"),
    )
)


def summarize(raw: bytes, root: Entity | None = None) -> Summary:
    """Everything that is stored about a message; `root` is its parse tree where there is one."""
    if root is None:
        root = parse(raw)
    fields = root.fields
    get = fields.get
    author = addresses.parse(get("from", ""))
    to = addresses.parse(get("to", ""))
    cc = addresses.parse(get("cc", ""))
    subject = words.decode(get("subject", "")[: 4 * MAX_SUBJECT])[:MAX_SUBJECT]
    own = _identifiers(get("message-id", ""))[:1]
    date = dates.parse(get("date", ""))
    parts = _Parts()
    parts.visit(root, "")
    return Summary(
        size=len(raw),
        header_size=root.body,
        envelope=imap_envelope.render(fields, from_=author, to=to, cc=cc).encode("ascii"),
        structure=imap_structure.render(raw, root).encode("ascii"),
        parts=offsets.pack(root),
        message_id=own[0] if own else "",
        thread_keys=_thread_keys(own, fields),
        subject=subject,
        base_subject=collate.base_subject(subject),
        sent=None if date is None else date.seconds,
        sort_from=_sort_key(author),
        sort_to=_sort_key(to),
        sort_cc=_sort_key(cc),
        preview=preview(raw, parts.plain, parts.html),
        has_attachment=parts.attachment,
        sent_day=None if date is None else (date.seconds + 60 * (date.offset or 0)) // 86400,
        sort_display_from=_sort_display(author),
        sort_display_to=_sort_display(to),
    )


def below(summary: Summary, octets: int) -> Summary:
    """The summary of the same message with so many octets of whole fields put before all others,
    none of which says anything that is in a summary (Return-Path, Delivered-To, ...)."""
    if not octets:
        return summary
    return summary._replace(
        size=summary.size + octets,
        header_size=summary.header_size + octets,
        parts=offsets.moved(summary.parts, octets),
    )


class _Parts:
    """What a walk over the parts finds: the texts to preview, and whether anything is attached."""

    __slots__ = ("attachment", "html", "plain")

    def __init__(self) -> None:
        self.plain: Entity | None = None
        self.html: Entity | None = None
        self.attachment = False

    def visit(self, entity: Entity, parent: str) -> None:
        """`parent` is the subtype of the multipart around `entity`, "" at the top."""
        if entity.kind is Kind.MULTIPART:
            for child in entity.children:
                self.visit(child, entity.media.subtype)
            return
        media = entity.media
        value = entity.fields.get("content-disposition")
        kind, pairs = ("", ()) if value is None else content.disposition(value)
        if media.type == "text" and kind != "attachment":
            if media.subtype == "html":
                self.html = self.html or entity
            elif self.plain is None and media.subtype in ("plain", "enriched", "x-markdown"):
                self.plain = entity
            if parent and not self.attachment:
                names = (*media.parameters, *pairs)
                self.attachment = any(key.startswith(("name", "filename")) for key, _ in names)
        elif not self.attachment and kind == "attachment":
            self.attachment = (media.type, media.subtype) not in _NO_ATTACHMENT
        elif not self.attachment:
            inline = "content-id" in entity.fields and (parent == "related" or kind == "inline")
            returned = parent in ("report", "digest") and media.type == "message"
            self.attachment = not (
                inline or returned or (media.type, media.subtype) in _NO_ATTACHMENT
            )


def _thread_keys(own: list[str], fields: Fields) -> tuple[str, ...]:
    """Message-IDs without brackets: the message's own, In-Reply-To, then References, each once.

    Of more than MAX_THREAD_KEYS the oldest reference (the thread's root) and the latest ones stay.
    """
    replied = _identifiers(fields.get("in-reply-to", ""))[:5]
    references = _identifiers(fields.get("references", ""))
    if not replied and not references:
        return tuple(own)
    room = MAX_THREAD_KEYS - len(own) - len(replied)
    if len(references) > room:
        references = [references[0], *references[1 - room :]]
    return tuple(dict.fromkeys((*own, *replied, *references)))


def _identifiers(value: str) -> list[str]:
    if not value:
        return []
    if not value.isascii():
        value = charsets.repair(value)
    found = _MESSAGE_ID.findall(value)
    if not found and "@" in value:  # some programs forget the brackets
        found = [word for word in _NOT_IN_ID.split(value) if "@" in word][:1]
    return [identifier[:MAX_MESSAGE_ID] for identifier in found]


def _first(parsed: list[Mailbox | Group]) -> Mailbox | None:
    if parsed and isinstance(parsed[0], Mailbox):
        return parsed[0]
    return next(flatten(parsed), None)


def _sort_key(parsed: list[Mailbox | Group]) -> str:
    """The first address's mailbox name, folded (RFC 5256 §3)."""
    mailbox = _first(parsed)
    return "" if mailbox is None else collate.fold(words.decode(mailbox.local)[:MAX_SORT_KEY])


def _sort_display(parsed: list[Mailbox | Group]) -> str:
    """The first address as it is shown, folded (RFC 5957 §3)."""
    mailbox = _first(parsed)
    return "" if mailbox is None else collate.fold(mailbox.display[:MAX_SORT_KEY])
