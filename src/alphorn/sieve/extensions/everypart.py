"""foreverypart (RFC 5703 §3), extracttext (§7), replace (§5) and enclose (§6).

Parts are gone through depth first, the message itself before them; a loop within a loop goes
through what lies below the part of the outer one. A part that was replaced is
not gone through again.
"""

import hashlib
import re

from alphorn.message import compose, header, write
from alphorn.message.parse import Kind as EntityKind
from alphorn.sieve.call import Call
from alphorn.sieve.errors import RunError
from alphorn.sieve.extensions.editheader import OURS
from alphorn.sieve.extensions.variables import assigner
from alphorn.sieve.fields import is_name
from alphorn.sieve.mail import Mail, leaves
from alphorn.sieve.recipients import parse_address
from alphorn.sieve.run import Run
from alphorn.sieve.table import BREAK, Command, Extension, Kind, Positional, Signal, Step, Tag

_CONTENT = re.compile(rb"content-[a-z-]+|mime-version", re.IGNORECASE)
_BARE_LF = re.compile(r"(?<!\r)\n")


def foreverypart(call: Call) -> Step:
    label = call.tag_text("name")
    name = BREAK + ((label.constant or "") if label is not None else "")
    block = call.block
    if block is None:
        return lambda run: None
    body = block

    def step(run: Run) -> Signal:
        outer, number = run.part, run.part_number
        at = 0 if outer is None else number + 1
        try:
            seen, below = None, 0
            while True:
                parts = run.mail.entities
                if run.mail is not seen:
                    seen = run.mail
                    below = len(parts) if outer is None else number + len(leaves(parts[number]))
                if at >= below:
                    return None
                run.part, run.part_number = parts[at], at
                run.replaced = False
                run.spend(1)
                signal = body(run)
                if signal == BREAK or (signal == name and label is not None):
                    return None
                if signal is not None:
                    return signal
                at += len(leaves(run.mail.entities[at])) if run.replaced else 1
        finally:
            run.replaced = False
            run.part_number = number
            run.part = None if outer is None else run.mail.entity(number)

    return step


def break_(call: Call) -> Step:
    label = call.tag_text("name")
    loops = call.scope.loops
    if not loops:
        call.problem("break stands outside of foreverypart")
    name = label.constant if label is not None else ""
    if label is not None and (name not in loops or not name):
        call.problem(f"there is no loop around it that is named “{(name or '')[:40]}”", label.at)
    signal = BREAK + (name or "")
    return lambda run: signal


def extracttext(call: Call) -> Step:
    """The text of the part, its beginning with :first; "" of what is no text."""
    if not call.scope.loops:
        call.problem("extracttext stands outside of foreverypart")
    call.require("variables", "extracttext")
    assign = assigner(call, 0)
    first = call.tag_number("first")

    def step(run: Run) -> Signal:
        part = run.part
        text = ""
        if part is not None and part.kind is EntityKind.LEAF and part.media.type == "text":
            text = run.mail.text(part)
        assign(run, text if first is None else text[:first])
        return None

    return step


def replace(call: Call) -> Step:
    """The part, or outside of a loop the message's body, becomes this text, or with :mime this
    entity. Of a whole message the subject and author can change with it."""
    text = call.text(0)
    mime = call.given("mime")
    subject = call.tag_text("subject")
    sender = call.tag_text("from")
    if sender is not None and sender.constant is not None:
        try:
            parse_address(sender.constant)
        except ValueError as error:
            call.problem(f"“{sender.constant[:80]}” cannot be the author: {error}", sender.at)

    def step(run: Run) -> Signal:
        fields, body = _entity(text.get(run), mime)
        mail = run.mail
        if run.part is not None and run.part_number > 0:
            part = run.part
            rest = _without_content(mail.raw[part.start : part.body])
            head = rest + fields + b"\r\n"
            raw = mail.raw[: part.start] + head + body + mail.raw[part.end :]
        else:
            rest = _without_content(mail.head)
            if subject is not None:
                rest = header.remove(rest, ("Subject",))
                rest += write.text_field("Subject", subject.get(run))
            if sender is not None:
                rest = header.remove(rest, ("From",))
                rest += write.field("From", _author(sender.get(run)))
            raw = rest + b"MIME-Version: 1.0\r\n" + fields + b"\r\n" + body
        _become(run, raw)
        run.replaced = True
        return None

    return step


