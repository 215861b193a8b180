"""What the store's rooms refuse alike."""

from alphorn.base.errors import NotFound


def no_such_mailbox() -> NotFound:
    return NotFound("There is no such mailbox.", code="no-such-mailbox")


def no_such_account(account_id: int) -> NotFound:
    return NotFound(f"There is no account {account_id} in the store.", code="no-such-account")
