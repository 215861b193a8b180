"""Response codes (RFC 9051 §7.1): a table with their sources; those with arguments as functions.

A code is bytes without the brackets, as `render.tagged` and `render.ok` take it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from alphorn.wire.imap.tokens import compressed


@dataclass(frozen=True, slots=True)
class Row:
    name: bytes
    source: str
    arguments: bool = False


TABLE = (
    Row(b"ALERT", "RFC 9051 §7.1"),
    Row(b"ALREADYEXISTS", "RFC 5530 §3"),
    Row(b"APPENDUID", "RFC 9051 §7.1", arguments=True),
    Row(b"AUTHENTICATIONFAILED", "RFC 5530 §3"),
    Row(b"AUTHORIZATIONFAILED", "RFC 5530 §3"),
    Row(b"BADCHARSET", "RFC 9051 §7.1", arguments=True),
    Row(b"CANNOT", "RFC 5530 §3"),
    Row(b"CAPABILITY", "RFC 9051 §7.1", arguments=True),
    Row(b"CLIENTBUG", "RFC 5530 §3"),
    Row(b"CLOSED", "RFC 9051 §7.1"),
    Row(b"CONTACTADMIN", "RFC 5530 §3"),
    Row(b"COPYUID", "RFC 9051 §7.1", arguments=True),
    Row(b"CORRUPTION", "RFC 5530 §3"),
    Row(b"EXPIRED", "RFC 5530 §3"),
    Row(b"EXPUNGEISSUED", "RFC 5530 §3"),
    Row(b"HASCHILDREN", "RFC 9051 §7.1"),
    Row(b"HIGHESTMODSEQ", "RFC 7162 §3.1.2.1", arguments=True),
    Row(b"INUSE", "RFC 5530 §3"),
    Row(b"LIMIT", "RFC 5530 §3"),
    Row(b"MAILBOXID", "RFC 8474 §4.2", arguments=True),
    Row(b"METADATA", "RFC 5464 §4.2.1, §4.3", arguments=True),
    Row(b"MODIFIED", "RFC 7162 §3.1.3", arguments=True),
    Row(b"NOMODSEQ", "RFC 7162 §3.1.2.2"),
    Row(b"NONEXISTENT", "RFC 5530 §3"),
    Row(b"NOPERM", "RFC 5530 §3"),
    Row(b"NOTSAVED", "RFC 9051 §7.1"),
    Row(b"OVERQUOTA", "RFC 5530 §3"),
    Row(b"PARSE", "RFC 9051 §7.1"),
    Row(b"PERMANENTFLAGS", "RFC 9051 §7.1", arguments=True),
    Row(b"PRIVACYREQUIRED", "RFC 5530 §3"),
    Row(b"READ-ONLY", "RFC 9051 §7.1"),
    Row(b"READ-WRITE", "RFC 9051 §7.1"),
    Row(b"SERVERBUG", "RFC 5530 §3"),
    Row(b"TOOBIG", "RFC 4469 §4.2"),
    Row(b"TRYCREATE", "RFC 9051 §7.1"),
    Row(b"UIDNEXT", "RFC 9051 §7.1", arguments=True),
    Row(b"UIDNOTSTICKY", "RFC 9051 §7.1"),
    Row(b"UIDVALIDITY", "RFC 9051 §7.1", arguments=True),
    Row(b"UNAVAILABLE", "RFC 5530 §3"),
    Row(b"UNKNOWN-CTE", "RFC 9051 §7.1"),
    Row(b"UNSEEN", "RFC 3501 §7.1", arguments=True),
    Row(b"USEATTR", "RFC 6154 §6"),
)

NAMES = frozenset(row.name for row in TABLE)


def appenduid(uidvalidity: int, uids: Iterable[int]) -> bytes:
    """UIDs in the order of the messages appended, ascending as the store gives them."""
    return b"APPENDUID %d %b" % (uidvalidity, compressed(tuple(uids)))


def badcharset(charsets: Iterable[str]) -> bytes:
    return b"BADCHARSET (%b)" % " ".join(charsets).encode("ascii")


def capability(names: bytes) -> bytes:
    return b"CAPABILITY " + names


def copyuid(uidvalidity: int, pairs: Iterable[tuple[int, int]]) -> bytes:
    """(source, target) UIDs, at least one; both sets are written in the order of the pairs, so that
    the n-th of one is the n-th of the other."""
    sources, targets = zip(*pairs, strict=True)
    return b"COPYUID %d %b %b" % (uidvalidity, compressed(sources), compressed(targets))


def highestmodseq(modseq: int) -> bytes:
    return b"HIGHESTMODSEQ %d" % modseq


def mailboxid(identifier: str) -> bytes:
    return b"MAILBOXID (%b)" % identifier.encode("ascii")


def metadata(why: bytes, octets: int | None = None) -> bytes:
    """`why` with octets is LONGENTRIES (values were left out; the largest has so many) or MAXSIZE
    (so many a value may have), without TOOMANY."""
    return b"METADATA " + why if octets is None else b"METADATA %b %d" % (why, octets)


def modified(numbers: bytes) -> bytes:
    """`numbers` as `tokens.number_set` or `tokens.compressed` writes them."""
    return b"MODIFIED " + numbers


def permanentflags(words: bytes) -> bytes:
    """`words` as in `tokens.FLAG_WORDS`, with `\\*` where keywords may be made."""
    return b"PERMANENTFLAGS (%b)" % words


def uidnext(uid: int) -> bytes:
    return b"UIDNEXT %d" % uid


def uidvalidity(value: int) -> bytes:
    return b"UIDVALIDITY %d" % value


def unseen(number: int) -> bytes:
    """The sequence number of the first unseen message."""
    return b"UNSEEN %d" % number
