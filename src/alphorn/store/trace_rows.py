"""What a trace event is in the file: a row under a number that is its time, and keys to find it by.

A number is the time in microseconds and, in its lowest bits, what tells apart the events of one
microsecond. So rows lie in the order of time, a span of time is a span of numbers, and no index
holds times. Texts are found by hashes of 32 bits, which make small indexes; whoever looks one up
compares the text itself as well.
"""

import json
from collections.abc import Sequence
from enum import IntEnum
from zlib import crc32

from alphorn.base.address import fold_domain
from alphorn.base.trace import TraceEvent, Verdict

MAX_TEXT = 1000
MAX_SECONDS = 1 << 32
"""Times are kept between 1970 and 2106."""
_SHIFT = 11
_MICROSECONDS = 1_000_000

COLUMNS = (
    "kind, transaction_id, sender, recipient, message_id, account_id, domain, text, facts,"
    " transaction_key, message_key, sender_key, recipient_key, domain_key"
)
_WIDTH = 1 + COLUMNS.count(",") + 1
_ROW = f"({', '.join('?' * _WIDTH)})"
READ = (
    "e.id, e.transaction_id, e.sender, e.recipient, e.message_id, e.account_id, e.domain, e.text,"
    " e.facts, k.stage, k.verdict"
)
"""Columns of `event e JOIN kind k` that `event_of` takes."""

Row = tuple[object, ...]
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Field(IntEnum):
    """What an event is found by."""

    TRANSACTION = 1
    MESSAGE = 2
    ADDRESS = 3  # sender and recipient alike
    ACCOUNT = 4  # the key is its id
    DOMAIN = 5
    KIND = 6  # stage and verdict; the key is the id in `kind`


def number_at(time: float) -> int:
    """The least number that an event of this time (seconds UTC) may have."""
    return int(min(max(time, 0.0), float(MAX_SECONDS)) * _MICROSECONDS) << _SHIFT


def time_of(number: int) -> float:
    return (number >> _SHIFT) / _MICROSECONDS


def key_of(text: str) -> int:
    """Of a text as `folded` and `plain_id` give it; 0 for none."""
    return crc32(text.encode()) if text else 0


def folded(text: str) -> str:
    """An address as it is kept and compared."""
    return storable(text.lower())


def folded_domain(text: str) -> str:
    """A domain as it is kept and compared: as A-labels where it is one."""
    return text.lower() if text.isascii() else fold_domain(text) or folded(text)


def plain_id(message_id: str) -> str:
    """A Message-ID as it is kept and compared."""
    stripped = message_id.strip().removeprefix("<").removesuffix(">")
    return storable(stripped[:MAX_TEXT])


def storable(text: str) -> str:
    """Text from outside may hold lone surrogates, which no database takes."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def row_of(event: TraceEvent, number: int, kind: int) -> Row:
    transaction = storable(event.transaction)
    sender, recipient = folded(event.sender), folded(event.recipient)
    message_id, domain = plain_id(event.message_id), folded_domain(event.domain)
    return (
        number,
        kind,
        transaction,
        sender,
        recipient,
        message_id,
        event.account_id,
        domain,
        storable(event.text[:MAX_TEXT]),
        _encode(dict(event.facts)) if event.facts else "",
        crc32(transaction.encode()) if transaction else 0,
        crc32(message_id.encode()) if message_id else 0,
        crc32(sender.encode()) if sender else 0,
        crc32(recipient.encode()) if recipient else 0,
        crc32(domain.encode()) if domain else 0,
    )


def insert(rows: int) -> str:
    """The statement that takes so many rows, one after the other."""
    return f"INSERT INTO event (id, {COLUMNS}) VALUES {', '.join([_ROW] * rows)}"  # noqa: S608


def event_of(row: Sequence[object]) -> TraceEvent:
    number, transaction, sender, recipient, message_id, account_id, *rest = row
    domain, text, facts, stage, verdict = rest
    return TraceEvent(
        time=time_of(int(str(number))),
        transaction=str(transaction),
        stage=str(stage),
        verdict=_VERDICTS.get(str(verdict), Verdict.INFO),
        text=str(text),
        sender=str(sender),
        recipient=str(recipient),
        message_id=str(message_id),
        account_id=account_id if isinstance(account_id, int) else None,
        domain=str(domain),
        facts=json.loads(str(facts)) if facts else {},
    )


_VERDICTS = {verdict.value: verdict for verdict in Verdict}
