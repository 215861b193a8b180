"""What an account's templates say of its person: function, telephone, postal address."""

from collections.abc import Mapping

from alphorn.base.errors import Refused
from alphorn.directory.orm import (
    MAX_NAME,
    MAX_PHONE,
    MAX_POSTAL,
    Account,
    Address,
    change,
    reading,
)
from alphorn.directory.rows import holder, written
from alphorn.directory.values import Profile
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require

MAX_LINES = 8
"""Of a postal address."""


def show_profile(control: Control, address: str) -> Profile:
    """The account's holder may see it too. Raises NotFound, Forbidden."""
    with reading():
        own = find.account(address)
        held = holder(own)
        if control.actor.account_id is None or control.actor.account_id != held.pk:
            require(control.actor, Right.SEE, own.domain.organization_id)
        return _profile(held)


def set_profile(
    control: Control,
    address: str,
    *,
    function: str | None = None,
    phone: str | None = None,
    postal_address: str | None = None,
) -> Profile:
    """Change what is given; "" empties it. What templates have made already stays as it is until
    they are applied again. Raises NotFound, Refused("profile"), Forbidden."""
    with change():
        own = find.account(address)
        require(control.actor, Right.ADDRESSES, own.domain.organization_id)
        held = holder(own)
        before = _profile(held)
        now = checked(
            Profile(
                before.function if function is None else function,
                before.phone if phone is None else phone,
                before.postal_address if postal_address is None else postal_address,
            )
        )
        held.function, held.phone = now.function, now.phone
        held.postal_address = now.postal_address
        held.save(update_fields=["function", "phone", "postal_address"])
        return now


def checked(profile: Profile) -> Profile:
    """As it is kept: without blanks around it. Raises Refused("profile")."""
    lines = [" ".join(line.split()) for line in profile.postal_address.splitlines()]
    postal = "\n".join(filter(None, lines))
    if postal.count("\n") >= MAX_LINES:
        raise Refused(f"A postal address has at most {MAX_LINES} lines.", code="profile")
    for line in postal.split("\n"):
        _one_line(line, "postal address", MAX_POSTAL)
    if len(postal) > MAX_POSTAL:
        raise Refused(f"The postal address has more than {MAX_POSTAL} characters.", code="profile")
    return Profile(
        _one_line(" ".join(profile.function.split()), "function", MAX_NAME),
        _one_line(" ".join(profile.phone.split()), "telephone number", MAX_PHONE),
        postal,
    )


def fields_of(own: Address) -> Mapping[str, str]:
    """The values of a template's fields (`message.template.FIELDS`) for the account with this own
    address, with `domain__organization` and `account` joined."""
    held = holder(own)
    return {
        "name": held.name,
        "function": held.function,
        "phone": held.phone,
        "address": held.postal_address,
        "email": written(own),
        "organization": own.domain.organization.name,
        "domain": own.domain.name,
    }


def _profile(held: Account) -> Profile:
    return Profile(held.function, held.phone, held.postal_address)


def _one_line(text: str, what: str, most: int) -> str:
    if len(text) > most:
        raise Refused(f"The {what} has more than {most} characters.", code="profile")
    if not text.isprintable():
        raise Refused(f"The {what} has control characters in it.", code="profile")
    return text
