"""Confidential addresses: an organization asks that some of its addresses send and receive over a
secured gateway only, and an operator approves.

    requested -> active        approved: from this moment it holds, for what comes and what goes
        |          |
        |          +--> withdrawn    by the organization or the operator; asked for anew as before
        +--> refused, withdrawn

Who asked is told of each decision that somebody else makes.

One row an address: the last request, with who asked, who decided, when, and what they said.
"""

from collections.abc import Callable, Sequence

from alphorn.base import address as rules
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.orm import (
    MAX_REASON,
    Address,
    ConfidentialAddress,
    Domain,
    User,
    change,
    reading,
)
from alphorn.directory.rows import written
from alphorn.directory.values import AddressKind, ConfidentialInfo, ConfidentialState
from alphorn.operations import find
from alphorn.operations.control import Actor, Control
from alphorn.operations.gateways import find_gateway
from alphorn.operations.rights import Right, require, require_operator, visible_organizations
from alphorn.operations.secured import CODE

OPERATOR = "operator"
KINDS = (AddressKind.OWN.value, AddressKind.ALIAS.value)
"""Behind these is one mailbox, and they can send."""


Tell = Callable[[ConfidentialInfo], object]
"""Tells who asked; must not raise (`operations.notices.Notices.decided`)."""


def _untold(info: ConfidentialInfo) -> None:
    """Nobody is told."""


def request(control: Control, address: str, gateway: str, note: str = "") -> ConfidentialInfo:
    """Ask that an address use a gateway only; nothing changes yet.

    Raises NotFound, AddressError, Forbidden, Exists where that is asked or so already,
    Refused("confidential") for an address without a mailbox of its own, or one that is redirected
    to where the gateway does not lead.
    """
    with change():
        row = find.address(address)
        require(control.actor, Right.ADDRESSES, row.domain.organization_id)
        way = find_gateway(gateway)
        there = ConfidentialAddress.objects.filter(address=row).first()
        if there is not None and there.state == ConfidentialState.ACTIVE.value:
            raise Exists(f"{written(row)} is confidential already, over {there.gateway.name}.")
        if there is not None and there.state == ConfidentialState.REQUESTED.value:
            raise Exists(f"{written(row)} waits for an operator's approval already.")
        _check(row, row.redirect_to.split(), way.pk)
        if there is not None:
            there.delete()
        made = ConfidentialAddress.objects.create(
            address=row,
            gateway=way,
            state=ConfidentialState.REQUESTED.value,
            asked_by=_who(control.actor),
            asked=control.now(),
            asked_note=_words(note),
        )
        return _info(made)


def approve(
    control: Control, address: str, note: str = "", tell: Tell = _untold
) -> ConfidentialInfo:
    """From now on the address uses the gateway only. Raises NotFound, AddressError, Forbidden,
    Refused("confidential") where nobody asked, or as `request`."""
    with change():
        require_operator(control.actor)
        row = _requested(address)
        _check(row.address, row.address.redirect_to.split(), row.gateway_id)
        decided = _decide(control, row, ConfidentialState.ACTIVE, note)
    tell(decided)
    return decided


def refuse(
    control: Control, address: str, note: str = "", tell: Tell = _untold
) -> ConfidentialInfo:
    """Raises NotFound, AddressError, Forbidden, Refused("confidential") where nobody asked."""
    with change():
        require_operator(control.actor)
        decided = _decide(control, _requested(address), ConfidentialState.REFUSED, note)
    tell(decided)
    return decided


