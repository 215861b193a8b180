"""Addresses: aliases, redirects, catch-alls and refused ones; listing, switching and removing those
of every kind. `accounts`, `distribution` and `temporary` make the others."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from alphorn.base import address as rules
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.orm import (
    Account,
    Address,
    ConfidentialAddress,
    Domain,
    PausedTarget,
    SendGrant,
    change,
    reading,
)
from alphorn.directory.rows import address_infos, holder, touch, written
from alphorn.directory.values import AddressInfo, AddressKind, ConfidentialState
from alphorn.operations import find, quota
from alphorn.operations.control import Control
from alphorn.operations.onward import warnings
from alphorn.operations.rights import Right, require, require_holder, visible_organizations

MAX_REDIRECTS = 50


def add_alias(control: Control, address: str, account: str) -> AddressInfo:
    """Another name for an account of the same organization.

    Raises AddressError, Exists, NotFound, Refused("address-quota", "other-organization"),
    Forbidden.
    """
    parsed = rules.parse(address)
    with change():
        domain = find.domain(parsed.domain)
        require(control.actor, Right.ADDRESSES, domain.organization_id)
        held = holder(own_address(domain, account))
        quota.require_room(domain.organization)
        return info_of(place(control, domain, parsed.local, AddressKind.ALIAS, held))


def add_redirect(control: Control, address: str, targets: Sequence[str]) -> AddressInfo:
    """An address without a mailbox, whose mail goes on to others, here or elsewhere.

    Raises as `add_alias`, and Refused("redirect") for none, too many, or itself.
    """
    parsed = rules.parse(address)
    redirect_to = checked_targets(str(parsed), targets)
    with change():
        domain = find.domain(parsed.domain)
        require(control.actor, Right.ADDRESSES, domain.organization_id)
        quota.require_room(domain.organization)
        row = place(control, domain, parsed.local, AddressKind.REDIRECT, redirect_to=redirect_to)
        begin_anew(domain, redirect_to)
        return warned(info_of(row))


def add_refused(control: Control, address: str) -> AddressInfo:
    """An address that takes nothing, though the domain may have a catch-all. Raises as
    `add_alias`."""
    parsed = rules.parse(address)
    with change():
        domain = find.domain(parsed.domain)
        require(control.actor, Right.ADDRESSES, domain.organization_id)
        quota.require_room(domain.organization)
        return info_of(place(control, domain, parsed.local, AddressKind.REFUSED))


def add_catch_all(
    control: Control, domain: str, account: str | None = None, targets: Sequence[str] = ()
) -> AddressInfo:
    """What is nobody's in the domain goes to an account, or on to other addresses: either, not
    both. Raises as `add_redirect`, and Refused("no-catch-all") where the plan has none."""
    name = rules.check_domain(domain)
    if account is not None and targets:
        raise Refused(
            "A catch-all leads to an account or to other addresses, not both.", code="redirect"
        )
    redirect_to = "" if account is not None else checked_targets(f"*@{name}", targets)
    with change():
        row = find.domain(name)
        require(control.actor, Right.ADDRESSES, row.organization_id)
        held = None if account is None else holder(own_address(row, account))
        quota.require_catch_all(row.organization)
        quota.require_room(row.organization)
        begin_anew(row, redirect_to)
        made = place(control, row, "", AddressKind.CATCH_ALL, held, redirect_to=redirect_to)
        return warned(info_of(made))


def place(
    control: Control,
    domain: Domain,
    local: str,
    kind: AddressKind,
    account: Account | None = None,
    *,
    redirect_to: str = "",
    keep: bool = True,
    expires: int | None = None,
    messages: int | None = None,
    label: str = "",
    in_bulk: bool = False,
) -> Address:
    """A new row, in a transaction of the caller's. Raises Exists."""
    there = Address.objects.filter(domain=domain, local=local).first()
    if there is not None and there.kind == AddressKind.REFUSED.value:
        name = f"{local}@{domain.name}"
        raise Exists(f"{name} is to be refused; say: alphorn address remove {name}")
    if there is not None:
        shown = f"{local}@{domain.name}" if local else f"The catch-all of {domain.name}"
        raise Exists(f"{shown} exists already.")
    return Address.objects.create(
        domain=domain,
        local=local,
        kind=kind.value,
        account=account,
        redirect_to=redirect_to,
        keep=keep,
        expires=expires,
        messages=messages,
        label=label,
        in_bulk=in_bulk,
        created=control.now(),
    )


def enable_address(control: Control, address: str, on: bool) -> AddressInfo:
    """Switched off, it takes no mail. An account's own address switches the account: nobody can
    log in, none of its addresses takes mail, and nothing is lost."""
    with change():
        row = find.address(address)
        require(control.actor, Right.ADDRESSES, row.domain.organization_id)
        if row.kind == AddressKind.OWN.value:
            held = holder(row)
            held.enabled = on
            held.save(update_fields=["enabled"])
            touch(held.pk)
        else:
            row.enabled = on
            row.save(update_fields=["enabled"])
        return info_of(row)


