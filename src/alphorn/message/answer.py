"""The answer of a machine to a message (RFC 3834 §3, RFC 5230 §5), correct in every octet.

To the envelope's sender alone, in the thread of the message, marked so that no machine answers it.
What the owner wrote is text, or with `mime` a MIME entity of which the fields about its content
count and no others: nobody writes a From or a Bcc by it. Time and randomness are passed in.
"""

import re
from dataclasses import dataclass

from alphorn.message import addresses, dates, header, words, write
from alphorn.message.compose import Part, message, text_part
from alphorn.message.mailbox import Mailbox, format_mailbox, format_name, quote

MAX_SUBJECT = 256
"""Characters of a subject, with what is put before it; so many for one made from the message's."""
MAX_REFERENCES = 20
"""Of a longer thread the first and the latest messages are named."""
MAX_VALUE = 64 * 1024
PREFIX = "Auto: "
"""RFC 5230 §5.8"""
SUBJECTS = {
    "en": "Automatic answer",
    "de": "Automatische Antwort",
    "fr": "Réponse automatique",
    "it": "Risposta automatica",
    "es": "Respuesta automática",
}
"""Where the message has none."""

_ID = re.compile(r"<([^<>\s\x00-\x1f]{1,250}@?[^<>\s\x00-\x1f]{0,250})>")
_CONTENT = re.compile(rb"content-[a-z-]+", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Reply:
    """`to` is the envelope's sender of the message; `author` who answers. `subject` is "" for one
    made from the message's. `message_id` is without brackets. `date` is seconds UTC, shown in the
    zone `offset` minutes east."""

    to: str
    author: Mailbox
    text: str
    date: float
    message_id: str
    subject: str = ""
    mime: bool = False
    language: str = "en"
    offset: int | None = 0


def compose(reply: Reply, original: bytes) -> bytes:
    """The answer to `original`, with CRLF line ends. Where `smtputf8_needed` it is to travel by
    SMTPUTF8."""
    fields = [
        write.field("Date", dates.format(reply.date, reply.offset)),
        write.field("From", format_mailbox(reply.author)),
        write.field("To", _recipient(reply.to, original)),
        write.text_field("Subject", subject(reply, original)),
        write.field("Message-ID", f"<{reply.message_id}>"),
        *_thread(original),
        write.field("Auto-Submitted", "auto-replied"),
        # RFC 3834 has no word for this, and not every machine knows RFC 3834.
        write.field("X-Auto-Response-Suppress", "All"),
    ]
    return message(fields, _entity(reply.text) if reply.mime else text_part(reply.text))


def smtputf8_needed(answer: bytes) -> bool:
    """Whether its header is not ASCII, because addresses in it are not (RFC 6532)."""
    return not answer[: header.header_end(answer)].isascii()


def subject(reply: Reply, original: bytes) -> str:
    """The owner's, or the message's behind a prefix (RFC 5230 §5.8); decoded, one line."""
    if reply.subject:
        return _cut(" ".join(words.decode(reply.subject).split()))
    given = " ".join(words.decode((header.get(original, "Subject") or "")[:MAX_VALUE]).split())
    if not given:
        return SUBJECTS.get(reply.language, SUBJECTS["en"])
    return _cut(PREFIX + given)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SUBJECT else text[: MAX_SUBJECT - 1] + "…"


def _recipient(to: str, original: bytes) -> str:
    """The sender, by the name under which the message's header has him."""
    mailbox = addresses.parse_one(to)
    for name in ("From", "Sender", "Reply-To"):
        for one in addresses.mailboxes((header.get(original, name) or "")[:MAX_VALUE]):
            if one.name and one.address.lower() == mailbox.address.lower():
                shown = words.decode(one.name)
                return f"{_quoted(shown)} <{mailbox.address}>"
    return f"<{mailbox.address}>"


def _quoted(name: str) -> str:
    return quote(name) if name.isascii() and name.isprintable() else format_name(name)


def _thread(original: bytes) -> list[bytes]:
    """In-Reply-To and References (RFC 5322 §3.6.4); what is no identifier is left out."""
    own = _ids(original, "Message-ID")[:1]
    before = _ids(original, "References") or _one(_ids(original, "In-Reply-To"))
    if not own:
        return []
    thread = [*(one for one in dict.fromkeys(before) if one != own[0]), own[0]]
    if len(thread) > MAX_REFERENCES:
        thread = [thread[0], *thread[-(MAX_REFERENCES - 1) :]]
    return [
        write.field("In-Reply-To", f"<{own[0]}>"),
        write.field("References", " ".join([f"<{one}>" for one in thread])),
    ]


def _one(ids: list[str]) -> list[str]:
    """Of several nobody knows which one is meant."""
    return ids if len(ids) == 1 else []


def _ids(original: bytes, name: str) -> list[str]:
    # Others than ASCII would make the answer need SMTPUTF8 for nothing.
    value = (header.get(original, name) or "")[:MAX_VALUE]
    return [one for one in _ID.findall(value) if one.isascii()]


def _entity(text: str) -> Part:
    """The MIME entity that a text is (RFC 5230 §4.7): its fields about content, and its body."""
    raw = _LINE_END.sub("\r\n", text).encode("utf-8", "surrogateescape").replace(b"\0", b"")
    begin = header.header_end(raw)
    fields = [
        raw[one.start : one.end].rstrip(b"\r\n") + b"\r\n"
        for one in header.iterate(raw)
        if _CONTENT.fullmatch(one.name) and raw[one.start : one.end].isascii()
    ]
    if not fields and not _has_header(raw):
        return text_part(text)
    names = {field.partition(b":")[0].strip().lower() for field in fields}
    body = raw[begin:]
    if b"content-type" not in names:
        fields.append(b"Content-Type: text/plain; charset=utf-8\r\n")
    if b"content-transfer-encoding" not in names and not body.isascii():
        fields.append(b"Content-Transfer-Encoding: 8bit\r\n")
    return Part(b"".join(fields), body)


def _has_header(raw: bytes) -> bool:
    """Whether what stands before an empty line is a header, and not text alone."""
    return raw.startswith(b"\r\n") or next(iter(header.iterate(raw)), None) is not None