def enclose(call: Call) -> Step:
    """The message becomes the attachment of a new one with this text (§6)."""
    text = call.text(0)
    subject = call.tag_text("subject")
    headers = call.tag_texts("headers")

    def step(run: Run) -> Signal:
        mail = run.mail
        fields = [bytes(_kept(mail))]
        if subject is not None:
            fields = [header.remove(fields[0], ("Subject",))]
            fields.append(write.text_field("Subject", subject.get(run)))
        for line in headers.get(run) if headers is not None else ():
            name, colon, value = line.partition(":")
            if not colon or not is_name(name.strip()):
                raise RunError(f"“{line[:40]}” is no header field")
            if name.strip().lower() in OURS:
                continue
            fields.append(write.text_field(name.strip(), " ".join(value.split())))
        token = hashlib.sha256(mail.raw).hexdigest()[:32]
        inner = compose.file_part(compose.Attachment("", mail.raw, "message/rfc822"))
        body = compose.multipart("mixed", [compose.text_part(text.get(run)), inner], token)
        _become(run, compose.message(fields, body))
        return None

    return step


def _kept(mail: Mail) -> bytes:
    """The fields of a message that a message around it has too."""
    return b"".join(
        mail.head[field.start : field.end]
        for field in header.iterate(mail.head)
        if not _CONTENT.fullmatch(field.name)
    )


def _without_content(head: bytes) -> bytes:
    """The fields of a header that do not say what the body is."""
    return b"".join(
        head[field.start : field.end]
        for field in header.iterate(head)
        if not _CONTENT.fullmatch(field.name)
    )


def _entity(text: str, mime: bool) -> tuple[bytes, bytes]:
    """The fields and the body of a text, or of an entity that is written out."""
    if not mime:
        part = compose.text_part(text)
        return part.head, part.body
    raw = _BARE_LF.sub("\r\n", text).encode("utf-8", "surrogateescape")
    body = header.header_end(raw)
    return b"".join(
        raw[field.start : field.end]
        for field in header.iterate(raw)
        if _CONTENT.fullmatch(field.name) and field.name.lower() != b"mime-version"
    ), raw[body:]


def _author(text: str) -> str:
    try:
        parse_address(text)
    except ValueError as error:
        raise RunError(f"“{text[:80]}” cannot be the author: {error}") from error
    return text


def _become(run: Run, raw: bytes) -> None:
    run.rewritten += len(raw)
    if run.rewritten > run.limits.message:
        raise RunError(f"more than {run.limits.message} octets were written anew")
    run.spend(10 + len(raw) // (1 << 16))
    run.mail = Mail(raw)
    if run.part is not None:
        run.part = run.mail.entity(run.part_number)


FOREVERYPART = Extension(
    "foreverypart",
    "RFC 5703 §3",
    commands=(
        Command("foreverypart", foreverypart, block=True, loop=True),
        Command("break", break_),
    ),
    tags=(Tag("name", ("foreverypart", "break"), Kind.TEXT),),
)
EXTRACTTEXT = Extension(
    "extracttext",
    "RFC 5703 §7",
    commands=(Command("extracttext", extracttext, (Positional("variable"),), ("modifiers",)),),
    tags=(Tag("first", ("extracttext",), Kind.NUMBER),),
)
REPLACE = Extension(
    "replace",
    "RFC 5703 §5",
    commands=(Command("replace", replace, (Positional("replacement"),)),),
    tags=(
        Tag("mime", ("replace",)),
        Tag("subject", ("replace",), Kind.TEXT),
        Tag("from", ("replace",), Kind.TEXT),
    ),
)
ENCLOSE = Extension(
    "enclose",
    "RFC 5703 §6",
    commands=(Command("enclose", enclose, (Positional("text"),)),),
    tags=(
        Tag("subject", ("enclose",), Kind.TEXT),
        Tag("headers", ("enclose",), Kind.TEXTS),
    ),
)
