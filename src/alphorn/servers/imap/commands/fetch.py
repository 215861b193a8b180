"""FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4).

Items that the store has ready are read on the event loop, some thousand messages at a time.
Message bodies are read in threads, in groups of little more than `GROUP_OCTETS`; a single small one
at once.
The client takes each portion before the next is read.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids as uid_sequences
from alphorn.servers.imap.commands.selecting import all_there, uids_meant
from alphorn.servers.imap.failures import Bad
from alphorn.servers.imap.fetching import batches
from alphorn.servers.imap.fetching.plan import Plan, Row, plan, read
from alphorn.servers.imap.fetching.recent import WORTH_KEEPING, RecentMessages
from alphorn.servers.imap.fetching.sections import Octets
from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import Account, Column, FlagAction, FlagsChanged
from alphorn.wire.imap.commands import Fetch
from alphorn.wire.imap.items import FetchItem, Item

GROUP_OCTETS = 512 << 10
GROUP_MESSAGES = 500
AT_ONCE_OCTETS = 32 << 10
"""Bodies up to this are read on the event loop: a thread would cost as much."""
LARGE_OCTETS = 512 << 10
"""A message above this is sent in slices, without a copy of it as a whole line."""
SLICE_OCTETS = 128 << 10


async def fetch(session: ImapSession, command: Fetch, tag: bytes) -> Outcome:
    view = session.selected()
    if command.vanished:
        raise Bad("QRESYNC is not enabled")  # RFC 7162 §3.2.6
    uids = uids_meant(view, command.numbers, uid=command.uid)
    if Item.MODSEQ in command.items:
        session.condstore = True
    wanted = uid_sequences.count_in(view.uids, uids)
    if wanted:
        since = command.changed_since or 0
        made = plan(command.items)
        reader = _fetch_lines if made.weight is None else _fetch_bodies
        found = await reader(session, made, command.items, uids, since)
        if not since:
            return all_there(b"FETCH done", wanted, found, uid=command.uid)
    return b"OK FETCH done"


async def _fetch_lines(
    session: ImapSession, made: Plan, items: tuple[FetchItem, ...], uids: NumberSet, since: int
) -> int:
    """How many messages were there."""
    view = session.selected()
    found = 0
    for portion in batches.by_count(view.uids, uids, made.rows):
        if found:
            await session.drain()
            await asyncio.sleep(0)  # others get their turn
            session.check_end()
        rows = read(session.mail(), view.mailbox_id, portion, made.columns, since)
        if rows:
            session.send(made.lines(_numbers(view.uids, rows), rows))
            found += len(rows)
    return found


async def _fetch_bodies(
    session: ImapSession, made: Plan, items: tuple[FetchItem, ...], uids: NumberSet, since: int
) -> int:
    view = session.selected()
    assert session.account is not None
    assert made.weight is not None
    look = (Column.UID, made.weight, Column.FLAGS)
    found = 0
    for portion in batches.by_count(view.uids, uids, GROUP_MESSAGES * 10):
        rows = read(session.mail(), view.mailbox_id, portion, look, since)
        unseen = frozenset(
            uid
            for uid, _, flags in rows
            if made.sets_seen and view.writable and not flags & Flag.SEEN
        )
        weights = [(uid, octets) for uid, octets, _ in rows]
        for group, octets in batches.by_weight(weights, GROUP_MESSAGES, GROUP_OCTETS):
            reading = _Reading(
                session.mail(),
                session.account.id,
                session.service.recent,
                view.mailbox_id,
                view.uids,
                group,
                octets,
                NumberSet.of(unseen.intersection(group)),
                made,
                _with_flags(items, modseqs=session.condstore),
            )
            if octets <= AT_ONCE_OCTETS and not found and not reading.unseen:
                portion_read = reading.read()
            else:
                portion_read = await session.io.run(reading.read)
            found += portion_read.messages
            if portion_read.flagged is not None:
                flagged = portion_read.flagged
                session.settle(flagged.before, flagged.modseq)
            await _send(session, portion_read.pieces)
            session.check_end()
    return found


def _with_flags(items: tuple[FetchItem, ...], *, modseqs: bool) -> Plan:
    """The plan for messages that get \\Seen by being read: the client is told so."""
    more = (Item.FLAGS, Item.MODSEQ) if modseqs else (Item.FLAGS,)
    return plan((*items, *(item for item in more if item not in items)))


async def _send(session: ImapSession, pieces: Iterable[Octets]) -> None:
    for piece in pieces:
        if len(piece) <= SLICE_OCTETS:
            session.send(bytes(piece))
            continue
        for at in range(0, len(piece), SLICE_OCTETS):
            session.send(bytes(piece[at : at + SLICE_OCTETS]))
            await session.drain()
    await session.drain()


def _numbers(known: Sequence[int], rows: Sequence[Row]) -> Iterable[int]:
    return uid_sequences.numbers_of_rows(known, [row[0] for row in rows])


@dataclass(frozen=True, slots=True)
class _Portion:
    messages: int
    pieces: Sequence[Octets]
    flagged: FlagsChanged | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One group of messages to read, in a thread as a rule. `unseen` get \\Seen first, and are then
    answered by `telling`, the plan that has FLAGS too."""

    mail: Account
    account_id: int
    recent: RecentMessages
    mailbox_id: int
    known: Sequence[int]
    group: list[int]
    octets: int
    unseen: NumberSet
    plain: Plan
    telling: Plan

    def read(self) -> _Portion:
        flagged = None
        made = self.plain
        if self.unseen:
            flagged = self.mail.flag(self.mailbox_id, self.unseen, FlagAction.ADD, Flag.SEEN)
            made = self.telling
        rows = self._rows(made)
        numbers = _numbers(self.known, rows)
        if self.octets > LARGE_OCTETS:
            pieces = [
                piece
                for number, row in zip(numbers, rows, strict=True)
                for piece in made.pieces(number, row)
            ]
            return _Portion(len(rows), pieces, flagged)
        return _Portion(len(rows), [made.lines(numbers, rows)] if rows else [], flagged)

    def _rows(self, made: Plan) -> Sequence[Row]:
        uids = NumberSet.of(self.group)
        if not made.partial or self.octets < WORTH_KEEPING or len(self.group) > 1:
            return read(self.mail, self.mailbox_id, uids, made.columns)
        return self._from_recent(made, uids)

    def _from_recent(self, made: Plan, uids: NumberSet) -> Sequence[Row]:
        """One large message, of which a client fetches piece after piece."""
        at = made.columns.index(Column.RAW)
        others = (*made.columns[:at], Column.EMAIL_ID, *made.columns[at + 1 :])
        rows = read(self.mail, self.mailbox_id, uids, others)
        if not rows:
            return rows
        row = rows[0]
        key = (self.account_id, row[at], self.octets)
        raw = self.recent.get(key)
        if raw is None:
            for (raw,) in read(self.mail, self.mailbox_id, uids, (Column.RAW,)):
                self.recent.put(key, raw)
        return [(*row[:at], raw, *row[at + 1 :])] if raw is not None else []
