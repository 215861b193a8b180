"""Reports about single messages in the abuse reporting format (RFC 5965), built and read.

A report has three parts: words for people, fields for programs, and the message or its header.
Reading is lenient and never raises: what comes in is written by others, and may be anything.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from alphorn.message import charsets, dates, header, parts, write
from alphorn.message.comments import strip_comments
from alphorn.message.compose import Part, message, multipart, text_part
from alphorn.message.parse import Entity, Kind, parse

VERSION = 1
MAX_RETURNED = 256 * 1024
"""Octets of a message up to which the whole of it goes into a report, else its header."""
MAX_RETURNED_HEADER = 64 * 1024
MAX_FIELDS = 200
MAX_VALUE = 100_000
MAX_NAMED = 50
"""Domains and addresses of links that one report names."""

_NUMBER = re.compile(r"[0-9]{1,9}")
_PLAIN = re.compile(r"[!-~]+")


class Feedback(StrEnum):
    """What a message is reported as (RFC 5965 §7.3)."""

    ABUSE = "abuse"
    FRAUD = "fraud"
    VIRUS = "virus"
    OTHER = "other"
    NOT_SPAM = "not-spam"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is to be reported. `to` is who gets the report and `author` who writes it; `text` is
    for people. `arrival` is when the message came and `now` when it is reported, in seconds UTC.
    `original` has our own trace fields on top. Empty values are left out."""

    host: str
    author: str
    to: str
    subject: str
    text: str
    original: bytes
    now: float
    kind: Feedback = Feedback.FRAUD
    agent: str = "Alphorn"
    mail_from: str | None = None
    recipients: Sequence[str] = ()
    arrival: float | None = None
    source_ip: str = ""
    domains: Sequence[str] = ()
    uris: Sequence[str] = ()
    authentication: Sequence[str] = ()
    fields: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says; values as written, without folding. `kind` is in lower case, `arrival` in
    seconds UTC or None, `fields` has all other fields by their lower-case names. `original` is the
    message that it is about, or only its header unless `whole`, b"" where neither came with it."""

    kind: str
    agent: str = ""
    version: int = VERSION
    mail_from: str | None = None
    recipients: tuple[str, ...] = ()
    arrival: int | None = None
    source_ip: str = ""
    domains: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    authentication: tuple[str, ...] = ()
    incidents: int = 1
    envelope_id: str | None = None
    reporting_mta: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    original: bytes = b""
    whole: bool = False


def build(complaint: Complaint, token: str) -> bytes:
    """The report as a message. `token` is random, for its Message-ID and boundary."""
    head = [
        write.field("Date", dates.format(complaint.now)),
        write.field("From", complaint.author),
        write.field("To", complaint.to),
        write.text_field("Subject", complaint.subject),
        write.field("Message-ID", f"<{token}@{complaint.host}>"),
        write.field("Auto-Submitted", "auto-generated"),
    ]
    body = multipart(
        "report",
        [text_part(complaint.text), _for_programs(complaint), _returned(complaint.original)],
        token,
        (("report-type", "feedback-report"),),
    )
    return message(head, body)


def _for_programs(complaint: Complaint) -> Part:
    fields = [
        ("Feedback-Type", complaint.kind.value),
        ("User-Agent", f"{complaint.agent}/{VERSION}"),
        ("Version", str(VERSION)),
    ]
    if complaint.mail_from is not None:
        fields.append(("Original-Mail-From", f"<{complaint.mail_from}>"))
    if complaint.arrival is not None:
        fields.append(("Arrival-Date", dates.format(complaint.arrival)))
    fields.append(("Reporting-MTA", f"dns; {complaint.host}"))
    if complaint.source_ip:
        fields.append(("Source-IP", complaint.source_ip))
    for name, values in (
        ("Authentication-Results", complaint.authentication),
        ("Original-Rcpt-To", [f"<{recipient}>" for recipient in complaint.recipients]),
        ("Reported-Domain", complaint.domains),
        # Whoever wrote the message chose them: what is not plain would break the field.
        ("Reported-URI", [uri for uri in complaint.uris if _PLAIN.fullmatch(uri)]),
    ):
        fields += [(name, value) for value in values[:MAX_NAMED]]
    fields += complaint.fields
    body = b"".join([write.field(name, value) for name, value in fields])
    head = write.parameter_field("Content-Type", "message/feedback-report", ())
    return Part(head + _encoding(body), body)


def _returned(original: bytes) -> Part:
    if len(original) <= MAX_RETURNED:
        kind = "message/rfc822"
    else:
        kind = "text/rfc822-headers"
        original = original[: header.header_end(original)][:MAX_RETURNED_HEADER]
    head = write.parameter_field("Content-Type", kind, ())
    head += write.field("Content-Disposition", "attachment")
    return Part(head + _encoding(original), original)


def _encoding(body: bytes) -> bytes:
    return write.field("Content-Transfer-Encoding", "7bit" if body.isascii() else "8bit")


def read(raw: bytes, root: Entity | None = None) -> Report | None:
    """What a report says; None for a message that is none. Never raises."""
    if root is None:
        root = parse(raw)
    about = next((one for one in root.children if _is(one, "message", "feedback-report")), None)
    if root.kind is not Kind.MULTIPART or about is None:
        return None
    single, several = _fields(parts.octets(raw, about, MAX_VALUE))
    arrival = dates.parse(single.pop("arrival-date", "") or single.get("received-date", ""))
    single.pop("received-date", None)
    original, whole = _original(raw, root)
    return Report(
        kind=single.pop("feedback-type", "").lower(),
        agent=single.pop("user-agent", ""),
        version=_number(single.pop("version", ""), VERSION),
        mail_from=single.pop("original-mail-from", None),
        recipients=several["original-rcpt-to"],
        arrival=None if arrival is None else arrival.seconds,
        source_ip=strip_comments(single.pop("source-ip", "")).strip(),
        domains=several["reported-domain"],
        uris=several["reported-uri"],
        authentication=several["authentication-results"],
        incidents=_number(single.pop("incidents", ""), 1),
        envelope_id=single.pop("original-envelope-id", None),
        reporting_mta=single.pop("reporting-mta", None),
        fields=single,
        original=original,
        whole=whole,
    )


_SEVERAL = ("original-rcpt-to", "reported-domain", "reported-uri", "authentication-results")
"""Fields that may come more than once (RFC 5965 §3.3)."""


def _fields(body: bytes) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Fields that come once (the first counts), and those that may come several times."""
    single: dict[str, str] = {}
    several: dict[str, list[str]] = {name: [] for name in _SEVERAL}
    # Some begin with an empty line, which would end a header.
    for number, entry in enumerate(header.iterate(body.lstrip(b"\r\n"))):
        if number >= MAX_FIELDS:
            break
        name = entry.name.decode("ascii", "replace").lower()
        if name in several:
            several[name].append(entry.text)
        else:
            single.setdefault(name, entry.text)
    return single, {name: tuple(values) for name, values in several.items()}


def _original(raw: bytes, root: Entity) -> tuple[bytes, bool]:
    for entity in root.children:
        if entity.kind is Kind.MESSAGE:
            return raw[entity.body : entity.end], True
        if _is(entity, "message", "rfc822"):  # in some transfer encoding, against the rule
            return parts.octets(raw, entity), True
        if entity.media.subtype.startswith("rfc822-header"):  # of "text", if it were up to the rule
            return parts.octets(raw, entity), False
    return b"", False


def _is(entity: Entity, kind: str, subtype: str) -> bool:
    return entity.media.type == kind and entity.media.subtype == subtype


def _number(text: str, otherwise: int) -> int:
    found = _NUMBER.match(charsets.repair(text).strip())
    return otherwise if found is None else int(found[0])
