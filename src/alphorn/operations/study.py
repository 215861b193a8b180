"""One look at a message that is to be learned: what it is known by, its tokens, what is in it."""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from alphorn.base.numbers import NumberSet
from alphorn.message import header
from alphorn.message.parse import parse
from alphorn.spam.features import observe
from alphorn.spam.observation import Observation
from alphorn.spam.tokens import tokens
from alphorn.spam.values import SpamFacts
from alphorn.store.api import Account, Column

_TRANSACTION = re.compile(r"\bid ([A-Za-z0-9-]{4,64})\b")


class Teaching(NamedTuple):
    """`message` is what the message is known by, so that it counts once."""

    message: int
    tokens: tuple[int, ...]
    seen: Observation


def study(raw: bytes) -> Teaching:
    """Never raises; bounded."""
    seen = observe(raw, parse(raw), SpamFacts())
    return Teaching(message_key(raw), tokens(seen), seen)


def message_key(raw: bytes) -> int:
    """64 bits; the same for the same octets."""
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big")


def transaction_of(raw: bytes) -> str:
    """The transaction in which a message came in, by our own Received field on top; "" if none."""
    received = header.get_all(raw, "Received", 1)
    match = _TRANSACTION.search(received[0][:2000]) if received else None
    return match[1] if match is not None else ""


def raws(mail: Account, mailbox_id: int, uids: NumberSet) -> Iterator[tuple[int, bytes]]:
    """(UID, message) of those that are there, read one at a time."""
    for uid, raw in mail.fetch(mailbox_id, uids, (Column.UID, Column.RAW)):
        assert isinstance(uid, int)
        assert isinstance(raw, bytes)
        yield uid, raw
