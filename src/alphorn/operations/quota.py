"""What a plan still allows. Private to `operations`; called inside the transaction that adds."""

from alphorn.base.errors import Refused
from alphorn.directory.orm import Address, Organization
from alphorn.directory.rows import lock

DAY = 86400


def require_room(organization: Organization, adding: int = 1) -> None:
    """Raises Refused("address-quota") where the plan's number of addresses would be passed."""
    lock(organization.pk)
    quota = organization.plan.address_quota
    used = Address.objects.filter(domain__organization=organization).count()
    if quota and used + adding > quota:
        raise Refused(
            f"The plan {organization.plan.name} of {organization.name} allows {quota} addresses, "
            f"and {used} are in use.",
            code="address-quota",
        )


def require_bulk_room(organization: Organization, adding: int, now: int) -> None:
    """Raises Refused("bulk-quota") where too many were created in bulk within 24 hours."""
    allowed = organization.plan.bulk_creations_per_day
    lately = _lately(organization, now)
    if allowed and lately + adding > allowed:
        raise Refused(
            f"The plan {organization.plan.name} of {organization.name} allows {allowed} addresses "
            f"created in bulk within 24 hours; {lately} were.",
            code="bulk-quota",
        )


def require_catch_all(organization: Organization) -> None:
    """Raises Refused("no-catch-all") where the plan has none."""
    if not organization.plan.catch_all:
        raise Refused(
            f"The plan {organization.plan.name} of {organization.name} has no catch-all.",
            code="no-catch-all",
        )


def room(organization: Organization) -> int | None:
    """How many addresses the plan still allows; None for any number."""
    quota = organization.plan.address_quota
    used = Address.objects.filter(domain__organization=organization).count()
    return max(quota - used, 0) if quota else None


def bulk_room(organization: Organization, now: int) -> int | None:
    """How many may still be created in bulk within 24 hours; None for any number."""
    allowed = organization.plan.bulk_creations_per_day
    return max(allowed - _lately(organization, now), 0) if allowed else None


def _lately(organization: Organization, now: int) -> int:
    return Address.objects.filter(
        domain__organization=organization, in_bulk=True, created__gt=now - DAY
    ).count()
