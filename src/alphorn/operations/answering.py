"""Automatic answers: whether one is sent, what it says, and that a sender gets it once.

    planned = answering.plan(...)            before the message is delivered
    account.deliver(copies, remember=[planned.remembered])
    answering.send(planned, ...)             after that

What is remembered is durable with the message, and the answer is queued after it: a crash between
the two costs an answer, which nobody waits for, and never makes two. Two messages of one sender
that come at the same moment are told apart by a counter that all processes share.

Nothing here uses the ORM: workers answer.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from alphorn.base.address import fold_domain
from alphorn.base.errors import AlphornError
from alphorn.base.fields import FieldError
from alphorn.directory.values import AccountInfo, AddressKind, Route, SigningKey
from alphorn.directory.view import DirectoryView
from alphorn.message import addresses, answer, header, signature
from alphorn.message.answer import Reply
from alphorn.message.envelope import (
    Body,
    Envelope,
    EnvelopeRecipient,
    Notify,
    Origin,
    OriginKind,
)
from alphorn.message.mailbox import Mailbox
from alphorn.operations import responding
from alphorn.operations.throttle import Counters
from alphorn.policy.answering import Question, judge
from alphorn.sieve import actions, recipients, responder, responder_times
from alphorn.store.api import Account, Document, Remembered
from alphorn.store.limits import MAX_PREFIX

HOUR = 3600
MAX_PER_HOUR = 100
"""Answers of one account in an hour, whoever they go to: a flood of mail under false names makes
at most so many. They do not count among the messages that the account may send."""
MOMENT = 10
"""Seconds within which a second message of the same sender may be under way at the same time."""
PREFIX = "answer:"
"""Before the keys that an account remembers of its answers."""

_log = logging.getLogger(__name__)

Sign = Callable[[bytes, tuple[SigningKey, ...], int], bytes]
"""Gives the signature fields that stand before a message; the time is seconds UTC."""
Enqueue = Callable[[bytes, Envelope, Origin], str]
"""As `operations.deliver.Enqueue`."""
Facts = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """One that is to be sent. `copy` is where its owner wants one of it, None for nowhere. `text`
    and `facts` are for the trace."""

    raw: bytes
    envelope: Envelope
    remembered: Remembered
    message_id: str
    copy: actions.Copy | None = None
    text: str = "Answered automatically"
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declined:
    """None is sent. `code` is a short word, `text` a sentence for people, `facts` what decided."""

    code: str
    text: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The responder that is active, as a script to run last. It runs with `offset(now)` as the
    zone of its environment."""

    id: str
    source: str
    zone: str

    def offset(self, now: float) -> int:
        """Minutes east of UTC at this moment."""
        return responder_times.offset(self.zone, now)


def prepared(account: Account, responders: str) -> Prepared | None:
    """From the rules of an account (`store.api.Rules.responders`); None where none is active. To
    be kept as long as the rules have the same version. Raises Unavailable."""
    if not responders:
        return None
    try:
        found = responding.active_of(responders)
        if found is None:
            return None
        attached = None
        if found.signature:
            signatures = signature.read(account.document(Document.SIGNATURES))
            attached = next((one for one in signatures if one.id == found.signature), None)
    except FieldError as error:
        # It was checked before it was stored: a newer version wrote it, or the file is damaged.
        _log.error("a responder cannot be read and does not answer: %s", error.text)
        return None
    return Prepared(found.id, responder.write(found, attached), found.zone)


