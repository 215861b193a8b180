"""Whose mail it is: the way to what the holder of an account decides for himself.

His rules (scripts, filters, responders) lie in the account's own file. He may see and change them,
and so may whoever manages the addresses of the organization; somebody who may only look may not
look here.
"""

from alphorn.directory.orm import reading
from alphorn.directory.rows import holder
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import require_holder
from alphorn.store.api import Account


def mail_of(control: Control, address: str) -> Account:
    """The mail of the account with this own address, for operations on what its owner decides.
    Raises NotFound, AddressError, Forbidden, Unavailable."""
    with reading():
        own = find.account(address)
        account = holder(own)
        require_holder(control.actor, account.pk, own.domain.organization_id)
    if not control.store.exists(account.pk):
        control.store.create(account.pk)
    return control.store.account(account.pk)
