"""Who may write in the name of an address that does not lead to him (`info@`, a redirect)."""

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.orm import SendGrant, change, reading
from alphorn.directory.rows import holder, written
from alphorn.directory.values import AddressKind
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require


def grant_send_as(control: Control, account: str, address: str) -> None:
    """The account may write as this address of the same organization, from its next message on.

    Raises Exists, NotFound, Refused("catch-all", "other-organization"), Forbidden.
    """
    with change():
        own = find.account(account)
        row = find.address(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        if row.domain.organization_id != own.domain.organization_id:
            raise Refused(
                f"{written(row)} belongs to another organization than {written(own)}.",
                code="other-organization",
            )
        if row.kind == AddressKind.CATCH_ALL.value:
            raise Refused("A catch-all is no address to write as; name one.", code="catch-all")
        if SendGrant.objects.filter(account=holder(own), address=row).exists():
            raise Exists(f"{written(own)} may write as {written(row)} already.")
        SendGrant.objects.create(account=holder(own), address=row)


def revoke_send_as(control: Control, account: str, address: str) -> None:
    """Raises NotFound, Forbidden."""
    with change():
        own = find.account(account)
        row = find.address(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        removed, _ = SendGrant.objects.filter(account=holder(own), address=row).delete()
        if not removed:
            raise NotFound(f"{written(own)} has no such grant for {written(row)}.")


def list_grants(control: Control, account: str) -> tuple[str, ...]:
    """The addresses that were granted to the account; not those that lead to it anyway."""
    with reading():
        own = find.account(account)
        require(control.actor, Right.SEE, own.domain.organization_id)
        grants = SendGrant.objects.select_related("address__domain").filter(account=holder(own))
        return tuple(sorted(written(grant.address) for grant in grants))