class Answering:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(
        self,
        view: DirectoryView,
        counters: Counters,
        sign: Sign,
        enqueue: Enqueue,
        *,
        clock: Callable[[], float] = time.time,
        token: Callable[[], str] = lambda: secrets.token_hex(12),
        per_hour: int = MAX_PER_HOUR,
        hostname: str = "",
    ) -> None:
        """`hostname` is this server's name, by which it says in messages what it found of them."""
        self._view = view
        self._counters = counters
        self._sign = sign
        self._enqueue = enqueue
        self._clock = clock
        self._token = token
        self._per_hour = per_hour
        self._hostname = hostname

    def plan(
        self,
        vacation: actions.Vacation,
        raw: bytes,
        envelope: Envelope,
        route: Route,
        account: AccountInfo,
        held: Account,
        *,
        spam: bool = False,
    ) -> Answer | Declined:
        """What comes of a script's wish to answer `raw`, which reached the account over `route`.
        `held` is the account's mail.

        Writes nothing into the account; counts against the limit of an hour. Raises Unavailable
        where the directory or the account cannot be read.
        """
        now = self._clock()
        if account.sending_lock is not None:
            return Declined("locked", _none("sending from this account is locked"))
        ruling = judge(
            Question(
                head=raw,
                sender=envelope.sender,
                recipient=_written(route),
                is_own=lambda address: self._leads_to(address, account),
                catch_all=route.kind is AddressKind.CATCH_ALL,
                spam=spam,
                addresses=vacation.addresses,
                host=self._hostname,
            )
        )
        if not ruling.may:
            return Declined(ruling.code, _none(ruling.text), dict(ruling.facts))
        if route.kind is AddressKind.TEMPORARY and ruling.own.lower() != _written(route).lower():
            # Who guesses whose it is, and names that address, learns nothing.
            return Declined("not-addressed", _none(f"{_written(route)} is not named in its header"))
        key = remembered_key(vacation.key, envelope.sender)
        if held.remembered(key, int(now)):
            return Declined("answered", _none(f"{envelope.sender} got one not long ago"))
        author = self._author(vacation, ruling.own, account, held)
        if over := self._over_limit(account, key, envelope.sender, now):
            return over
        composed = self._compose(vacation, raw, envelope.sender, author, account, key, now)
        # What came over a secured gateway is answered over it and no other way.
        gateway = route.gateway or envelope.gateway
        if not gateway:
            return composed
        return replace(composed, envelope=replace(composed.envelope, gateway=gateway))

    def send(
        self, planned: Answer, account: AccountInfo, held: Account, transaction: str
    ) -> str | Declined:
        """Queue it, once what is remembered is durable; its name in the queue. Where that fails,
        the sender is forgotten again, so that his next message is answered. Never raises."""
        origin = Origin(
            OriginKind.REPLIED,
            transaction,
            account.id,
            account.address.rpartition("@")[2],
            planned.message_id,
        )
        try:
            return self._enqueue(planned.raw, planned.envelope, origin)
        except AlphornError as error:
            _log.warning("an answer for %s could not be queued: %s", account.address, error.text)
            try:
                held.forget(planned.remembered.key[:MAX_PREFIX])
            except AlphornError as again:
                _log.warning("and its receiver is not forgotten: %s", again.text)
            return Declined("queue", _none(f"it could not be queued. {error.text}"))

    # -- one step each --

    def _leads_to(self, address: str, account: AccountInfo) -> bool:
        """Whether it is one of the account's own: its address, an alias, with a detail or not."""
        local, _, domain = address.rpartition("@")
        route = self._view.route(local, domain)
        return (
            route is not None
            and route.kind is not AddressKind.CATCH_ALL
            and route.account is not None
            and route.account.id == account.id
        )

    def _author(
        self, vacation: actions.Vacation, own: str, account: AccountInfo, held: Account
    ) -> Mailbox:
        """Who answers: whom the script names, if the account may write as him (RFC 5230 §4.3 lets
        us pass over others); else the address that was written to, so that an alias does not tell
        whose it is."""
        if vacation.sender:
            named = _mailbox(vacation.sender)
            if named is not None and self._may_write_as(named.address, account, held):
                return named
        chosen = own if self._view.may_send_as(account.id, own) else account.address
        local, _, domain = chosen.rpartition("@")
        return Mailbox(account.name if chosen.lower() == account.address else "", local, domain)

    def _may_write_as(self, address: str, account: AccountInfo, held: Account) -> bool:
        if self._view.may_send_as(account.id, address):
            return True
        try:
            proved = responding.read(held.document(Document.RESPONDERS)).sender(address)
        except FieldError:
            return False
        return proved is not None and proved.verified > 0

    def _over_limit(
        self, account: AccountInfo, key: str, sender: str, now: float
    ) -> Declined | None:
        try:
            counted = self._counters.hit(f"answering:{account.id}:{key}", MOMENT, 1, now=now)
            if not counted.allowed:
                return Declined("answered", _none(f"{sender} is getting one at this moment"))
            counted = self._counters.hit(f"answers:{account.id}", HOUR, self._per_hour, now=now)
        except AlphornError as error:
            # An answer is worth less than the certainty that they are bounded.
            return Declined("count", _none(f"how many were sent cannot be counted. {error.text}"))
        if counted.allowed:
            return None
        return Declined(
            "rate",
            _none(f"this account has given {self._per_hour} within an hour, which is the limit"),
            {"limit": self._per_hour},
        )

    def _compose(
        self,
        vacation: actions.Vacation,
        raw: bytes,
        sender: str,
        author: Mailbox,
        account: AccountInfo,
        key: str,
        now: float,
    ) -> Answer:
        # Of the domain that answers: an alias does not tell whose it is.
        message_id = f"{self._token()}@{author.domain}"
        reply = Reply(
            to=sender,
            author=author,
            text=vacation.text,
            date=now,
            message_id=message_id,
            subject=vacation.subject,
            mime=vacation.mime,
            language=account.language,
        )
        composed = answer.compose(reply, raw)
        home = account.address.rpartition("@")[2]
        keys = self._view.signing_keys(author.domain)
        if not keys and self._view.domain(fold_domain(author.domain) or author.domain) is None:
            keys = self._view.signing_keys(home)
        signed = header.prepend(composed, self._sign(composed, keys, int(now)))
        back = EnvelopeRecipient(sender, frozenset((Notify.NEVER,)))
        return Answer(
            signed,
            Envelope(
                "",
                (back,),
                body=Body.SEVEN_BIT if signed.isascii() else Body.EIGHT_BIT,
                smtputf8=answer.smtputf8_needed(composed) or not sender.isascii(),
            ),
            Remembered(key, int(now) + vacation.period),
            f"<{message_id}>",
            vacation.copy,
            f"Answered automatically to {sender}",
            {"to": sender, "from": author.address, "again_at": int(now) + vacation.period},
        )


def remembered_key(answer_key: str, sender: str) -> str:
    """Under which an account remembers that a sender got an answer; `answer_key` is
    `sieve.actions.Vacation.key`. Senders that differ only in case are one."""
    local, _, domain = sender.rpartition("@")
    return f"{PREFIX}{answer_key}:{local.lower()}@{fold_domain(domain) or domain.lower()}"


def _mailbox(text: str) -> Mailbox | None:
    """Whom a script names; as leniently as its compiler reads it, where it must be."""
    for read in (addresses.parse_one, recipients.parse_address):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _written(route: Route) -> str:
    """The address that was written to, its detail with it."""
    if route.detail is None:
        return route.address
    local, _, domain = route.address.rpartition("@")
    return f"{local}+{route.detail}@{domain}"


def _none(why: str) -> str:
    return f"No automatic answer: {why}" + ("" if why.endswith(".") else ".")
