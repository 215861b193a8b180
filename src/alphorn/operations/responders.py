"""Responders of an account: made, changed, switched on and off; one is active at a time.

The holder of the account does all this, and so does whoever manages the organization. A responder
is named by its id or its name. None of these functions may be called within a transaction on the
control plane: each is one, so that two that come at the same moment follow each other.

Who may be answered and what is sent is `operations.answering`'s.
"""

import secrets
from dataclasses import dataclass, replace

from alphorn.base import address as rules
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.orm import Address, SendGrant
from alphorn.directory.rows import account_info
from alphorn.directory.values import AddressKind
from alphorn.message import signature
from alphorn.operations import find, responding, sender_proof
from alphorn.operations.answering import PREFIX
from alphorn.operations.control import Control
from alphorn.operations.owners import changing, mail_of
from alphorn.operations.responding import MAX_RESPONDERS, MAX_SENDERS, Responders, Sender
from alphorn.operations.sender_proof import ProofParts
from alphorn.sieve import responder as model
from alphorn.sieve.responder import PERIOD_DAYS, Responder
from alphorn.store.api import Account, Document

DAY = 86400
MAX_ANSWERED = 10_000


@dataclass(frozen=True, slots=True)
class ResponderInfo:
    """`running`: it answers at this moment. `over`: its end has passed."""

    responder: Responder
    active: bool
    running: bool
    over: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """Who got an answer, when, and when he may get one again (seconds UTC)."""

    sender: str
    at: int
    again_at: int


# -- responders ------------------------------------------------------------------------------------


def list_responders(control: Control, account: str) -> tuple[ResponderInfo, ...]:
    """In the order in which they were made. Raises NotFound, AddressError, Forbidden, FieldError
    where the document cannot be read, Unavailable; so do all others here."""
    found = _read(mail_of(control, account))
    return tuple(_info(control, found, one) for one in found.responders)


def show_responder(control: Control, account: str, name: str) -> ResponderInfo:
    """Raises NotFound."""
    found = _read(mail_of(control, account))
    return _info(control, found, _find(found, name))


def add_responder(control: Control, account: str, responder: Responder) -> ResponderInfo:
    """A new one, not active yet; its id is made here. Raises FieldError, Exists,
    Refused ("too-many", "sender", "limit"), NotFound for its signature."""
    with changing(control, account) as mail:
        found = _read(mail)
        if len(found.responders) >= MAX_RESPONDERS:
            raise Refused(f"An account has at most {MAX_RESPONDERS} responders.", code="too-many")
        made = _checked(mail, account, found, replace(responder, id=secrets.token_hex(8)))
        changed = replace(found, responders=(*found.responders, made))
        _put(mail, changed)
        return _info(control, changed, made)


def change_responder(
    control: Control, account: str, name: str, responder: Responder
) -> ResponderInfo:
    """Another one in its place, as active as it was, and whom it has answered stays known. Raises
    as `add_responder`."""
    with changing(control, account) as mail:
        found = _read(mail)
        old = _find(found, name)
        new = _checked(mail, account, found, replace(responder, id=old.id))
        changed = replace(found, responders=responding.with_changed(found.responders, new))
        _put(mail, changed)
        return _info(control, changed, new)


def remove_responder(control: Control, account: str, name: str) -> Responder:
    """Whom it answered is forgotten too. Raises NotFound."""
    with changing(control, account) as mail:
        found = _read(mail)
        gone = _find(found, name)
        _put(
            mail,
            replace(
                found,
                responders=tuple(one for one in found.responders if one.id != gone.id),
                active="" if found.active == gone.id else found.active,
            ),
        )
        mail.forget(_prefix(gone))
        return gone


