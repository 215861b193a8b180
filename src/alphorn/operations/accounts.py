"""Accounts: what people log in to. An account is born with its own address and its mail file."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from alphorn.base import address as rules
from alphorn.base.errors import Refused
from alphorn.directory.orm import Account, Address, Domain, Organization, change, reading
from alphorn.directory.rows import account_info, holder, touch, written
from alphorn.directory.values import LANGUAGES, AccountInfo, AddressKind
from alphorn.operations import find, quota
from alphorn.operations.addresses import kept_refused, place, refuse
from alphorn.operations.control import Control, NewAccount
from alphorn.operations.newcomers import welcome
from alphorn.operations.profiles import checked
from alphorn.operations.rights import Right, require, require_holder, visible_organizations
from alphorn.operations.verifier import Verifier, make
from alphorn.sieve.responder_times import check_zone

MAX_AT_ONCE = 200
MAX_QUOTA_OCTETS = 2**50


@dataclass(frozen=True, slots=True)
class RemovedAccount:
    """`addresses` are all that led to it, its own first; they are gone too."""

    account_id: int
    addresses: tuple[str, ...]


def add_account(control: Control, new: NewAccount) -> AccountInfo:
    """With its own address and an empty mailbox; durable, and usable in every process, on return.

    Raises AddressError, PasswordError, Exists, NotFound (the domain), Refused("address-quota",
    "name", "language", "quota-limit"), Forbidden, Unavailable.
    """
    parsed = rules.parse(new.address)
    verifier = _verifier(control, new)
    with change():
        domain = find.domain(parsed.domain)
        require(control.actor, Right.ADDRESSES, domain.organization_id)
        quota.require_room(domain.organization)
        made = create(control, domain, parsed.local, new, verifier)
    welcome(control, (made.address,))
    return made


def add_accounts(control: Control, news: Sequence[NewAccount]) -> tuple[AccountInfo, ...]:
    """Many at once: all or none. Counts against the plan's bulk creations.

    Raises as `add_account`, and Refused("bulk-quota", "too-many").
    """
    if len(news) > MAX_AT_ONCE:
        raise Refused(f"At most {MAX_AT_ONCE} accounts are made at once.", code="too-many")
    parsed = [rules.parse(new.address) for new in news]
    with ThreadPoolExecutor() as threads:
        verifiers = list(threads.map(lambda new: _verifier(control, new), news))
    with change():
        domains = {name: find.domain(name) for name in {address.domain for address in parsed}}
        adding: dict[Organization, int] = {}
        for address in parsed:
            organization = domains[address.domain].organization
            adding[organization] = adding.get(organization, 0) + 1
        for organization, count in adding.items():
            require(control.actor, Right.ADDRESSES, organization.pk)
            quota.require_room(organization, count)
            quota.require_bulk_room(organization, count, control.now())
        made = tuple(
            create(control, domains[address.domain], address.local, new, verifier, in_bulk=True)
            for address, new, verifier in zip(parsed, news, verifiers, strict=True)
        )
    welcome(control, [info.address for info in made])
    return made


def _verifier(control: Control, new: NewAccount) -> Verifier:
    return make(new.password, control.iterations, new.address, new.name)


def create(
    control: Control,
    domain: Domain,
    local: str,
    new: NewAccount,
    verifier: Verifier,
    *,
    redirect_to: str = "",
    keep: bool = True,
    in_bulk: bool = False,
) -> AccountInfo:
    """An account from what was checked, in a transaction of the caller's. Raises Exists,
    Refused("name", "language", "quota-limit", "profile")."""
    profile = checked(new.profile)
    account = Account.objects.create(
        name=_person(new.name),
        function=profile.function,
        phone=profile.phone,
        postal_address=profile.postal_address,
        language=_language(new.language),
        quota_octets=_quota(new.quota_octets),
        salt=verifier.salt,
        iterations=verifier.iterations,
        stored_key=verifier.stored_key,
        server_key=verifier.server_key,
        created=control.now(),
    )
    own = place(
        control,
        domain,
        local,
        AddressKind.OWN,
        account,
        redirect_to=redirect_to,
        keep=keep,
        in_bulk=in_bulk,
    )
    # Before the commit: an account never exists without its file. Should the commit fail, an empty
    # file stays behind that the next account will use, for it will get the same id.
    control.store.create(account.pk)
    return account_info(own)


def rename_account(control: Control, address: str, name: str) -> AccountInfo:
    """The name of the person. Raises NotFound, Refused("name"), Forbidden."""
    return _update(control, address, "name", _person(name))


def set_language(control: Control, address: str, language: str) -> AccountInfo:
    """Raises NotFound, Refused("language"), Forbidden."""
    return _update(control, address, "language", _language(language))


def set_zone(control: Control, address: str, zone: str) -> AccountInfo:
    """The time zone that the account's rules live in, such as "Europe/Zurich"; "" for the server's.
    Its holder may say so too. Raises NotFound, FieldError for one that is not there, Forbidden."""
    checked = check_zone(zone, "zone") if zone else ""
    with change():
        own = find.account(address)
        held = holder(own)
        require_holder(control.actor, held.pk, own.domain.organization_id)
        held.zone = checked
        held.save(update_fields=["zone"])
        return account_info(own)


def set_quota(control: Control, address: str, octets: int | None) -> AccountInfo:
    """0 for no limit, None for the plan's. Raises NotFound, Refused("quota-limit"), Forbidden."""
    return _update(control, address, "quota_octets", _quota(octets))


