"""Search keys as parsed: `base.query` leaves, with message numbers still as the client wrote them.

A tree that has passed the parser is at most `base.query.MAX_DEPTH` deep and `MAX_KEYS` large.
"""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.base import query
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.wire.imap.sets import SequenceSet


@dataclass(frozen=True, slots=True)
class Matches:
    """A condition that needs nothing from the session."""

    query: query.Query


@dataclass(frozen=True, slots=True)
class Numbers:
    """A sequence set: of UIDs (`UID 1:5`) or of message sequence numbers (`1:5`)."""

    numbers: SequenceSet
    uid: bool


@dataclass(frozen=True, slots=True)
class Recent:
    """RECENT (RFC 3501 §6.4.4); only the session knows which messages are recent to it."""


@dataclass(frozen=True, slots=True)
class NotKey:
    key: "SearchKey"


@dataclass(frozen=True, slots=True)
class AllOf:
    keys: tuple["SearchKey", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    keys: tuple["SearchKey", ...]


SearchKey = Matches | Numbers | Recent | NotKey | AllOf | AnyOf

Resolver = Callable[[SequenceSet, bool], NumberSet]
"""(set, is it of UIDs?) to the UIDs meant: the session knows its numbers, `*` and `$`."""

NEW = AllOf((Recent(), NotKey(Matches(query.Flagged(Flag.SEEN)))))
OLD = NotKey(Recent())


def to_query(key: SearchKey, resolve: Resolver, recent: NumberSet | None = None) -> query.Query:
    """The key as a query for the store. `recent` holds the UIDs recent to the session (None: none).

    What `resolve` raises (a sequence number that does not exist) passes through.
    """
    match key:
        case Matches(leaf):
            return leaf
        case Numbers(numbers, uid):
            return query.Uids(resolve(numbers, uid))
        case Recent():
            return query.Uids(recent if recent is not None else NumberSet())
        case NotKey(inner):
            return query.Not(to_query(inner, resolve, recent))
        case AllOf(keys):
            return query.And(tuple(to_query(k, resolve, recent) for k in keys))
        case AnyOf(keys):
            return query.Or(tuple(to_query(k, resolve, recent) for k in keys))


def uses_modseq(key: SearchKey) -> bool:
    """Whether MODSEQ occurs: the reply then carries the highest MODSEQ found (RFC 7162 §3.1.5)."""
    match key:
        case Matches(leaf):
            return isinstance(leaf, query.ModSeq)
        case NotKey(inner):
            return uses_modseq(inner)
        case AllOf(keys) | AnyOf(keys):
            return any(uses_modseq(k) for k in keys)
        case _:
            return False
