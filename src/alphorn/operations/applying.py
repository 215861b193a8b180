"""Applying templates: what they say of a person becomes a signature or an auto-reply of his.

Again without harm: what came from a template and stands as it was written follows the template;
what the owner has changed or removed since, and what he made himself, is left alone and said so.
A digest of what was written tells the two apart. An auto-reply is made and not activated; when it
runs is its owner's to say.

Each account stands for itself: where one fails, the others are done. A crash in between loses the
note that something came from a template; the next time it is recognized by what it says.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from itertools import islice

from alphorn.base.errors import AlphornError, Refused
from alphorn.directory.orm import Address, Template, TemplateUse, change, reading
from alphorn.directory.rows import written
from alphorn.directory.values import AddressKind, TemplateKind
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.profiles import fields_of
from alphorn.operations.rights import Right, require
from alphorn.operations.template_items import ITEMS, Item
from alphorn.operations.templates import Filled, fill, found, require_within

MAX_AT_ONCE = 1000
_BATCH = 50

_log = logging.getLogger(__name__)


class Outcome(Enum):
    MADE = "made"
    CHANGED = "changed"
    SAME = "same"
    KEPT = "kept"
    """The owner has changed it since, or has one of this name from elsewhere."""
    REMOVED = "removed"
    """The owner has removed it since."""
    EMPTY = "empty"
    """Nothing that the template says is known of this person."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one account; `text` says what is to be known, "" for nothing."""

    account: str
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    """One account, read in one moment. `item` and `digest` are of what the template made there."""

    account_id: int
    address: str
    values: Mapping[str, str]
    item: str = ""
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class _Done:
    applied: Applied
    account_id: int
    item: str = ""
    digest: bytes = b""


def apply_template(
    control: Control,
    named: str,
    *,
    accounts: Sequence[str] = (),
    domain: str | None = None,
    anew: bool = False,
    dry: bool = False,
) -> tuple[Applied, ...]:
    """To these accounts, or to all of a domain, by their addresses. With `anew` also where its
    owner has changed or removed it; never over what he made himself. `dry` only says what would be.

    Raises NotFound, AddressError, Refused("ambiguous", "other-organization", "too-many", "scope"),
    Forbidden; before anything is changed.
    """
    if bool(accounts) == (domain is not None):
        raise Refused("Say to which accounts, or to which domain.", code="scope")
    if len(accounts) > MAX_AT_ONCE:
        raise Refused(f"At most {MAX_AT_ONCE} accounts at a time, please.", code="too-many")
    with reading():
        row = found(control, named, Right.ADDRESSES)
        if domain is not None:
            there = find.domain(domain)
            require(control.actor, Right.ADDRESSES, there.organization_id)
            require_within(row, there.pk, there.organization_id)
            own = Address.objects.filter(domain=there, kind=AddressKind.OWN.value)
            ids = list(own.order_by("local").values_list("pk", flat=True))
        else:
            chosen = {own.pk: own for own in map(find.account, accounts)}
            for one in chosen.values():
                require_within(row, one.domain_id, one.domain.organization_id)
            ids = list(chosen)
    return tuple(_apply(control, row, ids, anew=anew, dry=dry))


def apply_automatic(control: Control, addresses: Sequence[str]) -> tuple[Applied, ...]:
    """To new accounts what they get by itself: a domain's templates before its organization's, so
    that of two with one name the nearer is made. Raises Unavailable, NotFound."""
    with reading():
        automatic = Template.objects.select_related("organization", "domain__organization").filter(
            automatic=True
        )
        rows = sorted(automatic.order_by("pk"), key=lambda row: row.domain_id is None)
        own = [find.account(address) for address in addresses]
        work = [(row, [one.pk for one in own if _is_for(row, one)]) for row in rows]
    return tuple(applied for row, ids in work for applied in _apply(control, row, ids))


def count(applied: Iterable[Applied]) -> Mapping[Outcome, int]:
    """How many of each."""
    return Counter(one.outcome for one in applied)


def _is_for(row: Template, own: Address) -> bool:
    return own.domain_id == row.domain_id or own.domain.organization_id == row.organization_id


