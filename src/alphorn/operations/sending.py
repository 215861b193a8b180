"""Whether an account may send: locked because its behaviour changed or by hand, and unlocked again.

A lock stands in the control plane, so that every process sees it at once and it outlives all of
them. What it does: nothing more is taken from the account, and what it gave us in the last hour and
is still here is held. Reading and receiving go on. The owner, those who manage his organization and
the operator are told.

Unlocking asks that the password was changed since, for whoever stole it has it still; what is held
stays held until somebody has looked at it.
"""

import logging
from dataclasses import dataclass

from alphorn.base.errors import AlphornError, Refused
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.orm import MAX_REASON, Address, Membership, User, change, reading
from alphorn.directory.rows import account_info, holder
from alphorn.directory.values import AccountInfo
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import MANAGING, Right, require, require_operator
from alphorn.operations.sending_parts import SendingParts
from alphorn.policy.behaviour import Behaviour

HELD_SECONDS = 3600
"""Of the account's mail in the queue so much is held that came so long before the lock."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Locked:
    """`new`: it was not locked before. `held` recipients of its mail are held now; `told` notices
    are on their way."""

    account: AccountInfo
    new: bool
    held: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True)
class Unlocked:
    """`released` recipients of mail that was held go on."""

    account: AccountInfo
    released: int = 0


def lock_sending(
    control: Control,
    parts: SendingParts,
    address: str,
    reason: str,
    behaviour: Behaviour | None = None,
) -> Locked:
    """The account sends nothing from now on. `behaviour` is what led to it where no person did.

    A second lock changes nothing, but an operator's takes the place of another's. Raises NotFound,
    AddressError, Forbidden, Refused("reason") without one, Unavailable.
    """
    reason = " ".join(reason.split())[:MAX_REASON]
    if not reason:
        raise Refused("Say why sending is locked: its owner is told.", code="reason")
    if reason[-1] not in ".!?":
        reason = f"{reason[: MAX_REASON - 1]}."
    by_operator = behaviour is None and control.actor.operator
    with change():
        own = find.account(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        held = holder(own)
        new = held.sending_locked is None
        if new:
            held.sending_locked = control.now()
        if new or (by_operator and not held.sending_lock_operator):
            held.sending_lock_reason = reason
            held.sending_lock_operator = by_operator
            held.save(
                update_fields=["sending_locked", "sending_lock_reason", "sending_lock_operator"]
            )
        info = account_info(own)
        managers = _managers(own)
    if not new:
        return Locked(info, new)
    count = _held(parts, info, control.now() - HELD_SECONDS)
    told = parts.notices.locked(info, managers, count, behaviour=behaviour, reason=reason)
    _trace(control, parts, info, f"Sending is locked: {reason}", behaviour, count)
    return Locked(info, new, count, told)


def unlock_sending(
    control: Control,
    parts: SendingParts,
    address: str,
    *,
    anyway: bool = False,
    release: bool = False,
) -> Unlocked:
    """The account may send again, and what it did before is forgiven; `release` lets go what is
    held of it. `anyway`: though its password is still the old one, which is the operator's to say.

    Raises Refused ("not-locked", "password"), NotFound, AddressError, Forbidden, Unavailable.
    """
    with change():
        own = find.account(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        held = holder(own)
        if held.sending_locked is None:
            raise Refused(f"{address} may send; it is not locked.", code="not-locked")
        if held.sending_lock_operator or anyway:
            require_operator(control.actor)
        changed = held.password_changed or 0
        if changed < held.sending_locked and not anyway and not held.sending_lock_operator:
            raise Refused(
                f"The password of {address} has not been changed since sending was locked; who"
                f" stole it would go on. Change it first: alphorn password set {address}",
                code="password",
            )
        # Before the commit: were it judged by what was held against it, it would be locked again.
        parts.forgive(held.pk)
        held.sending_locked = None
        held.sending_lock_reason = ""
        held.sending_lock_operator = False
        held.save(update_fields=["sending_locked", "sending_lock_reason", "sending_lock_operator"])
        info = account_info(own)
    released = parts.release(info.id) if release else 0
    _trace(control, parts, info, "Sending is unlocked", None, released)
    return Unlocked(info, released)


def managers_of_domain(control: Control, domain: str) -> tuple[str, ...]:
    """The addresses of those who may change the domain. Raises NotFound, Unavailable."""
    with reading():
        row = find.domain(domain)
        require(control.actor, Right.SEE, row.organization_id)
        return _of_organization(row.organization_id)


def _managers(own: Address) -> tuple[str, ...]:
    return _of_organization(own.domain.organization_id)


def _of_organization(organization_id: int) -> tuple[str, ...]:
    rows = Membership.objects.filter(
        organization_id=organization_id, role__in=MANAGING, user__enabled=True
    )
    return tuple(rows.order_by("pk").values_list("user__email", flat=True))


def operators() -> tuple[str, ...]:
    """The addresses of the installation's operators. Raises Unavailable."""
    with reading():
        rows = User.objects.filter(operator=True, enabled=True).order_by("pk")
        return tuple(rows.values_list("email", flat=True))


def _held(parts: SendingParts, account: AccountInfo, since: float) -> int:
    try:
        return parts.hold(account.id, since)
    except AlphornError as error:
        _log.error("what %s has in the queue could not be held: %s", account.address, error.text)
        return 0


def _trace(
    control: Control,
    parts: SendingParts,
    account: AccountInfo,
    text: str,
    behaviour: Behaviour | None,
    count: int,
) -> None:
    facts: dict[str, str | int | float | bool | None] = {
        "account": account.address,
        "recipients": count,
    }
    if behaviour is not None:
        facts.update(behaviour.facts)
    parts.trace(
        TraceEvent(
            time=control.clock(),
            transaction="",
            stage="behaviour",
            verdict=Verdict.INFO,
            text=text,
            sender=account.address,
            account_id=account.id,
            domain=account.address.rpartition("@")[2],
            facts=facts,
        )
    )