def _update(control: Control, address: str, field: str, value: object) -> AccountInfo:
    with change():
        own = find.account(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        held = holder(own)
        setattr(held, field, value)
        held.save(update_fields=[field])
        return account_info(own)


def remove_account(control: Control, address: str) -> RemovedAccount:
    """The account, every address that leads to it, its passwords, and its mail: for good. Its
    temporary and its confidential addresses are refused from now on.

    Raises NotFound, Forbidden, Unavailable.
    """
    with change():
        own = find.account(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        held = holder(own)
        leading = Address.objects.select_related("domain").filter(account=held)
        others = [written(row) for row in leading.order_by("pk") if row.pk != own.pk]
        removed = RemovedAccount(held.pk, (written(own), *others))
        refuse(kept_refused([row.pk for row in leading]))
        Address.objects.filter(account=held).delete()
        held.delete()
    # After the commit: mail is removed only when nothing can lead to it any more. A crash here
    # leaves a file that nobody reaches, and whose id is never given again.
    control.store.remove(removed.account_id)
    return removed


def show_account(control: Control, address: str) -> AccountInfo:
    with reading():
        own = find.account(address)
        require(control.actor, Right.SEE, own.domain.organization_id)
        return account_info(own)


def list_accounts(
    control: Control, *, organization: str | None = None, domain: str | None = None
) -> tuple[AccountInfo, ...]:
    """Those the actor may see, by address."""
    with reading():
        rows = (
            Address.objects.select_related("domain__organization__plan", "account")
            .filter(kind=AddressKind.OWN.value)
            .order_by("domain__name", "local")
        )
        if organization is not None:
            rows = rows.filter(domain__organization=find.organization(organization))
        if domain is not None:
            rows = rows.filter(domain=find.domain(domain))
        visible = visible_organizations(control.actor)
        if visible is not None:
            rows = rows.filter(domain__organization__in=visible)
        return tuple(map(account_info, rows))


def end_sessions(control: Control, address: str) -> AccountInfo:
    """Everybody who is logged in to the account has to log in again."""
    with change():
        own = find.account(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        held = holder(own)
        touch(held.pk)
        held.refresh_from_db(fields=["version"])
        return account_info(own)


def _person(name: str) -> str:
    return find.name(name, "account") if name.strip() else ""


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise Refused(f"The language is one of {', '.join(LANGUAGES)}.", code="language")
    return language


def _quota(octets: int | None) -> int | None:
    if octets is not None and not 0 <= octets <= MAX_QUOTA_OCTETS:
        raise Refused(f"A quota is between 0 and {MAX_QUOTA_OCTETS} octets.", code="quota-limit")
    return octets
