"""Temporary addresses, for signing up somewhere: made in one click, named by us, ended by a date or
after some messages, and telling who got hold of them.

The holder of an account makes, sees and removes those that lead to it; so does whoever manages the
organization.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from alphorn.base import address as rules
from alphorn.base.errors import Refused
from alphorn.directory.orm import Address, Domain, change, reading
from alphorn.directory.rows import holder
from alphorn.directory.values import AddressInfo, AddressKind
from alphorn.operations import find, quota
from alphorn.operations.addresses import info_of, own_address, place
from alphorn.operations.control import Control
from alphorn.operations.rights import require_holder
from alphorn.store.visitors import Visitor, Visitors

MAX_LIFE_SECONDS = 10 * 366 * 86400
USUAL_LIFE_SECONDS = 90 * 86400
MAX_MESSAGES = 1_000_000
MAX_PER_ACCOUNT = 200
SYLLABLES = 4
_TRIES = 10

T = TypeVar("T")
Choose = Callable[[str], str]
"""One of the characters, at random."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a temporary address. `taken` messages came; `visitors` are who sent them,
    the first first. `given_to` is the domain of the first, "" for nobody yet; `leaked` are those of
    other domains: they got the address from somebody else."""

    address: AddressInfo
    taken: int
    visitors: tuple[Visitor, ...]
    given_to: str
    leaked: tuple[Visitor, ...]


def make_temporary(
    control: Control,
    account: str,
    *,
    domain: str | None = None,
    label: str = "",
    expires: int | None = None,
    messages: int | None = None,
    choose: Choose = secrets.choice,
) -> AddressInfo:
    """A new one with a name that nobody guesses, in the account's domain or another one of its
    organization. Without an end it ends after `USUAL_LIFE_SECONDS`.

    Raises as `add_temporary`.
    """
    own = rules.parse(account)
    if expires is None and messages is None:
        expires = control.now() + USUAL_LIFE_SECONDS
    checked = _Ending(control, expires, messages, label)
    with change():
        there = find.domain(domain or own.domain)
        taken = Address.objects.filter(domain=there)
        for _ in range(_TRIES):
            local = generated(choose)
            if not taken.filter(local=local).exists():
                break
        return _place(control, there, local, account, checked)


def add_temporary(
    control: Control,
    address: str,
    account: str,
    expires: int | None = None,
    *,
    messages: int | None = None,
    label: str = "",
) -> AddressInfo:
    """An alias that leads nowhere from `expires` (seconds UTC) on, or once it took so many
    messages. Raises as `addresses.add_alias`, and Refused ("expiry") where it would not end within
    the next ten years, ("messages"), ("name") for a bad label, ("too-many")."""
    parsed = rules.parse(address)
    checked = _Ending(control, expires, messages, label)
    with change():
        return _place(control, find.domain(parsed.domain), parsed.local, account, checked)


def change_temporary(
    control: Control,
    address: str,
    *,
    label: str | None = None,
    expires: int | None = None,
    messages: int | None = None,
) -> AddressInfo:
    """Another label, another end: what is None stays. Raises as `add_temporary`, and
    Refused("kind") where it is no temporary address."""
    with change():
        row = _temporary(address)
        require_holder(control.actor, holder(row).pk, row.domain.organization_id)
        ending = _Ending(
            control,
            expires if expires is not None else row.expires,
            messages if messages is not None else row.messages,
            row.label if label is None else label,
            fresh=expires is not None,
        )
        row.expires, row.messages, row.label = ending.expires, ending.messages, ending.label
        row.save(update_fields=["expires", "messages", "label"])
        return info_of(row)


def known_of(control: Control, visitors: Visitors, address: str) -> Known:
    """Who wrote to it. Raises NotFound, AddressError, Refused("kind"), Forbidden, Unavailable."""
    with reading():
        row = _temporary(address)
        require_holder(control.actor, holder(row).pk, row.domain.organization_id)
        info = info_of(row)
    came = visitors.of(info.id)
    given_to = next((_domain(one.sender) for one in came if one.sender), "")
    leaked = tuple(
        one for one in came if one.sender and not _related(_domain(one.sender), given_to)
    )
    return Known(info, visitors.taken(info.id), came, given_to, leaked)


def generated(choose: Choose = secrets.choice) -> str:
    """A name that can be read out on the telephone: four syllables and four digits, some thirty
    bits."""
    word = "".join(choose("bdfghjklmnprstvwz") + choose("aeiou") for _ in range(SYLLABLES))
    return f"{word}-{''.join(choose('23456789') for _ in range(4))}"


class _Ending:
    """Checked ends and label. Raises Refused."""

    def __init__(
        self,
        control: Control,
        expires: int | None,
        messages: int | None,
        label: str,
        *,
        fresh: bool = True,
    ) -> None:
        if expires is None and messages is None:
            raise Refused(
                "A temporary address has an end: a date, or a number of messages.", code="expiry"
            )
        now = control.now()
        if fresh and expires is not None and not now < expires <= now + MAX_LIFE_SECONDS:
            raise Refused("A temporary address ends within the next ten years.", code="expiry")
        if messages is not None and not 1 <= messages <= MAX_MESSAGES:
            raise Refused(
                f"A temporary address takes between 1 and {MAX_MESSAGES} messages.",
                code="messages",
            )
        self.expires = expires
        self.messages = messages
        self.label = find.name(label, "address") if label.strip() else ""


def _place(
    control: Control, domain: Domain, local: str, account: str, ending: _Ending
) -> AddressInfo:
    held = holder(own_address(domain, account))
    require_holder(control.actor, held.pk, domain.organization_id)
    quota.require_room(domain.organization)
    there = Address.objects.filter(account=held, kind=AddressKind.TEMPORARY.value).count()
    if there >= MAX_PER_ACCOUNT:
        raise Refused(
            f"An account has at most {MAX_PER_ACCOUNT} temporary addresses; remove some.",
            code="too-many",
        )
    row = place(
        control,
        domain,
        local,
        AddressKind.TEMPORARY,
        held,
        expires=ending.expires,
        messages=ending.messages,
        label=ending.label,
    )
    return info_of(row)


def _temporary(address: str) -> Address:
    row = find.address(address)
    if row.kind != AddressKind.TEMPORARY.value:
        raise Refused(f"{address} is not a temporary address.", code="kind")
    return row


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2]


def _related(one: str, other: str) -> bool:
    """Whether one lies below the other, or both below a name of two parts or more that is not a
    public suffix as far as its length tells: shops send from many hosts of theirs."""
    mine, theirs = one.split(".")[::-1], other.split(".")[::-1]
    same = 0
    for a, b in zip(mine, theirs, strict=False):
        if a != b:
            break
        same += 1
    if same < 2:
        return False
    # Under names such as co.uk and com.au two parts are not enough.
    return same > 2 or len(mine[1]) > 3 or same in (len(mine), len(theirs))