def remove_address(control: Control, address: str) -> AddressInfo:
    """A temporary address is refused from now on, so that what it was given out for never falls to
    the catch-all, and so is a confidential one, whose mail may come in no other way; removed once
    more they are gone. A temporary address its account's holder may remove too. The address as it
    is now, or was.

    Raises Refused("own-address") for an account's own address: `accounts.remove_account` does
    that, and takes the mail with it.
    """
    with change():
        row = find.address(address)
        if row.kind == AddressKind.TEMPORARY.value:
            require_holder(control.actor, holder(row).pk, row.domain.organization_id)
        else:
            require(control.actor, Right.ADDRESSES, row.domain.organization_id)
        if row.kind == AddressKind.OWN.value:
            raise Refused(
                f"{written(row)} is an account with mail in it; "
                f"say: alphorn account remove {written(row)}",
                code="own-address",
            )
        info = info_of(row)
        if kept := kept_refused([row.pk]):
            refuse(kept)
            return info_of(find.address(address))
        row.delete()
        return info


def kept_refused(ids: Collection[int]) -> set[int]:
    """Those that are refused once nobody has them any more, and never fall to a catch-all."""
    temporary = Address.objects.filter(pk__in=ids, kind=AddressKind.TEMPORARY.value)
    confidential = ConfidentialAddress.objects.filter(
        address__in=ids, state=ConfidentialState.ACTIVE.value
    )
    return {
        *temporary.values_list("pk", flat=True),
        *confidential.values_list("address_id", flat=True),
    }


def refuse(ids: Collection[int]) -> None:
    """These lead nowhere from now on, in a transaction of the caller's."""
    SendGrant.objects.filter(address__in=ids).delete()
    ConfidentialAddress.objects.filter(address__in=ids).delete()
    Address.objects.filter(pk__in=ids).update(
        kind=AddressKind.REFUSED.value,
        account=None,
        redirect_to="",
        keep=True,
        enabled=True,
        expires=None,
        messages=None,
    )


def show_address(control: Control, address: str) -> AddressInfo:
    with reading():
        row = find.address(address)
        if control.actor.account_id is None or row.account_id != control.actor.account_id:
            require(control.actor, Right.SEE, row.domain.organization_id)
        return info_of(row)


def list_addresses(
    control: Control,
    *,
    organization: str | None = None,
    domain: str | None = None,
    account: str | None = None,
    kind: AddressKind | None = None,
    label: str | None = None,
) -> tuple[AddressInfo, ...]:
    """Those the actor may see, by domain and name; of one organization, domain, account or kind, or
    with these words in the label. The holder of an account sees what leads to it."""
    with reading():
        rows = Address.objects.order_by("domain__name", "local")
        if organization is not None:
            rows = rows.filter(domain__organization=find.organization(organization))
        if domain is not None:
            rows = rows.filter(domain=find.domain(domain))
        if account is not None:
            rows = rows.filter(account=find.account(account).account)
        if kind is not None:
            rows = rows.filter(kind=kind.value)
        if label is not None:
            rows = rows.filter(label__icontains=label.strip())
        visible = visible_organizations(control.actor)
        if control.actor.account_id is not None:
            rows = rows.filter(account=control.actor.account_id)
        elif visible is not None:
            rows = rows.filter(domain__organization__in=visible)
        return address_infos(rows)


def own_address(domain: Domain, account: str) -> Address:
    """Of an account in the domain's organization. Raises Refused("other-organization")."""
    own = find.account(account)
    if own.domain.organization_id != domain.organization_id:
        raise Refused(
            f"{written(own)} belongs to another organization than {domain.name}.",
            code="other-organization",
        )
    return own


def checked_targets(address: str, targets: Sequence[str]) -> str:
    """Redirect targets as they are stored: one a line, each once. Raises AddressError,
    Refused("redirect")."""
    written_once = dict.fromkeys(str(rules.parse_foreign(target.strip())) for target in targets)
    if not written_once:
        raise Refused(f"Where shall {address} lead to? Name at least one address.", code="redirect")
    if len(written_once) > MAX_REDIRECTS:
        raise Refused(f"An address leads to at most {MAX_REDIRECTS} others.", code="redirect")
    if address in map(str.lower, written_once):
        raise Refused(f"{address} cannot lead to itself.", code="redirect")
    return "\n".join(written_once)


def begin_anew(domain: Domain, redirect_to: str) -> None:
    """Whoever names a target again wants it tried again, even if it was paused."""
    targets = [target.lower() for target in redirect_to.split()]
    if targets:
        PausedTarget.objects.filter(domain=domain, target__in=targets).delete()


def info_of(row: Address) -> AddressInfo:
    infos = address_infos(Address.objects.filter(pk=row.pk))
    if not infos:
        raise NotFound("The address is gone.")
    return infos[0]


def warned(info: AddressInfo) -> AddressInfo:
    """With what whoever made the redirect is to know."""
    return replace(info, warnings=warnings(info.redirect_to))
