"""The lists of senders who are blocked or allowed: for an account, a domain, or everybody here.

`base.senders` says how senders are named, `policy.lists` what counts, and that only mail which
proves its sender is let in by being allowed. Each function takes an account's own address or a
domain, not both; neither means the list of the installation, which is its operators'.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alphorn.base.errors import NotFound, Refused
from alphorn.base.senders import Scope, SenderAction, SenderMatch, check_pattern, patterns_of
from alphorn.directory.orm import Account, Address, Domain, SenderRule, change, reading
from alphorn.directory.rows import holder, written
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require, require_holder, require_operator

MAX_RULES = 100_000
"""Entries on one list."""
MAX_AT_ONCE = 10_000
_BATCH = 500


@dataclass(frozen=True, slots=True)
class SenderRuleInfo:
    """An entry; `whose` is the account's address or the domain, "" for the installation. `warning`
    is a sentence for people where the entry is not worth what it seems, "" elsewhere."""

    scope: Scope
    whose: str
    pattern: str
    action: SenderAction
    created: int
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _List:
    scope: Scope
    whose: str
    account: Account | None = None
    domain: Domain | None = None

    @property
    def rules(self) -> "dict[str, Account | Domain | None]":
        """What its entries have in common."""
        return {"account": self.account, "domain": self.domain}


def set_senders(
    control: Control,
    patterns: Sequence[str],
    action: SenderAction,
    *,
    account: str | None = None,
    domain: str | None = None,
) -> tuple[SenderRuleInfo, ...]:
    """Put them on the list, from the next message on; what stands there already is changed.

    Raises AddressError (a pattern), NotFound, Forbidden, Refused("too-many").
    """
    kept = list(dict.fromkeys(map(check_pattern, patterns)))
    if len(kept) > MAX_AT_ONCE:
        raise Refused(f"At most {MAX_AT_ONCE} at a time, please.", code="too-many")
    with change():
        place = _open(control, account, domain, change=True)
        known: set[str] = set()
        for batch in _batches(kept):
            rows = SenderRule.objects.filter(**place.rules, pattern__in=batch)
            known.update(rows.values_list("pattern", flat=True))
            rows.update(action=action.value)
        new = [pattern for pattern in kept if pattern not in known]
        if new and SenderRule.objects.filter(**place.rules).count() + len(new) > MAX_RULES:
            raise Refused(f"A list has at most {MAX_RULES} entries.", code="too-many")
        SenderRule.objects.bulk_create(
            (
                SenderRule(
                    **place.rules, pattern=pattern, action=action.value, created=control.now()
                )
                for pattern in new
            ),
            batch_size=_BATCH,
        )
        rows_now = {
            row.pattern: row
            for batch in _batches(kept)
            for row in SenderRule.objects.filter(**place.rules, pattern__in=batch)
        }
        return _infos(place, map(rows_now.__getitem__, kept))


def remove_senders(
    control: Control,
    patterns: Sequence[str],
    *,
    account: str | None = None,
    domain: str | None = None,
) -> None:
    """Take them off the list, all or none. Raises NotFound, AddressError, Forbidden."""
    kept = list(dict.fromkeys(map(check_pattern, patterns)))
    with change():
        place = _open(control, account, domain, change=True)
        for batch in _batches(kept):
            rows = SenderRule.objects.filter(**place.rules, pattern__in=batch)
            known = set(rows.values_list("pattern", flat=True))
            for pattern in batch:
                if pattern not in known:
                    raise NotFound(f"{pattern} is not on {_called(place)}.")
            rows.delete()


def list_senders(
    control: Control,
    *,
    account: str | None = None,
    domain: str | None = None,
    after: str = "",
    limit: int = 1000,
) -> tuple[SenderRuleInfo, ...]:
    """At most `limit` of them by pattern, those after `after`. Raises NotFound, Forbidden."""
    with reading():
        place = _open(control, account, domain, change=False)
        rows = SenderRule.objects.filter(**place.rules, pattern__gt=after).order_by("pattern")
        return _infos(place, rows[:limit])


def matching(
    control: Control, sender: str, *, account: str | None = None, domain: str | None = None
) -> tuple[SenderRuleInfo, ...]:
    """What fits a sender on this list and on those behind it, nearest first: the first one counts
    where it does not allow, or where the mail proves its sender. Raises NotFound, Forbidden.
    """
    with reading():
        first = _open(control, account, domain, change=False)
        places = [first]
        if account is not None:
            home = find.account(account).domain
            places.append(_List(Scope.DOMAIN, home.name, domain=home))
        if first.scope is not Scope.INSTALLATION:
            places.append(_List(Scope.INSTALLATION, ""))
        patterns = patterns_of(sender)
        found = [
            info
            for place in places
            for info in _infos(
                place, SenderRule.objects.filter(**place.rules, pattern__in=patterns)
            )
        ]
    return tuple(
        sorted(
            found,
            key=lambda info: SenderMatch(info.scope, info.pattern, info.action).nearness,
            reverse=True,
        )
    )


def _open(control: Control, account: str | None, domain: str | None, *, change: bool) -> _List:
    """The list, if the actor may."""
    if account is not None and domain is not None:
        raise Refused("Either an account or a domain, not both.", code="usage")
    if account is not None:
        own = find.account(account)
        held = holder(own)
        if change:
            require_holder(control.actor, held.pk, own.domain.organization_id)
        elif control.actor.account_id != held.pk:
            require(control.actor, Right.SEE, own.domain.organization_id)
        return _List(Scope.ACCOUNT, written(own), account=held)
    if domain is not None:
        row = find.domain(domain)
        require(control.actor, Right.DOMAINS if change else Right.SEE, row.organization_id)
        return _List(Scope.DOMAIN, row.name, domain=row)
    require_operator(control.actor)
    return _List(Scope.INSTALLATION, "")


def _called(place: _List) -> str:
    return f"the list of {place.whose}" if place.whose else "the list of this installation"


def _infos(place: _List, rows: Iterable[SenderRule]) -> tuple[SenderRuleInfo, ...]:
    found = list(rows)
    own = _own_domains(place, [row for row in found if row.action == SenderAction.ALLOW.value])
    return tuple(
        SenderRuleInfo(
            place.scope,
            place.whose,
            row.pattern,
            SenderAction(row.action),
            row.created,
            _warning(row.pattern)
            if row.action == SenderAction.ALLOW.value and _covers(row.pattern, own)
            else "",
        )
        for row in found
    )


def _own_domains(place: _List, allowed: Sequence[SenderRule]) -> frozenset[str]:
    """The names that an entry which allows should not have: those of the mail's own receivers."""
    if not allowed:
        return frozenset()
    if place.domain is not None:
        return frozenset({place.domain.name})
    domains = Domain.objects.all()
    if place.account is not None:
        leading = Address.objects.filter(account=place.account)
        domains = domains.filter(pk__in=leading.values("domain"))
    return frozenset(domains.values_list("name", flat=True))


def _covers(pattern: str, domains: frozenset[str]) -> bool:
    if pattern.startswith("."):
        return any(name.endswith(pattern) for name in domains)
    return pattern.rpartition("@")[2] in domains


def _warning(pattern: str) -> str:
    return (
        f"{pattern} is an address or a domain of one's own, which is what senders of spam write as "
        "theirs. Only mail that proves to be from there is let in."
    )


def _batches(patterns: Sequence[str]) -> Iterable[Sequence[str]]:
    return (patterns[at : at + _BATCH] for at in range(0, len(patterns), _BATCH))
