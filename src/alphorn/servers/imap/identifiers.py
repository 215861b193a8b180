"""Object identifiers as clients see them (RFC 8474 §4, §5): a letter that says the kind, and the
store's number, so that none looks like a number (§7). They name the same thing for ever within an
account."""

from alphorn.base import query
from alphorn.base.query import Query

EMAIL = b"M%d"
THREAD = b"T%d"
_LETTERS = {"EMAILID": "M", "THREADID": "T"}


def mailbox_id(number: int) -> str:
    return f"F{number}"


def in_store(tree: Query) -> Query:
    """The query with identifiers as the store writes them; an unknown one is found nowhere."""
    match tree:
        case query.MessageIdentity(kind, identifier):
            letter, number = identifier[:1], identifier[1:]
            return query.MessageIdentity(kind, number if letter == _LETTERS.get(kind) else "")
        case query.Not(inner):
            return query.Not(in_store(inner))
        case query.And(parts):
            return query.And(tuple(map(in_store, parts)))
        case query.Or(parts):
            return query.Or(tuple(map(in_store, parts)))
        case _:
            return tree
