"""Redirects: set and lifted from any address, and paused where the target keeps refusing.

A target is paused for a whole domain: it refuses what any of its addresses sends on. Whoever the
redirects belong to is told, once; naming the target again, or resuming, tries it anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base import address as rules
from alphorn.base.errors import NotFound, Refused
from alphorn.directory.orm import (
    MAX_REASON,
    Account,
    Address,
    Domain,
    Membership,
    PausedTarget,
    change,
)
from alphorn.directory.rows import holder, written
from alphorn.directory.values import AddressInfo, AddressKind
from alphorn.operations import confidential, find
from alphorn.operations.addresses import begin_anew, checked_targets, info_of, warned
from alphorn.operations.control import Control
from alphorn.operations.rights import MANAGING, Right, require, require_holder, require_operator


@dataclass(frozen=True, slots=True)
class Paused:
    """`owners` are the addresses of those whose redirects lead there; `addresses` are theirs.
    `new`: it was not paused before."""

    target: str
    domain: str
    addresses: tuple[str, ...]
    owners: tuple[str, ...]
    new: bool


def set_redirect(
    control: Control, address: str, targets: Sequence[str], *, keep: bool = True
) -> AddressInfo:
    """Mail for the address goes on to these as well, with `keep`, or only. No target lifts the
    redirect. The holder of the account behind it may do that, and who manages the organization.

    Raises NotFound, AddressError, Refused("redirect", "confidential"), Forbidden.
    """
    with change():
        row = find.address(address)
        _require(control, row)
        if row.kind in (AddressKind.LIST.value, AddressKind.REFUSED.value):
            raise Refused(f"{written(row)} is of kind {row.kind}.", code="redirect")
        if row.account is None and not targets:
            raise Refused(f"{written(row)} leads nowhere else; remove it instead.", code="redirect")
        row.redirect_to = checked_targets(written(row), targets) if targets else ""
        confidential.check_targets(row, row.redirect_to.split())
        row.keep = keep or row.account is None or not targets
        row.save(update_fields=["redirect_to", "keep"])
        begin_anew(row.domain, row.redirect_to)
        return warned(info_of(row))


def resume_redirect(control: Control, address: str, targets: Sequence[str] = ()) -> AddressInfo:
    """Its paused targets are tried again, and these, to which rules of the account behind it lead.
    Raises NotFound (for one that is not paused, too), AddressError, Forbidden."""
    named = [str(rules.parse_foreign(target)) for target in targets]
    with change():
        row = find.address(address)
        _require(control, row)
        paused = PausedTarget.objects.filter(domain=row.domain)
        for target in named:
            if not paused.filter(target=target.lower()).exists():
                raise NotFound(f"{target} is not paused for {row.domain.name}.", code="not-paused")
        begin_anew(row.domain, "\n".join((row.redirect_to, *named)))
        return info_of(row)


def pause_target(
    control: Control, domain: str, target: str, reason: str, account_id: int | None = None
) -> Paused:
    """Nothing of this domain is sent on to the target until somebody resumes it; `reason` is what
    it says, `account_id` whose mail it refused. Those whose rules alone lead there are not among
    the owners: their rules tell them (`operations.planning`). Raises NotFound, AddressError,
    Forbidden."""
    folded = str(rules.parse_foreign(target)).lower()
    with change():
        require_operator(control.actor)
        there = find.domain(domain)
        rows = [
            row
            for row in Address.objects.select_related("domain", "account").filter(
                domain=there, redirect_to__icontains=folded
            )
            if folded in row.redirect_to.lower().split()
        ]
        new = False
        if rows or (account_id is not None and Account.objects.filter(pk=account_id).exists()):
            _, new = PausedTarget.objects.get_or_create(
                domain=there,
                target=folded,
                defaults={"since": control.now(), "reason": " ".join(reason.split())[:MAX_REASON]},
            )
        return Paused(folded, there.name, tuple(map(written, rows)), _owners(there, rows), new)


def _require(control: Control, row: Address) -> None:
    if row.account is not None:
        require_holder(control.actor, holder(row).pk, row.domain.organization_id)
    else:
        require(control.actor, Right.ADDRESSES, row.domain.organization_id)


def _owners(domain: Domain, rows: Sequence[Address]) -> tuple[str, ...]:
    """The own addresses of the accounts behind these; who manages the organization, where there is
    none behind one."""
    accounts = [row.account_id for row in rows if row.account_id is not None]
    own = Address.objects.select_related("domain").filter(
        account__in=accounts, kind=AddressKind.OWN.value
    )
    found = [written(row) for row in own.order_by("pk")]
    if any(row.account_id is None for row in rows):
        managing = Membership.objects.filter(
            organization=domain.organization_id, role__in=MANAGING, user__enabled=True
        )
        found += managing.order_by("pk").values_list("user__email", flat=True)
    return tuple(dict.fromkeys(found))
