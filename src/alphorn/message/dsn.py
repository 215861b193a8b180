"""Delivery status notifications (RFC 3461 §6, RFC 3462, RFC 3464, RFC 6533).

A report has three parts: words for people, fields for programs, and the message or its header. It
goes to the envelope sender from the null reverse-path; it must never be made for a message that
itself had a null reverse-path (RFC 3461 §6.1), which is the caller's to see.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from time import gmtime, strftime

from alphorn.message import dates, dsn_texts, header, words, write
from alphorn.message.compose import Part, message, multipart, text_part
from alphorn.message.mailbox import Mailbox, format_mailbox

MAX_RETURNED = 256 * 1024
MAX_RETURNED_HEADER = 64 * 1024
MAX_DIAGNOSTIC = 2000
MAX_SUBJECT = 120
WIDTH = 72

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")


class Action(Enum):
    """RFC 3464 §2.3.3. (An expansion of a list is not reported by us.)"""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"


_DEFAULT_STATUS = {
    Action.FAILED: "5.0.0",
    Action.DELAYED: "4.0.0",
    Action.DELIVERED: "2.0.0",
    Action.RELAYED: "2.0.0",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """What became of one recipient.

    `original` is ORCPT as given ("rfc822;anna@example.test"). `status` is an enhanced code.
    `remote` names the server that answered, and `diagnostic` is its whole answer ("550 5.1.1 …");
    without a `remote` the diagnostic is our own text. Times are seconds UTC.
    """

    address: str
    action: Action
    status: str = ""
    diagnostic: str = ""
    remote: str = ""
    original: str | None = None
    last_attempt: float | None = None
    retry_until: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What to report. `ret` and `envid` are those of the MAIL command (RFC 3461 §4.3, §4.4).

    There is at least one recipient. `host` is our name in the report, and `domain` that in whose
    name it is written where it is not the host's; `arrival` and `now` are seconds UTC.
    `full_limit` is the size up to which RET=FULL returns the whole message.
    """

    host: str
    to: str
    original: bytes
    recipients: Sequence[Recipient]
    arrival: float
    now: float
    ret: str | None = None
    envid: str | None = None
    language: str = dsn_texts.FALLBACK
    full_limit: int = MAX_RETURNED
    domain: str = ""


def report(request: Report, token: str) -> bytes:
    """The report as a message. `token` is random, for its Message-ID and boundary.

    The most serious action gives the subject; recipients are grouped by action.
    """
    texts = dsn_texts.texts(request.language)
    subject = words.decode(header.get(request.original, "Subject") or "")
    shown = textwrap.shorten(subject, MAX_SUBJECT, placeholder=" …") if subject else "—"
    worst = next(a for a in Action if any(r.action is a for r in request.recipients))
    title, _ = _words(texts, worst)
    name = texts.signature.format(host=request.host)
    author = Mailbox(name, "MAILER-DAEMON", request.domain or request.host)
    fields = [
        write.field("Date", dates.format(request.now)),
        write.field("From", format_mailbox(author)),
        write.field("To", request.to),
        write.text_field("Subject", title.format(subject=shown)),
        write.field("Message-ID", f"<{token}@{request.host}>"),
        write.field("Auto-Submitted", "auto-replied"),
    ]
    international = not all(r.address.isascii() for r in request.recipients)
    body = multipart(
        "report",
        [
            text_part(_for_people(request, texts, shown)),
            _for_programs(request, international),
            _returned(request),
        ],
        token,
        (("report-type", "global-delivery-status" if international else "delivery-status"),),
    )
    return message(fields, body)


def _words(texts: dsn_texts.Texts, action: Action) -> tuple[str, str]:
    return {
        Action.FAILED: texts.failed,
        Action.DELAYED: texts.delayed,
        Action.DELIVERED: texts.delivered,
        Action.RELAYED: texts.relayed,
    }[action]


def _for_people(request: Report, texts: dsn_texts.Texts, subject: str) -> str:
    paragraphs: list[str] = []
    for action in Action:
        concerned = [r for r in request.recipients if r.action is action]
        if concerned:
            paragraphs.append(_wrapped(_words(texts, action)[1]))
            paragraphs += [_about_recipient(r, texts) for r in concerned]
    about = texts.about.format(subject=subject, date=_moment(request.arrival))
    paragraphs.append(_wrapped(f"{about} {texts.attached}"))
    paragraphs.append(f"-- \n{texts.signature.format(host=request.host)}")
    return "\n\n".join(paragraphs) + "\n"


