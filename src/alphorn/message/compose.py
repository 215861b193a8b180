"""Messages built from parts (RFC 5322, RFC 2045, RFC 2046, RFC 2387), correct in every octet.

    mixed ( related ( alternative ( text, html ), inline … ), attachment … )

and of this only what is needed. Addresses outside ASCII make the header UTF-8 (RFC 6532), so that
the message needs SMTPUTF8; everything else travels anywhere. Time and randomness are passed in.
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.message import dates, write
from alphorn.message.mailbox import Group, Mailbox, format_list

MAX_LINE_OCTETS = 998

_LINE_END = re.compile(r"\r\n|\r|\n")
# NUL, white space that transports may drop at a line's end, a line that is too long.
_NOT_7BIT = re.compile(rb"\0|[ \t]\r\n|[^\r\n]{%d}" % (MAX_LINE_OCTETS + 1))
_TOO_LONG = re.compile(rb"([^\n]{74,75})(=20|=09)\r\n")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file; with a `content_id` (without brackets) an inline part that the HTML refers to."""

    name: str
    data: bytes
    media_type: str = "application/octet-stream"
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wrote. `message_id`, `in_reply_to` and `references` are without brackets.

    `date` is seconds UTC, shown in the zone `offset` minutes east. `fields` are further
    unstructured header fields. `text` or `html` may be None, not both where there is no attachment.
    """

    author: Mailbox
    to: Sequence[Mailbox | Group]
    subject: str
    date: float
    message_id: str
    text: str | None = None
    html: str | None = None
    cc: Sequence[Mailbox | Group] = ()
    bcc: Sequence[Mailbox | Group] = ()
    reply_to: Sequence[Mailbox | Group] = ()
    sender: Mailbox | None = None
    in_reply_to: Sequence[str] = ()
    references: Sequence[str] = ()
    attachments: Sequence[Attachment] = ()
    fields: Sequence[tuple[str, str]] = ()
    offset: int | None = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A finished body part: its content header (each field with its CRLF) and its body."""

    head: bytes
    body: bytes

    @property
    def is_7bit(self) -> bool:
        return self.body.isascii()


def compose(draft: Draft, token: str) -> bytes:
    """The message with CRLF line ends. `token` is random and unguessable, for the boundaries."""
    texts = [text_part(draft.text)] if draft.text is not None else []
    if draft.html is not None:
        texts.append(text_part(draft.html, "html"))
    inline = [file_part(file) for file in draft.attachments if file.content_id]
    files = [file_part(file) for file in draft.attachments if not file.content_id]
    body = _combined("alternative", texts, f"{token}a")
    body = _combined("related", [*body, *inline], f"{token}r")
    body = _combined("mixed", [*body, *files], f"{token}m")
    return message(_header(draft), body[0] if body else text_part(""))


def _combined(subtype: str, parts: list[Part], token: str) -> list[Part]:
    return [multipart(subtype, parts, token)] if len(parts) > 1 else parts


def message(fields: Sequence[bytes], body: Part) -> bytes:
    """A message of these fields (each with its CRLF) and one part; adds MIME-Version."""
    return b"".join((*fields, b"MIME-Version: 1.0\r\n", body.head, b"\r\n", body.body))


def _header(draft: Draft) -> list[bytes]:
    fields = [
        write.field("Date", dates.format(draft.date, draft.offset)),
        write.field("From", format_list([draft.author])),
    ]
    if draft.sender is not None:
        fields.append(write.field("Sender", format_list([draft.sender])))
    for name, entries in (
        ("Reply-To", draft.reply_to),
        ("To", draft.to),
        ("Cc", draft.cc),
        ("Bcc", draft.bcc),
    ):
        if entries:
            fields.append(write.field(name, format_list(entries)))
    fields.append(write.text_field("Subject", draft.subject))
    fields.append(write.field("Message-ID", f"<{draft.message_id}>"))
    for name, ids in (("In-Reply-To", draft.in_reply_to), ("References", draft.references)):
        if ids:
            fields.append(write.field(name, " ".join([f"<{one}>" for one in ids])))
    fields += [write.text_field(name, value) for name, value in draft.fields]
    return fields


def text_part(text: str, subtype: str = "plain") -> Part:
    """A text part in UTF-8, in the lightest encoding that arrives unchanged."""
    data = _LINE_END.sub("\r\n", text).encode("utf-8", "replace")
    if data and not data.endswith(b"\r\n"):
        data += b"\r\n"
    charset = "us-ascii" if data.isascii() else "utf-8"
    head = write.parameter_field("Content-Type", f"text/{subtype}", (("charset", charset),))
    if data.isascii() and not _NOT_7BIT.search(data):
        return Part(head + _encoding("7bit"), data)
    quoted = quoted_printable(data)
    if len(quoted) <= (len(data) + 2) // 3 * 4 * 78 // 76:
        return Part(head + _encoding("quoted-printable"), quoted)
    return Part(head + _encoding("base64"), base64(data))


def file_part(file: Attachment) -> Part:
    """An attachment or inline part; a message/rfc822 goes in as it is (RFC 2046 §5.2.1)."""
    kind = "inline" if file.content_id else "attachment"
    name = (("name", file.name),) if file.name else ()
    filename = (("filename", file.name),) if file.name else ()
    head = write.parameter_field("Content-Type", file.media_type, name)
    head += write.parameter_field("Content-Disposition", kind, filename)
    if file.content_id:
        head += write.field("Content-ID", f"<{file.content_id}>")
    if file.media_type.lower() in ("message/rfc822", "message/global"):
        return Part(head + _encoding("7bit" if file.data.isascii() else "8bit"), file.data)
    return Part(head + _encoding("base64"), base64(file.data))


def multipart(
    subtype: str, parts: Sequence[Part], token: str, parameters: tuple[tuple[str, str], ...] = ()
) -> Part:
    """A multipart of these parts; `token` must occur in none of them."""
    boundary = f"=_{token}"
    head = write.parameter_field(
        "Content-Type", f"multipart/{subtype}", (*parameters, ("boundary", boundary))
    )
    if not all(part.is_7bit for part in parts):
        head += _encoding("8bit")
    delimiter = b"--" + boundary.encode()
    pieces: list[bytes] = []
    for part in parts:
        pieces += (delimiter, b"\r\n", part.head, b"\r\n", part.body, b"\r\n")
    return Part(head, b"".join((*pieces, delimiter, b"--\r\n")))


def quoted_printable(data: bytes) -> bytes:
    """Text with CRLF line ends in quoted-printable (RFC 2045 §6.7)."""
    # The C encoder takes its soft line ends from the first line end that it sees.
    coded = binascii.b2a_qp(b"\r\n" + data, quotetabs=False, istext=True)[2:]
    # It lets white space at a line's end, which it encodes, make the line too long.
    return _TOO_LONG.sub(rb"\1=\r\n\2\r\n", coded)


def base64(data: bytes) -> bytes:
    """Base64 in lines of 76 (RFC 2045 §6.8), made by C code in one go."""
    coded = binascii.b2a_base64(data, newline=False)
    return b"".join([coded[at : at + 76] + b"\r\n" for at in range(0, len(coded), 76)])


def _encoding(name: str) -> bytes:
    return b"Content-Transfer-Encoding: " + name.encode() + b"\r\n"
