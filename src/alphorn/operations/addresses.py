"""Addresses of every kind but an account's own (`accounts` makes and removes those)."""

from collections.abc import Sequence

from alphorn.base import address as rules
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.orm import Account, Address, Domain, change, reading
from alphorn.directory.rows import address_infos, holder, touch, written
from alphorn.directory.values import AddressInfo, AddressKind
from alphorn.operations import find, quota
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require, visible_organizations

MAX_REDIRECTS = 50
MAX_LIFE_SECONDS = 10 * 366 * 86400


def add_alias(control: Control, address: str, account: str) -> AddressInfo:
    """Another name for an account of the same organization.

    Raises AddressError, Exists, NotFound, Refused("address-quota", "other-organization"),
    Forbidden.
    """
    return _add_for_account(control, rules.parse(address), account, AddressKind.ALIAS)


def add_temporary(control: Control, address: str, account: str, expires: int) -> AddressInfo:
    """An alias that leads nowhere from `expires` (seconds UTC) on. Raises as `add_alias`, and
    Refused("expiry") where that is not within the next ten years."""
    if not control.now() < expires <= control.now() + MAX_LIFE_SECONDS:
        raise Refused("A temporary address ends within the next ten years.", code="expiry")
    parsed = rules.parse(address)
    return _add_for_account(control, parsed, account, AddressKind.TEMPORARY, expires)


def _add_for_account(
    control: Control,
    parsed: rules.Address,
    account: str,
    kind: AddressKind,
    expires: int | None = None,
) -> AddressInfo:
    with change():
        domain = find.domain(parsed.domain)
        require(control.actor, Right.ADDRESSES, domain.organization_id)
        held = _account(domain, account)
        quota.require_room(domain.organization)
        return _info(place(control, domain, parsed.local, kind, held, expires=expires))


def add_redirect(control: Control, address: str, targets: Sequence[str]) -> AddressInfo:
    """An address without a mailbox, whose mail goes on to others, here or elsewhere.

    Raises as `add_alias`, and Refused("redirect") for none, too many, or itself.
    """
    parsed = rules.parse(address)
    redirect_to = _targets(str(parsed), targets)
    with change():
        domain = find.domain(parsed.domain)
        require(control.actor, Right.ADDRESSES, domain.organization_id)
        quota.require_room(domain.organization)
        row = place(control, domain, parsed.local, AddressKind.REDIRECT, redirect_to=redirect_to)
        return _info(row)


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
    redirect_to = "" if account is not None else _targets(f"*@{name}", targets)
    with change():
        row = find.domain(name)
        require(control.actor, Right.ADDRESSES, row.organization_id)
        held = None if account is None else _account(row, account)
        quota.require_catch_all(row.organization)
        quota.require_room(row.organization)
        return _info(place(control, row, "", AddressKind.CATCH_ALL, held, redirect_to=redirect_to))


def place(
    control: Control,
    domain: Domain,
    local: str,
    kind: AddressKind,
    account: Account | None = None,
    *,
    redirect_to: str = "",
    expires: int | None = None,
    in_bulk: bool = False,
) -> Address:
    """A new row, in a transaction of the caller's. Raises Exists."""
    if Address.objects.filter(domain=domain, local=local).exists():
        shown = f"{local}@{domain.name}" if local else f"The catch-all of {domain.name}"
        raise Exists(f"{shown} exists already.")
    return Address.objects.create(
        domain=domain,
        local=local,
        kind=kind.value,
        account=account,
        redirect_to=redirect_to,
        expires=expires,
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
        return _info(row)


def remove_address(control: Control, address: str) -> AddressInfo:
    """Raises Refused("own-address") for an account's own address: `accounts.remove_account` does
    that, and takes the mail with it."""
    with change():
        row = find.address(address)
        require(control.actor, Right.ADDRESSES, row.domain.organization_id)
        if row.kind == AddressKind.OWN.value:
            raise Refused(
                f"{written(row)} is an account with mail in it; "
                f"say: alphorn account remove {written(row)}",
                code="own-address",
            )
        info = _info(row)
        row.delete()
        return info


def show_address(control: Control, address: str) -> AddressInfo:
    with reading():
        row = find.address(address)
        require(control.actor, Right.SEE, row.domain.organization_id)
        return _info(row)


def list_addresses(
    control: Control,
    *,
    organization: str | None = None,
    domain: str | None = None,
    account: str | None = None,
) -> tuple[AddressInfo, ...]:
    """Those the actor may see, by domain and name; of one organization, domain or account."""
    with reading():
        rows = Address.objects.order_by("domain__name", "local")
        if organization is not None:
            rows = rows.filter(domain__organization=find.organization(organization))
        if domain is not None:
            rows = rows.filter(domain=find.domain(domain))
        if account is not None:
            rows = rows.filter(account=find.account(account).account)
        visible = visible_organizations(control.actor)
        if visible is not None:
            rows = rows.filter(domain__organization__in=visible)
        return address_infos(rows)


def _account(domain: Domain, address: str) -> Account:
    own = find.account(address)
    if own.domain.organization_id != domain.organization_id:
        raise Refused(
            f"{written(own)} belongs to another organization than {domain.name}.",
            code="other-organization",
        )
    return holder(own)


def _targets(address: str, targets: Sequence[str]) -> str:
    """Redirect targets as they are stored: one a line, each once."""
    written_once = dict.fromkeys(str(rules.parse_foreign(target.strip())) for target in targets)
    if not written_once:
        raise Refused(f"Where shall {address} lead to? Name at least one address.", code="redirect")
    if len(written_once) > MAX_REDIRECTS:
        raise Refused(f"An address leads to at most {MAX_REDIRECTS} others.", code="redirect")
    if address in map(str.lower, written_once):
        raise Refused(f"{address} cannot lead to itself.", code="redirect")
    return "\n".join(written_once)


def _info(row: Address) -> AddressInfo:
    infos = address_infos(Address.objects.filter(pk=row.pk))
    if not infos:
        raise NotFound("The address is gone.")
    return infos[0]
