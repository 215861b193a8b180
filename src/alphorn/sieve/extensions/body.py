"""body (RFC 5173): what stands in the message itself. Never sets match variables (§6)."""

import re

from alphorn.message import charsets, parts
from alphorn.message.content import IDENTITY_ENCODINGS
from alphorn.message.parse import Entity
from alphorn.message.parse import Kind as EntityKind
from alphorn.sieve.call import Call
from alphorn.sieve.mail import MAX_TEXT, Mail, leaves
from alphorn.sieve.matching import LONG, make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Positional, Tag, Test

ENCODINGS = IDENTITY_ENCODINGS | {"base64", "quoted-printable"}


def body(call: Call) -> Check:
    match = make_matcher(call, call.texts(0))
    wanted = call.tag_texts("content")
    raw = call.given("raw")

    def check(run: Run) -> bool:
        if not has_body(run.mail):
            return False
        before = run.matches
        if raw:
            found = [raw_body(run.mail)]
        elif wanted is not None:
            found = contents(run.mail, wanted.get(run))
        else:
            found = texts(run.mail)
        run.spend(sum(map(len, found)) // LONG + len(found))
        verdict = match(run, found)
        run.matches = before
        return verdict

    return check


def has_body(mail: Mail) -> bool:
    """Without an empty line behind the header there is no body, not even an empty one (§4)."""
    return mail.head.endswith((b"\n\r\n", b"\n\n")) or mail.head in (b"\r\n", b"\n")


def raw_body(mail: Mail) -> str:
    """Everything behind the header, undecoded (§5.1)."""
    return charsets.decode_unlabelled(mail.raw[len(mail.head) : len(mail.head) + MAX_TEXT])


def texts(mail: Mail) -> list[str]:
    """The text of all text parts (§5.3)."""
    return [
        mail.text(part)
        for part in leaves(mail.root)
        if part.kind is EntityKind.LEAF and _is_text(part)
    ]


def _is_text(part: Entity) -> bool:
    """Whether a person could read it. What names two subtypes names none, and what is encoded in a
    way nobody knows is data (RFC 2045 §6.4)."""
    if part.media.type != "text" and part.media.name != "application/xhtml+xml":
        return False
    stated = part.fields.get("content-type", "").partition(";")[0]
    return stated.count("/") <= 1 and part.encoding in ENCODINGS


def contents(mail: Mail, wanted: tuple[str, ...]) -> list[str]:
    """The parts of these media types, transfer encoding undone (§5.2)."""
    found: list[str] = []
    types = [one.lower() for one in wanted if _is_type(one)]
    for part in leaves(mail.root):
        if any(one in ("", part.media.type, part.media.name) for one in types):
            found += _strings(mail.raw, part)
    return found


def _is_type(text: str) -> bool:
    """A type, a type with its subtype, or nothing at all for every part."""
    return text.count("/") <= 1 and not text.startswith("/") and not text.endswith("/")


def _strings(raw: bytes, part: Entity) -> list[str]:
    """Of a multipart what stands before and behind its parts; of a message its header."""
    if part.kind is EntityKind.LEAF:
        return [parts.text(raw, part, MAX_TEXT)]
    if part.kind is EntityKind.MESSAGE:
        inner = part.children[0]
        head = raw[inner.start : inner.body]
        end = re.search(rb"(?:\A|(?<=\n))\r?\n\Z", head)
        return [charsets.decode_unlabelled(head[: end.start()] if end else head)]
    boundary = (part.media.get("boundary") or "").rstrip(" \t").encode("utf-8", "surrogateescape")
    begin = raw.rfind(b"--" + boundary, part.body, part.children[0].start)
    prologue = raw[part.body : max(begin, part.body)]
    last = part.children[-1].end
    closing = raw.find(b"\n--" + boundary + b"--", max(last - 1, 0), part.end)
    line = raw.find(b"\n", closing + 1, part.end) if closing >= 0 else -1
    epilogue = raw[line + 1 : part.end] if line >= 0 else b""
    return [charsets.decode_unlabelled(one[:MAX_TEXT]) for one in (prologue, epilogue)]


BODY = Extension(
    "body",
    "RFC 5173",
    tests=(Test("body", body, (Positional("key list", Kind.TEXTS),), ("match",)),),
    tags=(
        Tag("raw", ("body",), choice="transform"),
        Tag("text", ("body",), choice="transform"),
        Tag("content", ("body",), Kind.TEXTS, choice="transform"),
    ),
)
