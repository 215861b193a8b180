"""A message made ready to be stored: all that can be worked out before the transaction begins."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from alphorn.base.errors import Refused
from alphorn.base.flags import ALL_FLAGS
from alphorn.message.summary import Summary
from alphorn.store.api import NewMessage
from alphorn.store.bodies import pack_body
from alphorn.store.details import details_of
from alphorn.store.keywords import checked_words
from alphorn.store.limits import MAX_THREAD_KEYS
from alphorn.store.text import storable


class Prepared(NamedTuple):
    """`keys` are hashes of Message-IDs, own first; never empty. `body` and `large` are the data of
    rows of these tables, `columns` those of the table `content` from `header_size` on."""

    size: int
    received: int
    flags: int
    words: frozenset[str]
    hash: bytes
    keys: tuple[int, ...]
    body: bytes
    large: bytes | None
    columns: tuple[object, ...]


def prepare(message: NewMessage) -> Prepared:
    """Hash, compress and arrange. Raises Refused for flags and keywords that cannot be."""
    _check_flags(message.flags)
    raw, summary = message.raw, message.summary
    digest = body_hash(raw)
    at = summary.header_size
    body, large = pack_body(details_of(summary), raw[:at], raw[at:])
    return Prepared(
        size=len(raw),
        received=message.internal_date,
        flags=message.flags,
        words=checked_words(message.keywords),
        hash=digest,
        keys=_keys(summary, digest),
        body=body,
        large=large,
        columns=(
            at,
            int(summary.has_attachment),
            summary.sent,
            summary.sent_day,
            summary.envelope,
            storable(summary.subject),
            storable(summary.base_subject),
            storable(summary.sort_from),
            storable(summary.sort_to),
            storable(summary.sort_cc),
        ),
    )


def prepare_copies(messages: Sequence[NewMessage]) -> list[Prepared]:
    """As `prepare` of each; what copies have in common is worked out once."""
    done: dict[tuple[int, int], Prepared] = {}
    prepared = []
    for message in messages:
        same = id(message.raw), id(message.summary)
        first = done.get(same)
        if first is None:
            made = done[same] = prepare(message)
        else:
            _check_flags(message.flags)
            made = first._replace(
                received=message.internal_date,
                flags=message.flags,
                words=checked_words(message.keywords),
            )
        prepared.append(made)
    return prepared


def _check_flags(flags: int) -> None:
    if flags & ~ALL_FLAGS:
        raise Refused("There is no such flag.", code="flag")


def body_hash(raw: bytes) -> bytes:
    """What equal messages in an account are found by; long enough that nobody makes two alike."""
    return hashlib.sha256(raw).digest()[:16]


def _keys(summary: Summary, digest: bytes) -> tuple[int, ...]:
    """A message without any identifier is known by its own octets, so that its copies are found."""
    identifiers = summary.thread_keys[:MAX_THREAD_KEYS]
    if not identifiers:
        return (int.from_bytes(digest[:8], "big") >> 1,)
    return tuple(dict.fromkeys(map(identifier_key, identifiers)))


def identifier_key(identifier: str) -> int:
    """What a Message-ID is found by: 63 bits, a positive integer in every database."""
    octets = identifier.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(octets, digest_size=8).digest(), "big") >> 1
