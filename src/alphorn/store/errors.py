"""What the store's rooms refuse alike."""

from alphorn.base.errors import NotFound, Refused


class Ruled(Refused):
    """The account has rules, which are to be asked first."""

    code = "ruled"


def no_such_mailbox() -> NotFound:
    return NotFound("There is no such mailbox.", code="no-such-mailbox")


def no_such_account(account_id: int) -> NotFound:
    return NotFound(f"There is no account {account_id} in the store.", code="no-such-account")


def no_such_script(name: str) -> NotFound:
    return NotFound(f"There is no script named {name}.", code="no-such-script")


def beyond(text: str) -> Refused:
    """A limit of `limits` was met."""
    return Refused(text, code="limit")
