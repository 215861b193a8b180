"""Rows as values, and the few statements that need Django's own expressions."""

from collections.abc import Iterable, Sequence

from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from alphorn.base.address import display_domain
from alphorn.directory.orm import (
    Account,
    Address,
    DevicePassword,
    Domain,
    ListMember,
    Membership,
    Organization,
    PausedTarget,
    Plan,
    Template,
    User,
)
from alphorn.directory.values import (
    AccountInfo,
    AddressInfo,
    AddressKind,
    DevicePasswordInfo,
    DomainInfo,
    MembershipInfo,
    OrganizationInfo,
    PlanInfo,
    PlanLimits,
    Role,
    SendingLock,
    TemplateInfo,
    TemplateKind,
    UserInfo,
)

CATCH_ALL = "*"
"""How people write the local part of a catch-all: `*@example.org`."""


def limits_of(row: Plan) -> PlanLimits:
    return PlanLimits(
        row.address_quota,
        row.storage_octets,
        row.catch_all,
        row.recipients_per_message,
        row.messages_per_hour,
        row.messages_per_day,
        row.bulk_creations_per_day,
    )


def plan_info(row: Plan) -> PlanInfo:
    return PlanInfo(row.pk, row.name, limits_of(row), row.organizations.count())


def organization_infos(rows: QuerySet[Organization]) -> tuple[OrganizationInfo, ...]:
    """In one query."""
    counted = rows.select_related("plan").annotate(
        domain_count=Count("domains", distinct=True),
        address_count=Count("domains__addresses", distinct=True),
    )
    return tuple(
        OrganizationInfo(
            id=row.pk,
            name=row.name,
            enabled=row.enabled,
            plan=row.plan.name,
            limits=limits_of(row.plan),
            created=row.created,
            domains=row.domain_count,
            addresses=row.address_count,
        )
        for row in counted
    )


def organization_info(row: Organization) -> OrganizationInfo:
    """As the row stands in the database now."""
    return organization_infos(Organization.objects.filter(pk=row.pk))[0]


def domain_info(row: Domain) -> DomainInfo:
    return DomainInfo(
        id=row.pk,
        name=row.name,
        organization_id=row.organization_id,
        enabled=row.enabled and row.organization.enabled,
        unicode=display_domain(row.name),
    )


def account_info(row: Address) -> AccountInfo:
    """From an account's own address, with `domain__organization__plan` and `account` joined."""
    held = holder(row)
    organization = row.domain.organization
    limits = limits_of(organization.plan)
    return AccountInfo(
        id=held.pk,
        address=written(row),
        organization_id=organization.pk,
        enabled=held.enabled and row.domain.enabled and organization.enabled,
        quota_octets=limits.storage_octets if held.quota_octets is None else held.quota_octets,
        limits=limits,
        language=held.language,
        version=held.version,
        name=held.name,
        sending_lock=sending_lock(held),
        zone=held.zone,
    )


def sending_lock(held: Account) -> SendingLock | None:
    if held.sending_locked is None:
        return None
    return SendingLock(held.sending_locked, held.sending_lock_reason, held.sending_lock_operator)


def holder(row: Address) -> Account:
    """The account of an address that has one (the database sees to it for OWN)."""
    assert row.account is not None
    return row.account


def written(row: Address) -> str:
    """The address as people write it, with `domain` joined."""
    return f"{row.local or CATCH_ALL}@{row.domain.name}"


def address_infos(found: QuerySet[Address]) -> tuple[AddressInfo, ...]:
    """In one query, and up to three more where there are lists and redirects among them."""
    own = (
        Address.objects.filter(account=OuterRef("account"), kind=AddressKind.OWN.value)
        .annotate(text=Concat("local", Value("@"), "domain__name"))
        .values("text")
    )
    rows = list(found.select_related("domain", "account").annotate(own_address=Subquery(own)))
    members, paused = _members(rows), _paused(rows)
    return tuple(
        AddressInfo(
            id=row.pk,
            address=written(row),
            kind=AddressKind(row.kind),
            enabled=row.enabled and (row.account is None or row.account.enabled),
            account_id=row.account_id,
            account=row.own_address,
            redirect_to=tuple(members.get(row.pk, ()) or row.redirect_to.split()),
            expires=row.expires,
            created=row.created,
            keep=row.account_id is not None and row.keep,
            label=row.label,
            messages=row.messages,
            paused=tuple(
                one for one in row.redirect_to.split() if (row.domain_id, one.lower()) in paused
            ),
        )
        for row in rows
    )