def _about_recipient(recipient: Recipient, texts: dsn_texts.Texts) -> str:
    lines = [f"  {recipient.address}"]
    if recipient.diagnostic:
        said = _one_line(recipient.diagnostic)
        lead = texts.said.format(server=recipient.remote) if recipient.remote else texts.reason
        lines.append(_wrapped(f"{lead}: {said}", "    "))
    elif recipient.status:
        lines.append(_wrapped(f"{texts.reason}: {recipient.status}", "    "))
    if recipient.retry_until is not None and recipient.action is Action.DELAYED:
        until = texts.until.format(date=_moment(recipient.retry_until))
        lines.append(_wrapped(f"{until}.", "    "))
    return "\n".join(lines)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _moment(seconds: float) -> str:
    """A moment as people of every language read it."""
    return strftime("%Y-%m-%d %H:%M UTC", gmtime(seconds))


def _for_programs(request: Report, international: bool) -> Part:
    """message/delivery-status, or message/global-delivery-status (RFC 6533 §4)."""
    lines = [write.field("Reporting-MTA", f"dns; {request.host}")]
    if request.envid:
        lines.append(write.field("Original-Envelope-Id", _from_xtext(request.envid)))
    lines.append(write.field("Arrival-Date", dates.format(request.arrival)))
    for recipient in request.recipients:
        lines += [b"\r\n", *_recipient_fields(recipient)]
    subtype = "global-delivery-status" if international else "delivery-status"
    head = write.parameter_field("Content-Type", f"message/{subtype}", ())
    body = b"".join(lines)
    if not body.isascii():
        head += write.field("Content-Transfer-Encoding", "8bit")
    return Part(head, body)


def _recipient_fields(recipient: Recipient) -> list[bytes]:
    fields = []
    if recipient.original:
        kind, _, address = recipient.original.partition(";")
        fields.append(write.field("Original-Recipient", f"{kind};{_from_xtext(address)}"))
    kind = "rfc822" if recipient.address.isascii() else "utf-8"
    status = recipient.status
    if not _STATUS.fullmatch(status):
        status = _DEFAULT_STATUS[recipient.action]
    fields.append(write.field("Final-Recipient", f"{kind};{recipient.address}"))
    fields.append(write.field("Action", recipient.action.value))
    fields.append(write.field("Status", status))
    if recipient.remote:
        fields.append(write.field("Remote-MTA", f"dns; {recipient.remote}"))
    if recipient.diagnostic:
        kind = "smtp" if recipient.remote else "x-alphorn"
        said = _one_line(recipient.diagnostic).encode("ascii", "replace").decode()
        fields.append(write.field("Diagnostic-Code", f"{kind}; {said}"))
    if recipient.last_attempt is not None:
        fields.append(write.field("Last-Attempt-Date", dates.format(recipient.last_attempt)))
    if recipient.retry_until is not None and recipient.action is Action.DELAYED:
        fields.append(write.field("Will-Retry-Until", dates.format(recipient.retry_until)))
    return fields


def _returned(request: Report) -> Part:
    """The message where it was asked for and failed, else its header (RFC 3461 §6.2)."""
    original = request.original
    failed = any(recipient.action is Action.FAILED for recipient in request.recipients)
    end = header.header_end(original)
    utf8 = not original[:end].isascii()
    if failed and request.ret == "FULL" and len(original) <= request.full_limit:
        media, data = "message/global" if utf8 else "message/rfc822", original
    else:
        media = "message/global-headers" if utf8 else "text/rfc822-headers"
        data = original[: min(end, MAX_RETURNED_HEADER)].rstrip(b"\r\n") + b"\r\n"
    head = write.parameter_field("Content-Type", media, ())
    if not data.isascii():
        head += write.field("Content-Transfer-Encoding", "8bit")
    return Part(head, data)


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()[:MAX_DIAGNOSTIC]


def _from_xtext(text: str) -> str:
    """RFC 3461 §4: `+` and two hexadecimal digits stand for a character."""
    return _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)
