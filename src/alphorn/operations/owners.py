"""Whose mail it is: the way to what the holder of an account decides for himself.

His rules (scripts, filters, responders) lie in the account's own file. He may see and change them,
and so may whoever manages the addresses of the organization; somebody who may only look may not
look here.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alphorn.directory.orm import Address, change, reading
from alphorn.directory.rows import holder, lock
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import require_holder
from alphorn.store.api import Account


def mail_of(control: Control, address: str) -> Account:
    """The mail of the account with this own address, for operations on what its owner decides.
    Raises NotFound, AddressError, Forbidden, Unavailable."""
    with reading():
        return _opened(control, find.account(address))


@contextmanager
def changing(control: Control, address: str) -> Iterator[Account]:
    """The same for an operation that reads what is there, decides, and writes: no other one does
    that meanwhile, in any process. Not within another transaction on the control plane. Raises as
    `mail_of`."""
    with change():
        own = find.account(address)
        lock(own.domain.organization_id)
        yield _opened(control, own)


def _opened(control: Control, own: Address) -> Account:
    account = holder(own)
    require_holder(control.actor, account.pk, own.domain.organization_id)
    if not control.store.exists(account.pk):
        control.store.create(account.pk)
    return control.store.account(account.pk)
