"""Putting a message into the queue.

What is computed once here: its size, whether it has octets above 127 (8BITMIME) and has them in
its header (SMTPUTF8), each recipient's destination, and when its sender is to be told of a delay.
"""

# ruff: noqa: S608 - only constants of this room are put together; values are bound

import sqlite3
from dataclasses import dataclass

import zstandard

from alphorn.base.errors import Refused
from alphorn.message.envelope import Envelope, Notify, Origin, OriginKind
from alphorn.queue.bound import House, destination
from alphorn.queue.database import Connection, Database
from alphorn.queue.names import new_name
from alphorn.queue.rows import MESSAGE, message_row, notify_text
from alphorn.queue.values import QueuedMessage, State

COMPRESSION_LEVEL = 3
MAX_RECIPIENTS = 100_000
_NAME_TRIES = 3
NOBODY = House()

_QUIET = frozenset({OriginKind.REPORT, OriginKind.REPLIED})
"""Nobody wrote these by hand: nobody is told that one is late."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """In seconds: how long delivery is tried, and after how long the sender is told of a delay."""

    life: float = 5 * 86400.0
    notice: float = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A message ready to be inserted: all slow work on it is done. `destinations` are those of the
    envelope's recipients."""

    message: QueuedMessage
    destinations: tuple[str, ...]
    zstd: bytes
    notice_at: float | None


def prepare(
    raw: bytes,
    envelope: Envelope,
    origin: Origin,
    now: float,
    lifetimes: Lifetimes,
    house: House = NOBODY,
) -> Entry:
    """Raises Refused where there is no recipient, or more than `MAX_RECIPIENTS`; Unavailable where
    `house` does."""
    if not 1 <= len(envelope.recipients) <= MAX_RECIPIENTS:
        raise Refused(f"{len(envelope.recipients)} recipients cannot be queued.", code="recipients")
    header_end = raw.find(b"\r\n\r\n")
    eight_bit = not raw.isascii()
    message = QueuedMessage(
        id=0,
        name=new_name(now),
        created=now,
        expires=now + lifetimes.life,
        envelope=envelope,
        origin=origin,
        size=len(raw),
        eight_bit=eight_bit,
        utf8_header=eight_bit and not raw[: header_end if header_end >= 0 else None].isascii(),
    )
    zstd = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(raw)
    tells = bool(envelope.sender) and origin.kind not in _QUIET
    destinations = tuple(
        destination(recipient.address, envelope, origin, house) for recipient in envelope.recipients
    )
    return Entry(message, destinations, zstd, now + lifetimes.notice if tells else None)


def insert(connection: Connection, entry: Entry) -> str:
    """Within a transaction; the queue's name for the message."""
    message = entry.message
    columns = MESSAGE.removeprefix("id, ")
    marks = ", ".join("?" * (columns.count(",") + 1))
    row = message_row(message)
    for tries_left in reversed(range(_NAME_TRIES)):
        try:
            cursor = connection.execute(f"INSERT INTO message ({columns}) VALUES ({marks})", row)
            break
        except sqlite3.IntegrityError:
            if not tries_left:
                raise
            row = (new_name(message.created), *row[1:])
    id = cursor.lastrowid
    connection.execute("INSERT INTO content (message, zstd) VALUES (?, ?)", (id, entry.zstd))
    connection.executemany(
        "INSERT INTO recipient (message, address, destination, notify, original, state,"
        " next_attempt, notice_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                id,
                recipient.address,
                place,
                notify_text(recipient.notify),
                recipient.original,
                State.WAITING,
                message.created,
                entry.notice_at if tells_delay(recipient.notify) else None,
            )
            for recipient, place in zip(
                message.envelope.recipients, entry.destinations, strict=True
            )
        ),
    )
    return str(row[0])


def tells_delay(notify: frozenset[Notify]) -> bool:
    """RFC 3461 §4.1: without a word from the sender, a delay may be reported."""
    return not notify or Notify.DELAY in notify


def enqueue(
    database: Database,
    raw: bytes,
    envelope: Envelope,
    origin: Origin,
    now: float,
    lifetimes: Lifetimes,
    house: House = NOBODY,
) -> str:
    """Durable on return. Raises Refused, Unavailable."""
    entry = prepare(raw, envelope, origin, now, lifetimes, house)
    return database.write(lambda connection: insert(connection, entry))
