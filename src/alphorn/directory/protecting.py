"""What the hot path asks about protection: the settings in force, and who is on a list.

In the SQL that SQLite and PostgreSQL share, like `directory.queries`. A list may have a hundred
thousand entries; none of them is kept in memory, only whether a list has any.
"""

from collections.abc import Sequence
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

_SCOPES = (
    (Scope.ACCOUNT, "account_id = ?"),
    (Scope.DOMAIN, "domain_id = ?"),
    (Scope.INSTALLATION, "account_id IS NULL AND domain_id IS NULL"),
)

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


def lists(reader: Reader, whose: tuple[int, int]) -> tuple[Scope, ...]:
    """The scopes that have any rule, of those that concern an account (0 for none) in a domain."""
    found = []
    for scope, condition in _SCOPES:
        sql = f"SELECT 1 FROM directory_senderrule WHERE {condition} LIMIT 1"  # noqa: S608
        if reader.rows(sql, _ids(scope, whose)):
            found.append(scope)
    return tuple(found)


def matches(
    reader: Reader, scopes: Sequence[Scope], whose: tuple[int, int], patterns: Sequence[str]
) -> tuple[SenderMatch, ...]:
    """The rules under these patterns, nearest first."""
    found = []
    marks = ", ".join("?" * len(patterns))
    for scope, condition in _SCOPES:
        if scope not in scopes:
            continue
        sql = (
            "SELECT pattern, action FROM directory_senderrule"  # noqa: S608
            f" WHERE {condition} AND pattern IN ({marks})"
        )
        rows: list[Any] = reader.rows(sql, (*_ids(scope, whose), *patterns))
        found += [SenderMatch(scope, pattern, SenderAction(action)) for pattern, action in rows]
    return tuple(sorted(found, key=lambda match: match.nearness, reverse=True))


def _ids(scope: Scope, whose: tuple[int, int]) -> tuple[int, ...]:
    account, domain = whose
    return {Scope.ACCOUNT: (account,), Scope.DOMAIN: (domain,), Scope.INSTALLATION: ()}[scope]
