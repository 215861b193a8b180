"""Queries that the database can answer by itself, as SQL; the others need the text of messages."""

from calendar import timegm
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from alphorn.base import query as q
from alphorn.store import keywords
from alphorn.store.database import Transaction

_DAY = 86400
_MANY_RANGES = 500
"""A set of UIDs with more ranges than this is compared in Python."""
_OBJECTS = {"EMAILID": "m.content", "THREADID": "c.thread"}


class Condition(NamedTuple):
    """A boolean expression over `message m` and `content c`. Each part stands in parentheses."""

    sql: str
    parameters: tuple[object, ...] = ()


ALWAYS = Condition("(1 = 1)")
NEVER = Condition("(1 = 0)")


def condition(query: q.Query, tx: Transaction, now: int) -> Condition | None:
    """The query as a condition, or None where it (or a part of it) is none."""
    match query:
        case q.All():
            return ALWAYS
        case q.Uids(uids):
            return _ranges(uids.ranges)
        case q.Flagged(flag):
            return Condition("((m.flags & ?) = ?)", (flag, flag))
        case q.Keyword(word):
            return _keyword(word, tx)
        case q.Larger(octets):
            return Condition("(m.size > ?)", (octets,))
        case q.Smaller(octets):
            return Condition("(m.size < ?)", (octets,))
        case q.DateRange(field, since, before):
            return _dates(field, since, before)
        case q.Younger(seconds):
            return Condition("(m.received > ?)", (now - seconds,))
        case q.ModSeq(at_least):
            return Condition("(m.modseq >= ?)", (at_least,))
        case q.MessageIdentity(kind, identifier):
            return _identity(kind, identifier)
        case q.Not(part):
            inner = condition(part, tx, now)
            return inner and Condition(f"(NOT {inner.sql})", inner.parameters)
        case q.And(parts):
            return _joined(" AND ", parts, ALWAYS, tx, now)
        case q.Or(parts):
            return _joined(" OR ", parts, NEVER, tx, now)
        case q.Header() | q.Body() | q.Text():
            return None


def all_of(conditions: Sequence[Condition]) -> Condition:
    if not conditions:
        return ALWAYS
    return Condition(
        f"({' AND '.join([part.sql for part in conditions])})",
        tuple([value for part in conditions for value in part.parameters]),
    )


def _joined(
    operator: str, parts: Sequence[q.Query], empty: Condition, tx: Transaction, now: int
) -> Condition | None:
    found = []
    for part in parts:
        inner = condition(part, tx, now)
        if inner is None:
            return None
        found.append(inner)
    if not found:
        return empty
    return Condition(
        f"({operator.join([part.sql for part in found])})",
        tuple([value for part in found for value in part.parameters]),
    )


def _ranges(ranges: Sequence[tuple[int, int]]) -> Condition | None:
    if len(ranges) > _MANY_RANGES:
        return None
    if not ranges:
        return NEVER
    return Condition(
        f"({' OR '.join(['m.uid BETWEEN ? AND ?'] * len(ranges))})",
        tuple([end for pair in ranges for end in pair]),
    )


def _keyword(word: str, tx: Transaction) -> Condition:
    """Equal keywords are spelled equally in an account, so that looking for the text suffices."""
    spelled = keywords.known(tx, frozenset((word,)))
    if not spelled:
        return NEVER
    text = spelled.pop()
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Condition("(' ' || m.keywords || ' ' LIKE ? ESCAPE '\\')", (f"% {pattern} %",))


def _dates(field: q.DateField, since: date | None, before: date | None) -> Condition:
    parts = []
    for operator, day in ((">=", since), ("<", before)):
        if day is None:
            continue
        if field is q.DateField.SENT:
            parts.append(Condition(f"(c.sent_day {operator} ?)", (_midnight(day) // _DAY,)))
        else:
            column = "m.received" if field is q.DateField.INTERNAL else "m.saved"
            parts.append(Condition(f"({column} {operator} ?)", (_midnight(day),)))
    if field is q.DateField.SENT:
        parts.append(Condition("(c.sent_day IS NOT NULL)"))
    return all_of(parts)


def _midnight(day: date) -> int:
    return timegm(day.timetuple())


def _identity(kind: str, identifier: str) -> Condition:
    column = _OBJECTS.get(kind.upper())
    if column is None or not (identifier.isascii() and identifier.isdigit()):
        return NEVER
    return Condition(f"({column} = ?)", (min(int(identifier[:19]), 2**63 - 1),))