def _members(rows: Sequence[Address]) -> dict[int, list[str]]:
    """The own addresses of those to whom lists lead, by the list's id."""
    lists = [row.pk for row in rows if row.kind == AddressKind.LIST.value]
    found: dict[int, list[str]] = {}
    if lists:
        own = Address.objects.select_related("domain").filter(
            kind=AddressKind.OWN.value, account__lists__address__in=lists
        )
        members = ListMember.objects.filter(address__in=lists).order_by("pk")
        by_account = {row.account_id: written(row) for row in own}
        for member in members:
            found.setdefault(member.address_id, []).append(by_account[member.account_id])
    return found


def _paused(rows: Sequence[Address]) -> set[tuple[int, str]]:
    """Targets that kept refusing, with the domains whose mail is not sent to them."""
    domains = {row.domain_id for row in rows if row.redirect_to}
    if not domains:
        return set()
    return set(PausedTarget.objects.filter(domain__in=domains).values_list("domain_id", "target"))


def device_infos(rows: Iterable[DevicePassword]) -> tuple[DevicePasswordInfo, ...]:
    return tuple(
        DevicePasswordInfo(
            row.pk,
            row.name,
            frozenset(row.protocols.split()),
            row.created,
            row.last_used,
            row.expires,
        )
        for row in rows
    )


def user_infos(rows: QuerySet[User], organization_id: int | None = None) -> tuple[UserInfo, ...]:
    """With all memberships, or only that in one organization; in two queries."""
    memberships = Membership.objects.select_related("organization").order_by("pk")
    if organization_id is not None:
        memberships = memberships.filter(organization_id=organization_id)
    return tuple(
        UserInfo(
            id=row.pk,
            email=row.email,
            name=row.name,
            enabled=row.enabled,
            operator=row.operator,
            memberships=tuple(
                MembershipInfo(member.organization_id, member.organization.name, Role(member.role))
                for member in row.memberships.all()
            ),
        )
        for row in rows.prefetch_related(Prefetch("memberships", memberships))
    )


def user_info(row: User, organization_id: int | None = None) -> UserInfo:
    """As the row stands in the database now."""
    return user_infos(User.objects.filter(pk=row.pk), organization_id)[0]


def template_infos(rows: QuerySet[Template]) -> tuple[TemplateInfo, ...]:
    """In one query."""
    found = rows.select_related("organization", "domain__organization").annotate(
        use_count=Count("uses")
    )
    return tuple(
        TemplateInfo(
            id=row.pk,
            kind=TemplateKind(row.kind),
            name=row.name,
            organization=(owner := template_owner(row)).name,
            organization_id=owner.pk,
            domain=row.domain.name if row.domain is not None else "",
            subject=row.subject,
            text=row.text,
            html=row.html,
            automatic=row.automatic,
            created=row.created,
            uses=row.use_count,
        )
        for row in found
    )


def template_owner(row: Template) -> Organization:
    """Whose it is (the database sees to it that there is one)."""
    owner = row.organization if row.domain is None else row.domain.organization
    assert owner is not None
    return owner


def touch(account_id: int) -> None:
    """Something about the account changed that sessions must notice (`AccountInfo.version`)."""
    Account.objects.filter(pk=account_id).update(version=F("version") + 1)


def lock(organization_id: int) -> None:
    """Nobody else adds to this organization until this transaction ends. On SQLite nobody else
    writes at all meanwhile, and this does nothing."""
    Organization.objects.select_for_update().get(pk=organization_id)
