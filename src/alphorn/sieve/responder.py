"""Auto-replies by clicking, and the Sieve that they become (RFC 5230).

`checked` makes a `Responder` from what JSON gives and says which field is wrong; `as_json` is its
inverse. `write` turns one into a script for our own compiler that answers, or does nothing; whether
the message may be answered at all is not its business (`policy.answering`). Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from alphorn.base.address import AddressError, display_domain, parse_foreign
from alphorn.base.fields import FieldError, Fields, line
from alphorn.base.senders import check_pattern
from alphorn.message.compose import multipart, text_part
from alphorn.message.signature import Signature, below_html, below_text, check_id
from alphorn.sieve import responder_times as times
from alphorn.sieve.extensions.vacation import key
from alphorn.sieve.responder_times import Moment, Weekly

PERIOD_DAYS = 7
"""Until the same sender is answered again."""
MAX_ID = 40
MAX_NAME = 100
MAX_SUBJECT = 200
MAX_TEXT = 16 * 1024
"""Octets of UTF-8."""
MAX_HTML = 48 * 1024
MAX_ADDRESS = 320
MAX_EXCLUDED = 100


@dataclass(frozen=True, slots=True)
class Responder:
    """`id` is a word of ours, "" before it has one. Lines end with LF. `html`, `subject`, `sender`
    and `signature` (the id of one) are "" for none: then it is text alone, the subject is made from
    that of the message, the sender is the address that was written to.

    It runs from `start` to `end`, both inclusive, None for without; and if there are `windows`,
    only within these. All times are those of `zone`. `excluded` are addresses and domains that get
    no answer, as `base.senders` writes them.
    """

    id: str
    name: str
    text: str
    html: str = ""
    signature: str = ""
    subject: str = ""
    start: Moment | None = None
    end: Moment | None = None
    zone: str = "UTC"
    windows: tuple[Weekly, ...] = ()
    sender: str = ""
    excluded: tuple[str, ...] = ()


def handle(responder_id: str) -> str:
    """What stands for it in `:handle`, so that a new wording answers nobody again."""
    return f"responder-{responder_id}"


def answer_key(responder_id: str) -> str:
    """`sieve.actions.Vacation.key` of its answers."""
    return key("", "", "", False, handle(responder_id))


def is_running(responder: Responder, now: float) -> bool:
    """Whether it answers at this moment, if it is active. The same as its script finds."""
    if responder.start is not None and now < times.first_second(responder.start, responder.zone):
        return False
    if is_over(responder, now):
        return False
    minutes = int(now) // 60 + times.offset(responder.zone, now)
    weekday, minute = (minutes // times.DAY_MINUTES + 4) % 7, minutes % times.DAY_MINUTES
    return not responder.windows or any(
        times.within(window, weekday, minute) for window in responder.windows
    )


def is_over(responder: Responder, now: float) -> bool:
    """Whether its end has passed, so that it will not answer any more."""
    end = responder.end
    return end is not None and now >= times.after_last_second(end, responder.zone)


# -- JSON ------------------------------------------------------------------------------------------


def checked(value: object, name: str = "responder") -> Responder:
    """From what JSON gives. Raises FieldError."""
    fields = Fields(value, name)
    found = Responder(
        id=check_id(fields.line("id", MAX_ID), f"{name}.id"),
        name=fields.line("name", MAX_NAME),
        text=fields.text("text", MAX_TEXT),
        html=fields.text("html", MAX_HTML, ""),
        signature=fields.line("signature", MAX_ID, ""),
        subject=fields.line("subject", MAX_SUBJECT, ""),
        start=times.read_moment(fields.line("start", 20, ""), f"{name}.start"),
        end=times.read_moment(fields.line("end", 20, ""), f"{name}.end"),
        zone=times.check_zone(fields.line("zone", times.MAX_ZONE, "UTC"), f"{name}.zone"),
        windows=fields.list_of("windows", times.MAX_WINDOWS, times.checked_window),
        sender=_address(fields.line("sender", MAX_ADDRESS, ""), f"{name}.sender"),
        excluded=tuple(dict.fromkeys(fields.list_of("excluded", MAX_EXCLUDED, _pattern))),
    )
    fields.done()
    for field, text in (("name", found.name), ("text", found.text)):
        if not text.strip():
            raise FieldError(f"{name}.{field}", "is empty")
    if found.signature:
        check_id(found.signature, f"{name}.signature")
    if found.start is not None and found.end is not None:
        begins = times.first_second(found.start, found.zone)
        if times.after_last_second(found.end, found.zone) <= begins:
            raise FieldError(f"{name}.end", "lies before the start")
    return found


def as_json(responder: Responder) -> dict[str, object]:
    """What `checked` reads; what is empty is left out."""
    given: dict[str, object] = {
        "id": responder.id,
        "name": responder.name,
        "text": responder.text,
        "html": responder.html,
        "signature": responder.signature,
        "subject": responder.subject,
        "start": times.write_moment(responder.start),
        "end": times.write_moment(responder.end),
        "zone": responder.zone,
        "windows": [times.window_as_json(window) for window in responder.windows],
        "sender": responder.sender,
        "excluded": list(responder.excluded),
    }
    return {name: value for name, value in given.items() if value}


def _address(text: str, field: str) -> str:
    try:
        return str(parse_foreign(text)) if text else ""
    except AddressError as error:
        raise FieldError(field, error.text.rstrip(".")) from error


def _pattern(value: object, field: str) -> str:
    try:
        return check_pattern(line(value, field, MAX_ADDRESS))
    except AddressError as error:
        raise FieldError(field, error.text.rstrip(".")) from error


# -- Sieve -----------------------------------------------------------------------------------------


def write(responder: Responder, signature: Signature | None = None) -> str:
    """The script, with its line ends as LF. It has to run with the offset of the responder's zone
    at that moment (`responder_times.offset`) as its environment's zone."""
    requires = ["vacation"]
    when = times.tests(responder.start, responder.end, responder.zone, responder.windows)
    if when:
        requires.append("date")
        if any(":value" in test for test in when):
            requires.append("relational")
    wanted = list(when)
    excluded = _exclusions(responder.excluded)
    if excluded:
        requires.append("envelope")
        wanted.append("not anyof (" + ",\n      ".join(excluded) + ")")
    act = _vacation(responder, signature)
    lines = [f"# {responder.name}", f"require {_list(requires)};", ""]
    if wanted:
        joined = ",\n    ".join(wanted)
        condition = f"allof ({joined})" if len(wanted) > 1 else joined
        lines += [f"if {condition} {{", act, "}"]
    else:
        lines.append(act)
    return "\n".join(lines) + "\n"


