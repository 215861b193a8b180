"""Distribution lists: an address that leads to several accounts of its organization.

Each member gets what is written to the list as if it were written to his own address. Members that
are switched off or removed get nothing; the list goes on for the others.
"""

from collections.abc import Sequence

from alphorn.base import address as rules
from alphorn.base.errors import Refused
from alphorn.directory.orm import Account, Address, Domain, ListMember, change
from alphorn.directory.rows import holder, written
from alphorn.directory.values import AddressInfo, AddressKind
from alphorn.operations import find, quota
from alphorn.operations.addresses import info_of, own_address, place
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require

MAX_MEMBERS = 500


def add_list(control: Control, address: str, members: Sequence[str]) -> AddressInfo:
    """`members` are the own addresses of accounts. Raises as `addresses.add_alias`, and
    Refused("members") for none or too many."""
    parsed = rules.parse(address)
    with change():
        domain = find.domain(parsed.domain)
        require(control.actor, Right.ADDRESSES, domain.organization_id)
        accounts = _accounts(domain, members)
        quota.require_room(domain.organization)
        row = place(control, domain, parsed.local, AddressKind.LIST)
        _set(row, accounts)
        return info_of(row)


def set_members(control: Control, address: str, members: Sequence[str]) -> AddressInfo:
    """These instead of those before. Raises as `add_list`, and Refused("kind") where it is no
    list."""
    with change():
        row = find.address(address)
        require(control.actor, Right.ADDRESSES, row.domain.organization_id)
        if row.kind != AddressKind.LIST.value:
            raise Refused(f"{written(row)} is of kind {row.kind}, not a list.", code="kind")
        accounts = _accounts(row.domain, members)
        row.members.all().delete()
        _set(row, accounts)
        return info_of(row)


def _accounts(domain: Domain, members: Sequence[str]) -> list[Account]:
    accounts = list(dict.fromkeys(holder(own_address(domain, one)) for one in members))
    if not accounts:
        raise Refused("Whom shall the list lead to? Name at least one account.", code="members")
    if len(accounts) > MAX_MEMBERS:
        raise Refused(f"A list leads to at most {MAX_MEMBERS} accounts.", code="members")
    return accounts


def _set(row: Address, accounts: Sequence[Account]) -> None:
    ListMember.objects.bulk_create(ListMember(address=row, account=one) for one in accounts)