def withdraw(
    control: Control, address: str, note: str = "", tell: Tell = _untold
) -> ConfidentialInfo:
    """The request, or the approval with all that it means: mail comes and goes as to any address
    again. What is in the queue already stays bound to the gateway.

    Raises NotFound, AddressError, Forbidden, Refused("confidential") where there is nothing.
    """
    with change():
        own = find.address(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        row = _row(address)
        if row.state not in (ConfidentialState.REQUESTED.value, ConfidentialState.ACTIVE.value):
            raise Refused(f"{address} is not confidential and is not to be.", code=CODE)
        decided = _decide(control, row, ConfidentialState.WITHDRAWN, note)
    tell(decided)
    return decided


def list_confidential(
    control: Control,
    *,
    organization: str | None = None,
    gateway: str | None = None,
    state: ConfidentialState | None = None,
) -> tuple[ConfidentialInfo, ...]:
    """The requests that the actor may see, by address. Raises NotFound, Unavailable."""
    with reading():
        joined = ConfidentialAddress.objects.select_related("address__domain", "gateway")
        rows = joined.order_by("address__domain__name", "address__local")
        if organization is not None:
            rows = rows.filter(address__domain__organization=find.organization(organization))
        if gateway is not None:
            rows = rows.filter(gateway=find_gateway(gateway))
        if state is not None:
            rows = rows.filter(state=state.value)
        visible = visible_organizations(control.actor)
        if control.actor.account_id is not None:
            rows = rows.filter(address__account=control.actor.account_id)
        elif visible is not None:
            rows = rows.filter(address__domain__organization__in=visible)
        return tuple(map(_info, rows))


def check_targets(row: Address, targets: Sequence[str]) -> None:
    """May an address be redirected to these? Within a transaction. Raises Refused("confidential")
    where it is confidential and one of them is an address of ours that is not, over the same."""
    active = ConfidentialAddress.objects.filter(
        address=row, state=ConfidentialState.ACTIVE.value
    ).first()
    if active is not None:
        _check(row, targets, active.gateway_id)


def _check(row: Address, targets: Sequence[str], gateway_id: int) -> None:
    if row.kind not in KINDS:
        raise Refused(
            f"{written(row)} is of kind {row.kind}; only an account's address or an alias can be"
            " confidential.",
            code=CODE,
        )
    for target in targets:
        parsed = rules.parse_foreign(target)
        folded = rules.fold_local(rules.split_detail(parsed.local)[0])
        if not Domain.objects.filter(name=parsed.domain).exists():
            continue  # it is reached over the gateway, or not at all
        same = ConfidentialAddress.objects.filter(
            address__domain__name=parsed.domain,
            address__local=folded or "",
            gateway=gateway_id,
            state=ConfidentialState.ACTIVE.value,
        )
        if not same.exists():
            raise Refused(
                f"{written(row)} cannot be redirected to {target}, which does not use the same"
                " secured gateway.",
                code=CODE,
            )


def _requested(address: str) -> ConfidentialAddress:
    row = _row(address)
    if row.state != ConfidentialState.REQUESTED.value:
        raise Refused(f"Nobody waits for a decision about {address}: it is {row.state}.", code=CODE)
    return row


def _row(address: str) -> ConfidentialAddress:
    joined = ConfidentialAddress.objects.select_related("address__domain", "gateway")
    row = joined.filter(address=find.address(address)).first()
    if row is None:
        raise NotFound(f"Nobody asked that {address} be confidential.")
    return row


def _decide(
    control: Control, row: ConfidentialAddress, state: ConfidentialState, note: str
) -> ConfidentialInfo:
    row.state = state.value
    row.decided_by = _who(control.actor)
    row.decided = control.now()
    row.decided_note = _words(note)
    row.save()
    return _info(row)


def _who(actor: Actor) -> str:
    if actor.user_id is not None:
        return User.objects.filter(pk=actor.user_id).values_list("email", flat=True).get()
    if actor.account_id is not None:
        own = Address.objects.select_related("domain")
        return written(own.get(account=actor.account_id, kind=AddressKind.OWN.value))
    return OPERATOR


def _words(note: str) -> str:
    return " ".join(note.split())[:MAX_REASON]


def _info(row: ConfidentialAddress) -> ConfidentialInfo:
    return ConfidentialInfo(
        written(row.address),
        row.gateway.name,
        ConfidentialState(row.state),
        row.asked_by,
        row.asked,
        row.asked_note,
        row.decided_by,
        row.decided,
        row.decided_note,
    )
