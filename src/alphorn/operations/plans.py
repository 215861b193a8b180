"""Plans: what an organization may do. Only operators change them."""

from dataclasses import asdict

from alphorn.base.errors import Exists, Refused
from alphorn.directory.orm import Plan, change, reading
from alphorn.directory.rows import plan_info
from alphorn.directory.values import PlanInfo, PlanLimits
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import require_operator

MAX_RECIPIENTS = 1000
MAX_NUMBER = 2**53


def add_plan(control: Control, name: str, limits: PlanLimits) -> PlanInfo:
    """Raises Exists, Refused("name", "limits"), Forbidden."""
    name = find.name(name, "plan")
    values = _checked(limits)
    with change():
        require_operator(control.actor)
        if Plan.objects.filter(name__iexact=name).exists():
            raise Exists(f"There is a plan {name} already.")
        return plan_info(Plan.objects.create(name=name, **values))


def change_plan(control: Control, name: str, limits: PlanLimits) -> PlanInfo:
    """New limits for every organization under the plan, from its next message on.

    What an organization has beyond a lowered limit stays; nothing can be added to it.
    """
    values = _checked(limits)
    with change():
        require_operator(control.actor)
        plan = find.plan(name)
        for field, value in values.items():
            setattr(plan, field, value)
        plan.save()
        return plan_info(plan)


def remove_plan(control: Control, name: str) -> None:
    """Raises Refused("in-use") where an organization is under it, or where it is the last one."""
    with change():
        require_operator(control.actor)
        plan = find.plan(name)
        if plan.organizations.exists():
            raise Refused(
                f"Organizations are under the plan {plan.name}; give them another first.",
                code="in-use",
            )
        if Plan.objects.count() == 1:
            raise Refused("The last plan cannot be removed.", code="in-use")
        plan.delete()


def show_plan(control: Control, name: str) -> PlanInfo:
    with reading():
        require_operator(control.actor)
        return plan_info(find.plan(name))


def list_plans(control: Control) -> tuple[PlanInfo, ...]:
    with reading():
        require_operator(control.actor)
        return tuple(map(plan_info, Plan.objects.order_by("name")))


def _checked(limits: PlanLimits) -> dict[str, int]:
    values = asdict(limits)
    for field, value in values.items():
        if not 0 <= value <= MAX_NUMBER:
            raise Refused(f"{field} is to be between 0 and {MAX_NUMBER}.", code="limits")
    if not 1 <= limits.recipients_per_message <= MAX_RECIPIENTS:
        raise Refused(
            f"recipients_per_message is to be between 1 and {MAX_RECIPIENTS}.", code="limits"
        )
    return values
