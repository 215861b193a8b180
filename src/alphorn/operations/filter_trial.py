"""What an account's rules would do with a message: asked of one in a mailbox or of any other, in
plain words, and nothing of it is done.

The account's filters, its active script and its responder are asked by the same code as at delivery
(`operations.filtering`). Beside that each condition of each filter is asked by itself, so that it
can be seen why a filter fits or does not.
"""

from dataclasses import dataclass, field

from alphorn.base.errors import NotFound
from alphorn.base.flags import Flag as FlagBits
from alphorn.base.numbers import NumberSet
from alphorn.directory.values import AccountInfo, AddressKind, Route
from alphorn.directory.view import DirectoryView
from alphorn.message import addresses, header
from alphorn.message.envelope import EnvelopeRecipient
from alphorn.operations.control import Control
from alphorn.operations.filter_environment import AtDelivery, zone_of
from alphorn.operations.filter_plan import Incoming, Plan
from alphorn.operations.filtering import Filtering
from alphorn.operations.owners import mail_of
from alphorn.operations.placement import as_decided
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Environment
from alphorn.sieve.errors import ScriptError
from alphorn.sieve.filters.advice import ends
from alphorn.sieve.filters.model import Condition, Delete, Filter, Match
from alphorn.sieve.filters.reading import read
from alphorn.sieve.filters.words import action_words, condition_words
from alphorn.sieve.filters.writing import write
from alphorn.sieve.interpreter import run
from alphorn.sieve.mail import Mail
from alphorn.store.api import INBOX, Account, Column, Document

MAX_OCTETS = 64 << 20
"""Of a message that is given."""
_MAX_FIELD = 2000