def _vacation(responder: Responder, signature: Signature | None) -> str:
    tags = [f":days {PERIOD_DAYS}", f":handle {_quoted(handle(responder.id))}"]
    if responder.subject:
        tags.append(f":subject {_quoted(responder.subject)}")
    if responder.sender:
        tags.append(f":from {_quoted(responder.sender)}")
    text = below_text(responder.text, signature) if signature is not None else responder.text
    if not responder.html:
        return f"vacation {' '.join(tags)} {_block(text)};"
    html = below_html(responder.html, signature) if signature is not None else responder.html
    return f"vacation {' '.join(tags)} :mime {_block(_entity(text, html))};"


def _entity(text: str, html: str) -> str:
    """Both as a multipart/alternative, in ASCII: a boundary made from a hash of both cannot stand
    in them but by intent, and who would intend that writes to himself."""
    token = sha256(f"{text}\0{html}".encode()).hexdigest()[:32]
    part = multipart("alternative", (text_part(text), text_part(html, "html")), token)
    return (part.head + b"\r\n" + part.body).decode("ascii").replace("\r\n", "\n")


def _exclusions(patterns: Sequence[str]) -> list[str]:
    """Tests of the envelope's sender and of the authors, for each way of naming somebody."""
    groups: dict[str, list[str]] = {":all :is": [], ":domain :is": [], ":domain :matches": []}
    for pattern in patterns:
        if pattern.startswith("."):
            groups[":domain :matches"] += _spellings("*.", pattern[1:])
        elif "@" in pattern:
            local, _, domain = pattern.rpartition("@")
            groups[":all :is"] += _spellings(f"{local}@", domain)
        else:
            groups[":domain :is"] += _spellings("", pattern)
    return [
        f'{test} {tags} "from" {_list(keys)}'
        for tags, keys in groups.items()
        if keys
        for test in ("envelope", "address")
    ]


def _spellings(before: str, domain: str) -> list[str]:
    """As the DNS has the name, and as people may write it (RFC 6531)."""
    return list(dict.fromkeys((before + domain, before + display_domain(domain))))


def _list(words: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, words))}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _block(text: str) -> str:
    """A multi-line string (RFC 5228 §2.4.2), which ends with a line end."""
    stuffed = "\n".join(f".{row}" if row.startswith(".") else row for row in text.split("\n"))
    return f"text:\n{stuffed}{'' if stuffed.endswith(chr(10)) else chr(10)}.\n"


def shown_moment(moment: Moment | None) -> str:
    """For people: "2030-12-24" or "2030-12-24 18:00", "" for none."""
    if isinstance(moment, datetime):
        return moment.strftime("%Y-%m-%d %H:%M")
    return moment.isoformat() if moment is not None else ""
