"""Notifications by mail that an owner's rules ask for (RFC 5435, RFC 5436).

They come from the null sender, carry the Received fields of the message that they are about, and
are marked as a machine's; of a message that is so marked itself there is none. So they begin no
loop, and there is a bound on their number in an hour.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from alphorn.base.errors import AlphornError
from alphorn.directory.values import AccountInfo
from alphorn.directory.view import DirectoryView
from alphorn.message import addresses, dates, header, words, write
from alphorn.message.compose import message, text_part
from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient
from alphorn.message.envelope import Notify as Wish
from alphorn.message.mailbox import Mailbox, format_list
from alphorn.operations.answering import Sign
from alphorn.operations.throttle import Counters
from alphorn.sieve.actions import Copy, Notify
from alphorn.sieve.mailto import Mailto, parse_mailto
from alphorn.sieve.recipients import parse_address

HOUR = 3600
MAX_PER_HOUR = 100
"""Recipients of notifications of one account in an hour."""
MAX_SUBJECT = 256
"""Characters."""
MAX_BODY = 16 * 1024
MAX_VALUE = 64 * 1024
IMPORTANCE = {1: ("1 (Highest)", "High"), 2: ("3 (Normal)", "Normal"), 3: ("5 (Lowest)", "Low")}
_NEVER = frozenset((Wish.NEVER,))


@dataclass(frozen=True, slots=True)
class Letter:
    """A notification, ready for the queue. `copy` is where its owner wants one of it, None for
    nowhere. `text` is for the trace."""

    raw: bytes
    envelope: Envelope
    message_id: str
    text: str
    copy: Copy | None = None


class Notifying:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(
        self,
        view: DirectoryView,
        counters: Counters,
        sign: Sign,
        *,
        clock: Callable[[], float] = time.time,
        token: Callable[[], str] = lambda: secrets.token_hex(12),
        per_hour: int = MAX_PER_HOUR,
    ) -> None:
        self._view = view
        self._counters = counters
        self._sign = sign
        self._clock = clock
        self._token = token
        self._per_hour = per_hour

    def compose(
        self, asked: Notify, raw: bytes, account: AccountInfo, told: set[str], gateway: str = ""
    ) -> Letter | str:
        """The notification that a script asks for about the message `raw`, or a sentence that says
        why there is none. `told` are those who get one about it already, and is added to;
        `gateway` is that of the message's envelope. Raises Unavailable."""
        now = self._clock()
        if account.sending_lock is not None:
            return "Not notified: sending from this account is locked"
        if is_automatic(raw):
            return "Not notified: a machine has sent the message"
        to = parse_mailto(asked.method)
        groups = [new(group, told) for group in (to.to, to.cc, to.bcc)]
        everybody = [mailbox.address for group in groups for mailbox in group]
        if not everybody:
            return "Not notified: they are notified of the message already"
        if why := self._over_limit(account, len(everybody), now):
            return why
        author = self._author(asked, account)
        token = f"{self._token()}@{author.domain}"
        made = notification(
            asked, to, (groups[0], groups[1]), author, account.address, raw, token, now
        )
        keys = self._view.signing_keys(author.domain)
        signed = header.prepend(made, self._sign(made, keys, int(now)))
        envelope = Envelope(
            "",
            tuple(EnvelopeRecipient(address, _NEVER) for address in everybody),
            body=Body.SEVEN_BIT if signed.isascii() else Body.EIGHT_BIT,
            smtputf8=not signed[: header.header_end(signed)].isascii()
            or not "".join(everybody).isascii(),
            gateway=gateway,
        )
        text = f"Notified {', '.join(everybody)[:300]}"
        return Letter(signed, envelope, f"<{token}>", text, asked.copy)

    def _author(self, asked: Notify, account: AccountInfo) -> Mailbox:
        """Whom the script names, if the account may write as him (RFC 5436 §2.3)."""
        if asked.sender:
            named = parse_address(asked.sender)
            if self._view.may_send_as(account.id, named.address):
                return named
        return addresses.parse_one(account.address)._replace(name=account.name)

    def _over_limit(self, account: AccountInfo, more: int, now: float) -> str:
        try:
            for _ in range(more):
                counted = self._counters.hit(
                    f"notified:{account.id}", HOUR, self._per_hour, now=now
                )
                if not counted.allowed:
                    return f"Not notified: {self._per_hour} notifications in an hour are the limit"
        except AlphornError as error:
            return f"Not notified: how many were sent cannot be counted. {error.text}"
        return ""


def is_automatic(raw: bytes) -> bool:
    """RFC 5436 §2.7: whether a machine says that it has sent the message."""
    said = header.get_all(raw, "Auto-Submitted", 10)
    return any(one.partition(";")[0].partition("(")[0].strip().lower() != "no" for one in said)


def notification(
    asked: Notify,
    to: Mailto,
    recipients: tuple[Sequence[Mailbox], Sequence[Mailbox]],
    author: Mailbox,
    owner: str,
    raw: bytes,
    token: str,
    now: float,
) -> bytes:
    """The message (RFC 5436 §2.7); `recipients` are those to name in To and in Cc, `owner` is the
    address of whose rules these are, `token` the Message-ID without brackets."""
    given = words.decode((header.get(raw, "Subject") or "")[:MAX_VALUE])
    subject = " ".join((asked.message or to.subject or given).split())
    priority, importance = IMPORTANCE[asked.importance]
    fields = [
        *(raw[one.start : one.end] for one in header.iterate(raw) if one.name.lower() == _RECEIVED),
        write.field("Date", dates.format(now)),
        write.field("From", format_list([author])),
        *(
            write.field(name, format_list(group))
            for name, group in zip(("To", "Cc"), recipients, strict=True)
            if group
        ),
        write.text_field("Subject", _cut(subject)),
        write.field("Message-ID", f"<{token}>"),
        write.field("Auto-Submitted", f'auto-notified; owner-email="{owner}"'),
        write.field("X-Priority", priority),
        write.field("Importance", importance),
    ]
    return message(fields, text_part(to.body[:MAX_BODY] if to.body else _about(raw, given)))


_RECEIVED = b"received"


def _about(raw: bytes, subject: str) -> str:
    author = words.decode((header.get(raw, "From") or "")[:2000])
    return f"From: {' '.join(author.split())}\nSubject: {_cut(subject)}\n"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SUBJECT else text[: MAX_SUBJECT - 1] + "…"


def new(group: Iterable[Mailbox], told: set[str]) -> list[Mailbox]:
    """Those of a group who are not told yet."""
    found = []
    for mailbox in group:
        if mailbox.address.lower() not in told:
            told.add(mailbox.address.lower())
            found.append(mailbox)
    return found
