"""Reads the bodies of a group of messages and makes their lines; runs in a thread as a rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids as uid_sequences
from alphorn.servers.imap.fetching.plan import Plan, Row, read
from alphorn.servers.imap.fetching.recent import WORTH_KEEPING, Recent
from alphorn.servers.imap.fetching.sections import Octets
from alphorn.store.api import Account, Column, FlagAction, FlagsChanged

LARGE_OCTETS = 512 << 10
"""A reply above this is made piece by piece while it is sent."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where to read from. `known` are the UIDs that the client knows."""

    mail: Account
    account_id: int
    mailbox_id: int
    known: Sequence[int]
    recent: Recent


@dataclass(frozen=True, slots=True)
class Portion:
    """What was read: the lines of so many messages, or of one large message the pieces, of which
    each takes a thread's time to make. `flagged`: some got \\Seen thereby."""

    messages: int
    lines: bytes = b""
    pieces: Iterator[Octets] | None = None
    flagged: FlagsChanged | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Messages to read together. `octets`: about how much their reply has. `unseen` are to get
    \\Seen first, and are then answered by the plan `telling`, which has FLAGS too."""

    uids: Sequence[int]
    octets: int
    unseen: NumberSet
    plain: Plan
    telling: Plan

    def read(self, source: Source) -> Portion:
        flagged = None
        plan = self.plain
        if self.unseen:
            plan = self.telling
            flagged = source.mail.flag(source.mailbox_id, self.unseen, FlagAction.ADD, Flag.SEEN)
        rows = self._rows(source, plan)
        if not rows:
            return Portion(0, flagged=flagged)
        numbers = uid_sequences.numbers_of_rows(source.known, [row[0] for row in rows])
        if self.octets <= LARGE_OCTETS or len(rows) > 1:
            return Portion(len(rows), plan.lines(numbers, rows), flagged=flagged)
        (number,) = numbers
        return Portion(1, pieces=plan.pieces(number, rows[0]), flagged=flagged)

    def _rows(self, source: Source, plan: Plan) -> Sequence[Row]:
        uids = NumberSet.of(self.uids)
        if plan.partial and self.octets >= WORTH_KEEPING and len(self.uids) == 1:
            return _from_recent(source, plan, uids)
        return read(source.mail, source.mailbox_id, uids, plan.columns)


def _from_recent(source: Source, plan: Plan, uids: NumberSet) -> Sequence[Row]:
    """One large message, of which a client fetches piece after piece."""
    at = plan.columns.index(Column.RAW)
    others = (*plan.columns[:at], Column.EMAIL_ID, *plan.columns[at + 1 :], Column.SIZE)
    rows = read(source.mail, source.mailbox_id, uids, others)
    if not rows:
        return rows
    *row, size = rows[0]
    key = (source.account_id, row[at], size)
    raw = source.recent.get(key)
    if raw is None:
        for (raw,) in read(source.mail, source.mailbox_id, uids, (Column.RAW,)):
            source.recent.put(key, raw)
    if raw is None:
        return []
    row[at] = raw
    return [tuple(row)]
