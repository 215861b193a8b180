"""What the hot path asks about protection: the settings in force, and who is on a list.

In the SQL that SQLite and PostgreSQL share, like `directory.queries`. A list may have a hundred
thousand entries: a short one is read as a whole, a long one is asked each time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from alphorn.base.senders import Scope, SenderAction, SenderMatch
from alphorn.directory.reader import Reader
from alphorn.directory.values import Protection

_FIELDS = tuple(field.name for field in fields(Protection))
_FLAGS = frozenset(field.name for field in fields(Protection) if field.type is bool)
_COLUMNS = ", ".join(_FIELDS)
_SAID = [
    f"SELECT {nearness} AS nearness, {_COLUMNS} FROM directory_protection WHERE {column} = ?"  # noqa: S608
    for nearness, column in enumerate(("domain_id", "account_id", "address_id"))
]
_PROTECTION = f"{' UNION ALL '.join(_SAID)} ORDER BY nearness"

MAX_SHORT = 20
"""Entries of a list that is read as a whole; nearly all are shorter."""

_OF_LIST = {
    Scope.ACCOUNT: "account_id = ?",
    Scope.DOMAIN: "domain_id = ?",
    Scope.INSTALLATION: "account_id IS NULL AND domain_id IS NULL",
}

ListOf = tuple[Scope, int]
"""Whose list: the id of the account or of the domain, 0 for the installation's."""

LONG: Mapping[str, SenderAction] = {}
"""Stands for a list with more than `MAX_SHORT` entries."""

Whose = tuple[int, int, int]
"""Domain, account and address ids, 0 for none."""


def protection(reader: Reader, default: Protection, whose: Whose) -> Protection:
    """What holds for this address: of domain, account and address, in this order, each overrides
    what came before it wherever it says something. It is `default` itself where none does."""
    held = default
    rows: list[Any] = reader.rows(_PROTECTION, whose)
    for _, *row in rows:
        said: dict[str, Any] = {
            name: bool(value) if name in _FLAGS else float(value)
            for name, value in zip(_FIELDS, row, strict=True)
            if value is not None
        }
        held = replace(held, **said)
    return held


def lists_for(account: int, domain: int) -> list[ListOf]:
    """The lists that concern an account in a domain (0 for none), nearest first."""
    concerned = [(Scope.ACCOUNT, account), (Scope.DOMAIN, domain)]
    return [(scope, one) for scope, one in concerned if one] + [(Scope.INSTALLATION, 0)]


def entries(reader: Reader, whose: ListOf) -> Mapping[str, SenderAction] | None:
    """The entries of a short list by their patterns, `LONG` for a long one, None for an empty."""
    scope, one = whose
    rows: list[Any] = reader.rows(
        f"SELECT pattern, action FROM directory_senderrule WHERE {_OF_LIST[scope]} LIMIT ?",  # noqa: S608
        (*_ids(scope, one), MAX_SHORT + 1),
    )
    if len(rows) > MAX_SHORT:
        return LONG
    return {pattern: SenderAction(action) for pattern, action in rows} or None


def found(reader: Reader, key: tuple[ListOf, tuple[str, ...]]) -> Mapping[str, SenderAction] | None:
    """Those entries of a list that stand under one of the patterns, None for none."""
    (scope, one), patterns = key
    rows: list[Any] = reader.rows(
        f"SELECT pattern, action FROM directory_senderrule WHERE {_OF_LIST[scope]}"  # noqa: S608
        f" AND pattern IN ({', '.join('?' * len(patterns))})",
        (*_ids(scope, one), *patterns),
    )
    return {pattern: SenderAction(action) for pattern, action in rows} or None


def nearest_first(matches: Iterable[SenderMatch]) -> tuple[SenderMatch, ...]:
    return tuple(sorted(matches, key=lambda match: match.nearness, reverse=True))


def _ids(scope: Scope, one: int) -> tuple[int, ...]:
    return () if scope is Scope.INSTALLATION else (one,)
