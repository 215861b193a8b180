"""Organizations: who owns domains and accounts, under which plan."""

from alphorn.base.errors import Exists, Refused
from alphorn.directory.orm import Organization, change, reading
from alphorn.directory.rows import organization_info, organization_infos
from alphorn.directory.values import STANDARD_PLAN, OrganizationInfo
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require, require_operator, visible_organizations


def add_organization(control: Control, name: str, plan: str = STANDARD_PLAN) -> OrganizationInfo:
    """Raises Exists, NotFound (the plan), Refused("name"), Forbidden."""
    name = find.name(name, "organization")
    with change():
        require_operator(control.actor)
        _free(name)
        row = Organization.objects.create(name=name, plan=find.plan(plan), created=control.now())
        return organization_info(row)


def rename_organization(control: Control, name: str, new_name: str) -> OrganizationInfo:
    """Raises NotFound, Exists, Refused("name"), Forbidden."""
    new_name = find.name(new_name, "organization")
    with change():
        row = find.organization(name)
        require(control.actor, Right.ORGANIZATION, row.pk)
        if new_name.lower() != row.name.lower():
            _free(new_name)
        row.name = new_name
        row.save(update_fields=["name"])
        return organization_info(row)


def set_plan(control: Control, name: str, plan: str) -> OrganizationInfo:
    """Put the organization under another plan. Raises NotFound, Forbidden."""
    with change():
        require_operator(control.actor)
        row = find.organization(name)
        row.plan = find.plan(plan)
        row.save(update_fields=["plan"])
        return organization_info(row)


def enable_organization(control: Control, name: str, on: bool) -> OrganizationInfo:
    """Switched off, its domains take no mail and nobody logs in; nothing is lost."""
    with change():
        require_operator(control.actor)
        row = find.organization(name)
        row.enabled = on
        row.save(update_fields=["enabled"])
        return organization_info(row)


def remove_organization(control: Control, name: str) -> OrganizationInfo:
    """Raises Refused("in-use") while it has domains, NotFound, Forbidden."""
    with change():
        require_operator(control.actor)
        row = find.organization(name)
        info = organization_info(row)
        if info.domains:
            raise Refused(
                f"{row.name} still has {info.domains} domains; remove them first "
                f"(`alphorn domain list --organization` shows them).",
                code="in-use",
            )
        row.delete()
        return info


def show_organization(control: Control, name: str) -> OrganizationInfo:
    with reading():
        row = find.organization(name)
        require(control.actor, Right.SEE, row.pk)
        return organization_info(row)


def list_organizations(control: Control) -> tuple[OrganizationInfo, ...]:
    """Those the actor may see, by name."""
    with reading():
        rows = Organization.objects.order_by("name")
        visible = visible_organizations(control.actor)
        if visible is not None:
            rows = rows.filter(pk__in=visible)
        return organization_infos(rows)


def _free(name: str) -> None:
    if Organization.objects.filter(name__iexact=name).exists():
        raise Exists(f"There is an organization {name} already.")