def activate_responder(control: Control, account: str, name: str) -> ResponderInfo:
    """It answers from now on, within its times; another one that was active does not any more.
    Raises NotFound, Refused("over") where its end has passed, Refused("sender")."""
    with changing(control, account) as mail:
        found = _read(mail)
        chosen = _find(found, name)
        if model.is_over(chosen, control.clock()):
            ended = model.shown_moment(chosen.end)
            raise Refused(
                f"The responder “{chosen.name}” ended on {ended}; give it another end first.",
                code="over",
            )
        _require_sender(account, found, chosen.sender)
        changed = replace(found, active=chosen.id)
        _put(mail, changed)
        return _info(control, changed, chosen)


def deactivate_responder(control: Control, account: str) -> Responder | None:
    """None answers any more; which one did, if any."""
    with changing(control, account) as mail:
        found = _read(mail)
        if not found.active:
            return None
        _put(mail, replace(found, active=""))
        return found.of(found.active)


def reset_responder(control: Control, account: str, name: str) -> int:
    """Whom it answered is forgotten, so that all get an answer again; how many they were. Raises
    NotFound."""
    mail = mail_of(control, account)
    return mail.forget(_prefix(_find(_read(mail), name)))


def answered_by(control: Control, account: str, name: str) -> tuple[Answered, ...]:
    """Who got its answer within its period, the last first. Of an address that is very long only
    the beginning is known. Raises NotFound."""
    mail = mail_of(control, account)
    prefix = _prefix(_find(_read(mail), name))
    return tuple(
        Answered(one.key.removeprefix(prefix), one.expires - PERIOD_DAYS * DAY, one.expires)
        for one in mail.recalled(prefix, control.now(), MAX_ANSWERED)
    )


# -- other addresses to answer from ----------------------------------------------------------------


def list_senders(control: Control, account: str) -> tuple[Sender, ...]:
    """Addresses elsewhere that were proved to be the owner's, or wait for that."""
    return _read(mail_of(control, account)).senders


def prove_sender(control: Control, parts: ProofParts, account: str, address: str) -> Sender:
    """Send a code to an address elsewhere. A second one replaces the first.

    Raises AddressError, Exists where it can be used already, Refused ("here", "locked",
    "too-many"), Unavailable("rate").
    """
    wanted = str(rules.parse_foreign(address))
    with changing(control, account) as mail:
        found = _read(mail)
        own = account_info(find.account(account))
        if own.sending_lock is not None:
            raise Refused(f"Sending from {account} is locked, codes too.", code="locked")
        known = found.sender(wanted)
        if _is_own(account, wanted) or (known is not None and known.verified):
            raise Exists(f"{account} may answer from {wanted} already.", code="sender-exists")
        _require_elsewhere(wanted)
        others = tuple(one for one in found.senders if one is not known)
        if len(others) >= MAX_SENDERS:
            raise Refused(
                f"At most {MAX_SENDERS} addresses elsewhere; remove one.", code="too-many"
            )
        sender_proof.require_rate(control, parts, own.id, wanted)
        code = sender_proof.make_code()
        asked = sender_proof.asked(control, own.id, wanted, code)
        _put(mail, replace(found, senders=(*others, asked)))
    # After the commit: a code that nothing is kept of would be of no use to anybody.
    sender_proof.send(control, parts, own, wanted, code)
    return asked


def verify_sender(control: Control, account: str, address: str, code: str) -> Sender:
    """The code that came there. Raises NotFound, Refused ("code", "expired", "too-many-tries")."""
    with changing(control, account) as mail:
        found = _read(mail)
        own = account_info(find.account(account))
        sender = _sender(found, address)
        if sender.verified:
            return sender
        sender_proof.require_open(control, sender)
        right = sender_proof.matches(control, own.id, sender, code)
        if right:
            changed = Sender(sender.address, verified=control.now())
        else:
            changed = replace(sender, tries=sender.tries + 1)
        senders = tuple(changed if one is sender else one for one in found.senders)
        _put(mail, replace(found, senders=senders))
    if not right:
        left = sender_proof.MAX_TRIES - changed.tries
        raise Refused(f"That is not the code; {left} more tries are left.", code="code")
    return changed


