"""Changing flags and keywords of any number of messages.

Messages are read, worked out in Python, and written back in runs: neighbours that become the same
are one statement. Marking a whole mailbox is so a handful of statements.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

from alphorn.base.errors import Refused
from alphorn.base.flags import ALL_FLAGS, Flag
from alphorn.base.numbers import NumberSet
from alphorn.store import keywords, mailboxes
from alphorn.store.api import FlagAction, FlagsChanged, Status
from alphorn.store.database import Transaction
from alphorn.store.snapshots import STATUS
from alphorn.store.tally import find_first_unseen, highest_modseq

State = tuple[int, str]
"""Flags, and keywords as a message keeps them."""
_Run = tuple[int, int, State]


def change(
    tx: Transaction,
    mailbox_id: int,
    uids: NumberSet,
    action: FlagAction,
    flags: int,
    words: frozenset[str],
    unchanged_since: int | None,
) -> FlagsChanged:
    if flags & ~ALL_FLAGS:
        raise Refused("There is no such flag.", code="flag")
    before = mailboxes.modseq(tx, mailbox_id)
    modseq = highest_modseq(tx) + 1
    if action is FlagAction.REMOVE:
        spelled = keywords.known(tx, words)
    else:
        spelled = keywords.learned(tx, mailbox_id, keywords.checked_words(words))
    work = _Work(_becomes(action, flags, frozenset(spelled)), modseq, unchanged_since)
    for low, high in uids.ranges:
        rows = tx.table(
            STATUS,
            "FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ?",
            (mailbox_id, low, high),
        )
        for first, last, (new_flags, new_words) in work.runs(rows):
            tx.execute(
                "UPDATE message SET flags = ?, keywords = ?, modseq = ?"
                " WHERE mailbox = ? AND uid BETWEEN ? AND ?",
                (new_flags, new_words, modseq, mailbox_id, first, last),
            )
    if work.changed:
        _count(tx, mailbox_id, work, modseq)
    return FlagsChanged(
        tuple(work.statuses),
        NumberSet.of(work.unchanged),
        NumberSet.of(work.changed),
        before,
        modseq if work.changed else before,
    )


def _becomes(action: FlagAction, flags: int, words: frozenset[str]) -> Callable[[int, str], State]:
    """What a message's state becomes; remembered, since there are few different ones."""

    @cache
    def becomes(old_flags: int, old_words: str) -> State:
        match action:
            case FlagAction.ADD:
                new = words.difference(old_words.split())
                return (
                    old_flags | flags,
                    keywords.joined((*old_words.split(), *new)) if new else old_words,
                )
            case FlagAction.REMOVE:
                return (
                    old_flags & ~flags,
                    " ".join([word for word in old_words.split() if word not in words]),
                )
            case FlagAction.REPLACE:
                return flags, keywords.joined(words)

    return becomes


class _Work:
    """What becomes of the messages as they pass."""

    __slots__ = (
        "_becomes", "_limit", "_modseq", "_words", "changed", "moves", "statuses", "unchanged",
    )  # fmt: skip

    def __init__(
        self, becomes: Callable[[int, str], State], modseq: int, unchanged_since: int | None
    ) -> None:
        self._becomes = becomes
        self._modseq = modseq
        self._limit = modseq if unchanged_since is None else unchanged_since
        self._words = cache(lambda text: tuple(text.split()))
        self.statuses: list[Status] = []
        self.changed: list[int] = []
        self.unchanged: list[int] = []
        self.moves: Counter[tuple[int, int]] = Counter()
        """How many messages went from which flags to which."""

    def runs(self, rows: list[tuple[int, int, str, int]]) -> Iterator[_Run]:
        """Runs of messages, neighbours among `rows`, that become the same."""
        becomes, words, limit, now = self._becomes, self._words, self._limit, self._modseq
        statuses, changed = self.statuses, self.changed
        first = last = 0
        state: State = (0, "")
        for uid, flags, text, modseq in rows:
            if modseq > limit:
                self.unchanged.append(uid)
                new = None
            else:
                new = becomes(flags, text)
                if new == (flags, text):
                    statuses.append(Status(uid, flags, words(text), modseq))
                    new = None
                else:
                    statuses.append(Status(uid, new[0], words(new[1]), now))
                    changed.append(uid)
                    self.moves[flags, new[0]] += 1
            if first and new != state:
                yield first, last, state
                first = 0
            if new is not None:
                first, last, state = first or uid, uid, new
        if first:
            yield first, last, state


def _count(tx: Transaction, mailbox_id: int, work: _Work, modseq: int) -> None:
    unseen = deleted = 0
    for (old, new), number in work.moves.items():
        unseen += number * (bool(old & Flag.SEEN) - bool(new & Flag.SEEN))
        deleted += number * (bool(new & Flag.DELETED) - bool(old & Flag.DELETED))
    tx.execute(
        "UPDATE mailbox SET modseq = ?, flagged = ?, unseen = unseen + ?, deleted = deleted + ?"
        " WHERE id = ?",
        (modseq, modseq, unseen, deleted, mailbox_id),
    )
    if any((old ^ new) & Flag.SEEN for old, new in work.moves):
        find_first_unseen(tx, mailbox_id, work.changed[0])