def _apply(
    control: Control,
    row: Template,
    ids: Sequence[int],
    *,
    anew: bool = False,
    dry: bool = False,
) -> Iterator[Applied]:
    remaining = iter(ids)
    while some := list(islice(remaining, _BATCH)):
        with reading():
            tasks = _tasks(row, some)
        done = [_one(control, row, task, anew=anew, dry=dry) for task in tasks]
        kept = [one for one in done if one.item]
        if kept and not dry:
            _note(row, kept)
        yield from (one.applied for one in done)


def _tasks(row: Template, ids: Sequence[int]) -> list[_Task]:
    own = (
        Address.objects.select_related("domain__organization", "account")
        .filter(pk__in=ids)
        .order_by("domain__name", "local")
    )
    rows = list(own)
    uses = {
        use.account_id: use
        for use in TemplateUse.objects.filter(
            template=row.pk, account__in=[one.account_id for one in rows]
        )
    }
    tasks = []
    for one in rows:
        account_id = one.account_id or 0
        use = uses.get(account_id)
        known = (use.item, bytes(use.digest)) if use is not None else ("", b"")
        tasks.append(_Task(account_id, written(one), fields_of(one), *known))
    return tasks


def _note(row: Template, done: Sequence[_Done]) -> None:
    """Where the template's things are now. An account, or the template itself, may be gone."""
    try:
        with change():
            if not Template.objects.filter(pk=row.pk).exists():
                return
            there = Address.objects.filter(
                account__in=[one.account_id for one in done], kind=AddressKind.OWN.value
            )
            accounts = set(there.values_list("account_id", flat=True))
            for one in done:
                if one.account_id in accounts:
                    TemplateUse.objects.update_or_create(
                        template_id=row.pk,
                        account_id=one.account_id,
                        defaults={"item": one.item, "digest": one.digest},
                    )
    except AlphornError as error:
        # What was made is there; the next time it is recognized by what it says.
        _log.warning("what a template made could not be noted: %s", error.text)


def _one(control: Control, row: Template, task: _Task, *, anew: bool, dry: bool) -> _Done:
    try:
        return _applied(control, row, task, anew=anew, dry=dry)
    except AlphornError as error:
        return _Done(Applied(task.address, Outcome.FAILED, error.text), task.account_id)


def _applied(control: Control, row: Template, task: _Task, *, anew: bool, dry: bool) -> _Done:
    kind = TemplateKind(row.kind)
    filled = fill(row, task.values)
    if not filled.text.strip():
        return _done(task, Outcome.EMPTY, "Nothing that the template says is known of this person.")
    kept = ITEMS[kind]
    items = kept.of(control, task.address)
    new = Item(filled.subject, filled.text, filled.html)
    there = next((item for item in items if item.id == task.item), None)
    if task.item and there is None and not anew:
        return _done(task, Outcome.REMOVED, "Its owner has removed it.")
    if there is None:
        namesake = next((item for item in items if item.name.lower() == row.name.lower()), None)
        if namesake is not None and _digest(namesake) != _digest(new):
            text = f"The account has another {kind.value} {namesake.name}."
            return _done(task, Outcome.KEPT, text)
        if namesake is not None:
            return _done(task, Outcome.SAME, "", namesake)
        made = new if dry else kept.add(control, task.address, row.name, new)
        return _done(task, Outcome.MADE, _missing(filled), made)
    if _digest(there) == _digest(new):
        return _done(task, Outcome.SAME, "", there if task.digest != _digest(there) else None)
    if _digest(there) != task.digest and not anew:
        return _done(task, Outcome.KEPT, "Its owner has changed it.")
    if not dry:
        there = kept.change(control, task.address, there, new)
    return _done(task, Outcome.CHANGED, _missing(filled), there)


def _done(task: _Task, outcome: Outcome, text: str, item: Item | None = None) -> _Done:
    """`item` is what is to be noted."""
    applied = Applied(task.address, outcome, text)
    if item is None:
        return _Done(applied, task.account_id)
    return _Done(applied, task.account_id, item.id, _digest(item))


def _missing(filled: Filled) -> str:
    if not filled.empty:
        return ""
    return f"Not known of this person: {', '.join(filled.empty)}."


def _digest(item: Item) -> bytes:
    """Of what it says; its name is its owner's to change."""
    said = json.dumps([item.subject, item.text, item.html])
    return sha256(said.encode()).digest()