def remove_sender(control: Control, account: str, address: str) -> Sender:
    """Nothing is answered from there any more. Raises NotFound, Refused("in-use") while a responder
    does."""
    with changing(control, account) as mail:
        found = _read(mail)
        gone = _sender(found, address)
        users = [one.name for one in found.responders if one.sender.lower() == gone.address.lower()]
        if users:
            raise Refused(
                f"The responder “{users[0]}” answers from {gone.address}; change that first.",
                code="in-use",
            )
        _put(mail, replace(found, senders=tuple(one for one in found.senders if one is not gone)))
        return gone


# -- one step each ---------------------------------------------------------------------------------


def _read(mail: Account) -> Responders:
    return responding.read(mail.document(Document.RESPONDERS))


def _put(mail: Account, responders: Responders) -> None:
    mail.put_document(Document.RESPONDERS, responding.write(responders))


def _info(control: Control, found: Responders, one: Responder) -> ResponderInfo:
    now, active = control.clock(), found.active == one.id
    return ResponderInfo(
        one, active, active and model.is_running(one, now), model.is_over(one, now)
    )


def _find(found: Responders, name: str) -> Responder:
    for one in found.responders:
        if one.id == name or one.name.lower() == name.strip().lower():
            return one
    raise NotFound(f"There is no responder “{name[:80]}”.", code="no-such-responder")


def _sender(found: Responders, address: str) -> Sender:
    sender = found.sender(address.strip())
    if sender is None:
        raise NotFound(f"No code was sent to {address[:80]}.", code="no-such-sender")
    return sender


def _checked(mail: Account, account: str, found: Responders, made: Responder) -> Responder:
    """As it is kept. Raises FieldError, Exists, NotFound, Refused."""
    checked = model.checked(model.as_json(made))
    for one in found.responders:
        if one.name.lower() == checked.name.lower() and one.id != checked.id:
            raise Exists(f"There is a responder “{checked.name}” already.", code="responder-exists")
    if checked.signature:
        known = signature.read(mail.document(Document.SIGNATURES))
        if all(one.id != checked.signature for one in known):
            raise NotFound("There is no such signature.", code="no-such-signature")
    _require_sender(account, found, checked.sender)
    return checked


def _require_sender(account: str, found: Responders, sender: str) -> None:
    """Raises Refused("sender")."""
    if not sender or _is_own(account, sender):
        return
    known = found.sender(sender)
    if known is None or not known.verified:
        raise Refused(
            f"{sender} is not an address of {account}. If it is yours elsewhere, prove it first: "
            f"alphorn responder verify {account} {sender}",
            code="sender",
        )


def _is_own(account: str, sender: str) -> bool:
    """Whether mail for it reaches the account, or it was granted (`view.may_send_as`)."""
    row = _here(sender)
    if row is None or row.kind == AddressKind.CATCH_ALL.value:
        return False
    holder = find.account(account).account_id
    return row.account_id == holder or (
        SendGrant.objects.filter(account=holder, address=row).exists()
    )


def _here(address: str) -> Address | None:
    """The address without its detail, if it is one of this installation."""
    local, _, domain = address.rpartition("@")
    bare, name = rules.fold_local(rules.split_detail(local)[0]), rules.fold_domain(domain)
    if bare is None or name is None:
        return None
    return Address.objects.filter(domain__name=name, local=bare).first()


def _require_elsewhere(address: str) -> None:
    """What is here is not proved by mail, but given by whoever manages it. Raises Refused."""
    try:
        find.domain(address.rpartition("@")[2])
    except NotFound:
        return
    raise Refused(
        f"{address} is an address of this installation: whoever manages it can let the account "
        "write in its name (alphorn account grant).",
        code="here",
    )


def _prefix(one: Responder) -> str:
    return f"{PREFIX}{model.answer_key(one.id)}:"