@dataclass(frozen=True, slots=True)
class Sample:
    """A message to try: the one with this UID in this mailbox, or `raw` octets. What its envelope
    said may be given; else it is taken from the fields that delivery writes, or `recipient` is the
    account itself."""

    uid: int = 0
    mailbox: str = INBOX
    raw: bytes | None = None
    sender: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition in words, and whether it holds; None where asking it fails."""

    words: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class FilterTrial:
    """One filter. `reached`: it is on, and none before it stops. `matches`: its conditions hold,
    reached or not. `does` is what it says in words, whether or not it comes to that."""

    number: int
    name: str
    on: bool
    reached: bool
    matches: bool
    asked: tuple[Asked, ...]
    does: tuple[str, ...]

    @property
    def acts(self) -> bool:
        return self.reached and self.matches


@dataclass(frozen=True, slots=True)
class Trial:
    """`outcome` are sentences about what would become of the message, by which rule; `notes` say
    what would not be done, and why. `fault` is what is wrong where the filters cannot be read one
    by one."""

    subject: str
    sender: str
    recipient: str
    filters: tuple[FilterTrial, ...]
    outcome: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    fault: str = ""


def try_out(control: Control, view: DirectoryView, address: str, sample: Sample) -> Trial:
    """What would happen to this one. For whoever may change the filters.

    Raises NotFound (account, mailbox, "no-such-message"), AddressError, Forbidden, Unavailable.
    """
    mail = mail_of(control, address)
    account = view.account_by_address(address.strip().lower())
    if account is None:
        raise NotFound(f"There is no account {address}.", code="no-such-account")
    incoming = _incoming(control, view, mail, account, sample)
    message = Mail(incoming.raw)
    world = AtDelivery(
        incoming, mail, view, control.hostname, zone_of(account, incoming.now), lambda name: None
    )
    filters: tuple[FilterTrial, ...] = ()
    fault = ""
    try:
        filters = _each(read(mail.document(Document.FILTERS)), message, world)
    except ScriptError as error:
        fault = error.text
    subject = message.values("subject")[:1]
    said = (subject[0] if subject else "", incoming.sender, incoming.recipient.address)
    if incoming.placement.listed:
        words = f"{incoming.placement.text}; the lists of senders decide before all rules"
        return Trial(*said, filters, (words,), fault=fault)
    plan = Filtering(view, hostname=control.hostname).plan(mail, mail.rules_version(), incoming)
    return Trial(*said, filters, _outcome(plan), plan.notes, fault)


def _incoming(
    control: Control, view: DirectoryView, mail: Account, account: AccountInfo, sample: Sample
) -> Incoming:
    raw, now = (sample.raw, control.now()) if sample.raw is not None else _stored(mail, sample)
    sender = sample.sender
    if sender is None:
        path = addresses.mailboxes((header.get(raw, "Return-Path") or "")[:_MAX_FIELD])
        author = addresses.mailboxes((header.get(raw, "From") or "")[:_MAX_FIELD])
        has_path = header.get(raw, "Return-Path") is not None
        known = path if has_path else author
        sender = known[0].address if known else ""
    recipient = sample.recipient or _delivered_to(raw, view, account) or account.address
    local, _, domain = recipient.rpartition("@")
    route = view.route(local, domain)
    if route is None or route.account is None or route.account.id != account.id:
        route = Route(account.address, AddressKind.OWN, account)
    placement = as_decided(raw)
    return Incoming(account, route, EnvelopeRecipient(recipient), sender, raw, placement, now)


def _stored(mail: Account, sample: Sample) -> tuple[bytes, int]:
    """A message of the account and when it came."""
    mailbox = mail.mailbox(sample.mailbox)
    wanted = NumberSet.of((sample.uid,))
    columns = (Column.RAW, Column.INTERNAL_DATE)
    for raw, date in mail.fetch(mailbox.id, wanted, columns):
        assert isinstance(raw, bytes)
        assert isinstance(date, int)
        return raw, date
    raise NotFound(f"There is no message {sample.uid} in {sample.mailbox}.", code="no-such-message")


def _delivered_to(raw: bytes, view: DirectoryView, account: AccountInfo) -> str:
    """The address of the account that the message came to, as delivery noted it."""
    found = (header.get(raw, "Delivered-To") or "").strip()[:_MAX_FIELD]
    local, at, domain = found.rpartition("@")
    route = view.route(local, domain) if at else None
    is_own = route is not None and route.account is not None and route.account.id == account.id
    return found if is_own else ""


def _each(
    filters: tuple[Filter, ...], message: Mail, world: Environment
) -> tuple[FilterTrial, ...]:
    found = []
    open_ = True
    for number, one in enumerate(filters, 1):
        asked = tuple(
            Asked(condition_words(each), _holds(each, message, world)) for each in one.conditions
        )
        held = [each.holds is True for each in asked]
        matches = any(held) if one.match is Match.ANY else all(held)
        does = tuple(map(action_words, one.actions))
        trial = FilterTrial(number, one.name, one.on, open_ and one.on, matches, asked, does)
        found.append(trial)
        open_ = open_ and not (trial.acts and ends(one))
    return tuple(found)


def _holds(one: Condition, message: Mail, world: Environment) -> bool | None:
    script = compile_script(write((Filter("-", Match.ANY, (one,), (Delete(for_good=True),)),)))
    result = run(script, message, world)
    return None if result.error is not None else not result.implicit_keep


def _outcome(plan: Plan) -> tuple[str, ...]:
    found = []
    if plan.refusal is not None:
        found.append(f"Refused {plan.refusal.by}: “{plan.refusal.text}”")
    for filing in plan.filings:
        flags = [str(flag.name).lower() for flag in FlagBits if filing.flags & flag]
        marks = ", ".join((*flags, *sorted(filing.keywords)))
        found.append(filing.text + (f", marked {marks}" if marks else ""))
    found += [f"Sent on to {', '.join(one.targets)} {one.by}" for one in plan.onwards]
    if plan.discarded:
        found.append(f"Kept nowhere, {plan.discarded}")
    found += [f"Answered {by}, unless its sender is to get no answer" for _, by in plan.answers]
    found += [f"Told to {one.method} {by}" for one, by in plan.notifications]
    return tuple(found)
