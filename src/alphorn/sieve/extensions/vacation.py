"""vacation (RFC 5230), vacation-seconds (RFC 6131), and copies of what is sent (fcc, RFC 8580)."""

import hashlib

from alphorn.sieve.actions import Vacation
from alphorn.sieve.call import Call
from alphorn.sieve.errors import RunError
from alphorn.sieve.recipients import normalized, parse_address
from alphorn.sieve.run import Run
from alphorn.sieve.storing import chosen_copy
from alphorn.sieve.table import Command, Extension, Kind, Positional, Signal, Step, Tag

DAY = 86400


def vacation(call: Call) -> Step:
    reason = call.text(0)
    subject = call.tag_text("subject")
    sender = call.tag_text("from")
    handle = call.tag_text("handle")
    addresses = call.tag_texts("addresses")
    mime = call.given("mime")
    copy = chosen_copy(call)
    period = _period(call)
    if sender is not None and sender.constant is not None:
        try:
            parse_address(sender.constant)
        except ValueError as error:
            call.problem(f"cannot send from “{sender.constant[:80]}”: {error}", sender.at)

    def step(run: Run) -> Signal:
        if run.environment.item("imap.cause") is not None:  # RFC 6785 §3.4
            raise RunError("vacation has no sense for a message that is in a mailbox already")
        if any(isinstance(other, Vacation) for other in run.actions):
            raise RunError("vacation can be used only once for a message")  # RFC 5230 §4.7
        text = reason.get(run)
        title = subject.get(run) if subject is not None else ""
        author = sender.get(run) if sender is not None else ""
        if sender is not None and sender.constant is None:
            try:
                parse_address(author)
            except ValueError as error:
                raise RunError(f"cannot send from “{author[:80]}”: {error}") from error
        name = handle.get(run) if handle is not None else None
        run.do(
            Vacation(
                text,
                key(text, title, author, mime, name),
                period,
                " ".join(title.split()),
                author,
                _own(addresses.get(run) if addresses is not None else ()),
                mime,
                copy(run),
                run.line(call.at),
            )
        )
        return None

    return step


def _period(call: Call) -> int:
    """Seconds until the same person is answered again."""
    limits = call.scope.limits
    seconds = call.tag_number("seconds")
    if seconds is not None:
        return min(max(seconds, limits.vacation_shortest), limits.vacation_longest)
    days = call.tag_number("days")
    if days is None:
        return 7 * DAY
    return min(max(days, 1) * DAY, limits.vacation_longest)


def _own(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are addresses; a slip in one must not keep the answer back."""
    found: list[str] = []
    for address in addresses:
        try:
            found.append(normalized(address))
        except ValueError:
            continue
    return tuple(found)


def key(text: str, subject: str, sender: str, mime: bool, handle: str | None) -> str:
    """What tells one answer from another (RFC 5230 §4.2): the handle, or else what is answered."""
    if handle is not None:
        parts = ("handle", handle)
    else:
        parts = ("answer", text, subject, sender, "mime" if mime else "text")  # type: ignore[assignment]
    joined = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(joined).hexdigest()[:32]


VACATION = Extension(
    "vacation",
    "RFC 5230",
    commands=(Command("vacation", vacation, (Positional("reason"),)),),
    tags=(
        Tag("days", ("vacation",), Kind.NUMBER, choice="period"),
        Tag("subject", ("vacation",), Kind.TEXT),
        Tag("from", ("vacation",), Kind.TEXT),
        Tag("addresses", ("vacation",), Kind.TEXTS),
        Tag("mime", ("vacation",)),
        Tag("handle", ("vacation",), Kind.TEXT),
    ),
)
VACATION_SECONDS = Extension(
    "vacation-seconds",
    "RFC 6131",
    tags=(Tag("seconds", ("vacation",), Kind.NUMBER, choice="period"),),
    implies=("vacation",),
)
FCC = Extension("fcc", "RFC 8580", tags=(Tag("fcc", ("vacation", "notify"), Kind.TEXT),))
