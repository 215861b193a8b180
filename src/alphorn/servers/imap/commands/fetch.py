"""FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4).

Items that the store has ready are read on the event loop, some thousand messages at a time; lines
of small items are kept for the next session that asks, as long as the mailbox does not change.
Message bodies are read in threads, in groups of about `GROUP_OCTETS`; a single small one at once.
The client takes each portion before the next is read.
"""

import asyncio
from collections.abc import Iterator

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids as uid_sequences
from alphorn.servers.imap.commands.selecting import all_there, uids_meant
from alphorn.servers.imap.failures import Bad
from alphorn.servers.imap.fetching import batches
from alphorn.servers.imap.fetching.plan import LARGE_ROWS, Plan, plan, read
from alphorn.servers.imap.fetching.reading import Group, Source
from alphorn.servers.imap.fetching.sections import Octets
from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import Column
from alphorn.wire.imap.commands import Fetch
from alphorn.wire.imap.items import FetchItem, Item

LOOK_MESSAGES = 5000
KEPT_ITEMS = frozenset((Item.UID, Item.FLAGS, Item.INTERNAL_DATE, Item.SIZE, Item.MODSEQ))
"""Small, and changed by nothing that leaves the mod-sequence of the mailbox as it was."""
KEPT_MESSAGES = 500
"""Lines of fewer messages are made again as quickly."""
GROUP_OCTETS = 512 << 10
GROUP_MESSAGES = 500
AT_ONCE_OCTETS = 32 << 10
"""Bodies up to this are read on the event loop: a thread would cost as much."""
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
        if made.weight is None:
            if wanted <= LARGE_ROWS:
                found = _send_lines(session, made, uids, since)[0]
            else:
                found = await _fetch_lines(session, made, command.items, uids, since)
        else:
            found = await _fetch_bodies(session, made, command.items, uids, since)
        if not since:
            return all_there(b"FETCH done", wanted, found, uid=command.uid)
    return b"OK FETCH done"


async def _fetch_lines(
    session: ImapSession, made: Plan, items: tuple[FetchItem, ...], uids: NumberSet, since: int
) -> int:
    """How many messages were there.

    What is kept depends on the messages in the mailbox and on what the client calls them. The
    mod-sequence fixes the first. As for the second: a session knows every message up to the last
    one of the portion that is there, and maybe some that are gone; where it knows as many as are
    there, and the same number for the first, all numbers are the same.
    """
    view = session.selected()
    assert session.account is not None
    kept = session.service.recent_lines
    keeping = KEPT_ITEMS.issuperset(items) and not since
    found = 0
    for portion in batches.by_count(view.uids, uids, made.rows):
        if found:
            await session.drain()
            await asyncio.sleep(0)  # others get their turn
            session.check_end()
        count = uid_sequences.count_in(view.uids, portion)
        key = None
        if keeping and count >= KEPT_MESSAGES:
            first = uid_sequences.numbers_in(view.uids, portion).ranges[0][0]
            modseq = session.mail().modseq(view.mailbox_id)
            key = (session.account.id, view.mailbox_id, modseq, items, portion, first, count)
            lines = kept.get(key)
            if lines is not None:
                session.send(lines)
                found += count
                continue
        there, lines = _send_lines(session, made, portion, since)
        found += there
        if key is not None and there == count:
            kept.put(key, lines)
    return found


def _send_lines(session: ImapSession, made: Plan, uids: NumberSet, since: int) -> tuple[int, bytes]:
    """Read and answer at once; how many messages were there, and their lines."""
    view = session.selected()
    rows = read(session.mail(), view.mailbox_id, uids, made.columns, since)
    if not rows:
        return 0, b""
    numbers = uid_sequences.numbers_of_rows(view.uids, [row[0] for row in rows])
    lines = made.lines(numbers, rows)
    session.send(lines)
    return len(rows), lines


async def _fetch_bodies(
    session: ImapSession, made: Plan, items: tuple[FetchItem, ...], uids: NumberSet, since: int
) -> int:
    view = session.selected()
    assert session.account is not None
    recent = session.service.recent
    found = 0
    for portion in batches.by_count(view.uids, uids, LOOK_MESSAGES):
        for group in _groups(session, made, items, portion, since):
            source = Source(session.mail(), session.account.id, view.mailbox_id, view.uids, recent)
            if group.octets <= AT_ONCE_OCTETS and not group.unseen and not found:
                done = group.read(source)
            else:
                done = await session.io.run(group.read, source)
            found += done.messages
            if done.flagged is not None:
                session.settle(done.flagged.before, done.flagged.modseq)
            session.send(done.lines)
            if done.pieces is not None:
                await _send(session, done.pieces)
            await session.drain()
            session.check_end()
    return found


def _groups(
    session: ImapSession, made: Plan, items: tuple[FetchItem, ...], uids: NumberSet, since: int
) -> Iterator[Group]:
    """The messages in groups that cost about the same."""
    view = session.selected()
    assert made.weight is not None
    look = (Column.UID, made.weight, Column.FLAGS)
    rows = read(session.mail(), view.mailbox_id, uids, look, since)
    weights = [(uid, octets * made.cuts) for uid, octets, _ in rows]
    unseen: frozenset[int] = frozenset()
    telling = made
    if made.sets_seen and view.writable:
        unseen = frozenset([uid for uid, _, flags in rows if not flags & Flag.SEEN])
        more = (Item.FLAGS, Item.MODSEQ) if session.condstore else (Item.FLAGS,)
        telling = plan((*items, *[item for item in more if item not in items]))
    for group, octets in batches.by_weight(weights, GROUP_MESSAGES, GROUP_OCTETS):
        yield Group(group, octets, NumberSet.of(unseen.intersection(group)), made, telling)


async def _send(session: ImapSession, pieces: Iterator[Octets]) -> None:
    """A large message: each piece is made in a thread and sent in slices."""
    while (piece := await session.io.run(next, pieces, None)) is not None:
        for at in range(0, len(piece), SLICE_OCTETS):
            session.send(bytes(piece[at : at + SLICE_OCTETS]))
            await session.drain()
