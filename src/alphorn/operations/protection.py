"""What guards a domain, an account or an address: shown with where each setting comes from, set.

Account before domain before installation; an address that is not an account's own has a word about
greylisting, before all of them. `directory.view` gives the same to the hot path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from alphorn.base.errors import Refused
from alphorn.directory.orm import Address, Domain, change, reading
from alphorn.directory.orm import Protection as Row
from alphorn.directory.rows import holder, written
from alphorn.directory.values import AddressKind, Protection
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require, require_holder

MAX_SCORE = 100.0

Value = bool | float


@dataclass(frozen=True, slots=True)
class Option:
    """One setting; `name` is that of the field of `Protection`. `holder`: whoever holds the account
    may change it for himself. Others guard more than his own mail."""

    name: str
    text: str
    holder: bool = False
    least: float = 0.0

    @property
    def is_score(self) -> bool:
        return isinstance(getattr(_ANY, self.name), float)


_ANY = Protection()
OPTIONS = (
    Option("greylisting", "mail from servers not seen before has to come again", True),
    Option("helo", "servers without a right name for themselves are refused"),
    Option("dns_lists", "lists in the DNS of servers that send spam are believed"),
    Option("attachments", "attachments of dangerous kinds are refused"),
    Option("headers", "mail with a header as only abuse has it is refused"),
    Option("spam", "mail is scored, and spam filed or refused", True),
    Option("spam_threshold", "the score from which on mail is filed in Spam", True, 1.0),
    Option("refuse_threshold", "the score from which on mail is refused; 0 for never", True),
    Option("promotions", "newsletters and offers go to a folder of their own", True),
    Option("social", "what social networks notify of goes to a folder of its own", True),
    Option("dmarc", "forged mail is treated as the sender's domain asks"),
    Option("engines", "other engines (for spam, for viruses) are asked too"),
)
_OPTIONS = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, slots=True)
class ProtectionInfo:
    """`held` is what is in force; `source` says for each setting who said it last: "installation",
    "domain", "account" or "address". `target` is the domain or address, `scope` which it is."""

    target: str
    scope: str
    held: Protection
    source: Mapping[str, str]


def show_protection(control: Control, target: str) -> ProtectionInfo:
    """Of a domain, or of an address; an account's own address stands for the account.

    Raises NotFound, AddressError, Forbidden.
    """
    with reading():
        found = _find(target)
        _require(control, found, change=False)
        return _info(control, found)


def set_protection(
    control: Control, target: str, said: Mapping[str, Value | None]
) -> ProtectionInfo:
    """Set these, from the next message on; None takes a word back, so that what surrounds it holds.

    Raises NotFound, AddressError, Forbidden, Refused("protection") for what is no such setting or
    value, or cannot be set for an address alone.
    """
    values = {name: _checked(name, value) for name, value in said.items()}
    with change():
        found = _find(target)
        _require(control, found, change=True, holder=all(_OPTIONS[name].holder for name in values))
        scope, _ = _scope(found)
        if scope == "address" and values.keys() - {"greylisting"}:
            raise Refused(
                f"{target} is no account; of such an address only greylisting can be set.",
                code="protection",
            )
        row = Row.objects.filter(**_scope_filter(found)).first() or Row(**_scope_filter(found))
        for name, value in values.items():
            setattr(row, name, value)
        if any(getattr(row, option.name) is not None for option in OPTIONS):
            row.save()
        elif row.pk is not None:
            row.delete()
        return _info(control, found)


def _checked(name: str, value: Value | None) -> Value | None:
    option = _OPTIONS.get(name)
    if option is None:
        raise Refused(f"{name} is no setting of the protection.", code="protection")
    if value is None:
        return None
    if not option.is_score:
        if not isinstance(value, bool):
            raise Refused(f"{name} is on or off.", code="protection")
        return value
    if isinstance(value, bool) or not option.least <= value <= MAX_SCORE:
        raise Refused(
            f"{name} is a score between {option.least:g} and {MAX_SCORE:g}.", code="protection"
        )
    return float(value)


def _find(target: str) -> Domain | Address:
    return find.address(target) if "@" in target else find.domain(target)


def _require(
    control: Control, found: Domain | Address, *, change: bool, holder: bool = True
) -> None:
    actor = control.actor
    if isinstance(found, Domain):
        require(actor, Right.DOMAINS if change else Right.SEE, found.organization_id)
        return
    organization = found.domain.organization_id
    if holder and found.account_id is not None and actor.account_id == found.account_id:
        require_holder(actor, found.account_id, organization)
    else:
        require(actor, Right.ADDRESSES if change else Right.SEE, organization)


def _scope(found: Domain | Address) -> tuple[str, int]:
    if isinstance(found, Domain):
        return "domain", found.pk
    if found.kind == AddressKind.OWN.value:
        return "account", holder(found).pk
    return "address", found.pk


def _scope_filter(found: Domain | Address) -> dict[str, int]:
    scope, identity = _scope(found)
    return {f"{scope}_id": identity}


def _info(control: Control, found: Domain | Address) -> ProtectionInfo:
    domain = found if isinstance(found, Domain) else found.domain
    around = [("domain", domain.pk)]
    if isinstance(found, Address):
        if found.account_id is not None:
            around.append(("account", found.account_id))
        around.append(("address", found.pk))
    held = {field.name: getattr(control.protection, field.name) for field in fields(Protection)}
    source = dict.fromkeys(held, "installation")
    for scope, identity in around:
        row = Row.objects.filter(**{f"{scope}_id": identity}).first()
        for name in held:
            said = None if row is None else getattr(row, name)
            if said is not None:
                held[name], source[name] = said, scope
    target = found.name if isinstance(found, Domain) else written(found)
    return ProtectionInfo(target, _scope(found)[0], Protection(**held), source)
