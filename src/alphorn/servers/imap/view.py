"""The selected mailbox as one session was told it: message numbers, and what is still to be told.

The store knows the mailbox; a view knows only what the client knows of it. What others change is
told by `apply` at the points where the protocol allows it; expunges that may not be told yet
(RFC 9051 §7.5.1) wait in `gone` and keep their message numbers until then.
"""

from collections.abc import Iterable, Sequence

from alphorn.base.flags import ALL_FLAGS
from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids as uid_sequences
from alphorn.store.api import Changes, Snapshot, Status
from alphorn.wire.imap import codes, render
from alphorn.wire.imap.items import Item
from alphorn.wire.imap.tokens import FLAG_WORDS

_NOTHING = NumberSet()


class View:
    """`uids` holds, at position n-1, the UID of message number n. `modseq` is the mailbox's
    mod-sequence up to which everything was told, but for `gone`. `saved` is the result of the last
    SEARCH with SAVE, in UIDs (RFC 9051 §6.4.4.1). `looked` is the monotonic time of the last look
    for changes, 0 after a hint that there are some.
    """

    __slots__ = (
        "gone", "keywords", "looked", "mailbox_id", "modseq", "saved", "uids", "uidvalidity",
        "writable",
    )  # fmt: skip

    def __init__(self, snapshot: Snapshot, uids: Sequence[int], *, writable: bool) -> None:
        self.mailbox_id = snapshot.mailbox.id
        self.uidvalidity = snapshot.mailbox.uidvalidity
        self.modseq = snapshot.mailbox.highest_modseq
        self.keywords = snapshot.keywords
        self.writable = writable
        self.uids = uids
        self.gone = _NOTHING
        self.saved = _NOTHING
        self.looked = 0.0

    @property
    def highest(self) -> int:
        """The highest UID the client knows, 0 where it knows none."""
        return self.uids[-1] if self.uids else 0

    def apply(self, changes: Changes, *, own: int = 0, expunge: bool, modseqs: bool) -> list[bytes]:
        """Take in what happened since `modseq`; the untagged responses that tell of it.

        Changes of mod-sequence `own` are the session's and were answered already. `expunge`: the
        client may be told of expunged messages now. `modseqs`: it wants MODSEQ (RFC 7162 §3.1).
        """
        last = self.highest
        known = [s for s in changes.changed if s.uid <= last and s.modseq != own]
        new = [s.uid for s in changes.changed if s.uid > last]
        self.modseq = changes.mailbox.highest_modseq
        if changes.expunged:
            gone = uid_sequences.known(self.uids, changes.expunged)
            self.gone = NumberSet.from_ranges((*self.gone.ranges, *gone.ranges))
        told = self.tell_gone() if expunge else []
        if new:
            self.uids = uid_sequences.extended(self.uids, new)
            told.append(render.exists(len(self.uids)))
        if changes.changed:
            told += self.new_keywords(changes.changed)
        if known:
            told += self.status_lines(known, modseqs=modseqs, with_uid=True)
        return told

    def tell_gone(self) -> list[bytes]:
        """EXPUNGE for each message that has gone, highest number first, so that those not told
        yet keep theirs."""
        if not self.gone:
            return []
        numbers = uid_sequences.numbers_in(self.uids, self.gone)
        self.uids = uid_sequences.without(self.uids, self.gone)
        self.gone = _NOTHING
        return [
            render.expunge(number)
            for low, high in reversed(numbers.ranges)
            for number in range(high, low - 1, -1)
        ]

    def status_lines(
        self, statuses: Sequence[Status], *, modseqs: bool, with_uid: bool
    ) -> list[bytes]:
        """FETCH responses with the flags of messages that the client knows."""
        uids, bits, keywords, modseq = zip(*statuses, strict=True)
        numbers = uid_sequences.numbers_of_rows(self.uids, uids)
        words = map(FLAG_WORDS.__getitem__, zip(bits, map(" ".join, keywords), strict=True))
        items = [Item.FLAGS]
        columns: list[Iterable[object]] = [numbers, words]
        if with_uid:
            items.insert(0, Item.UID)
            columns.insert(1, uids)
        if modseqs:
            items.append(Item.MODSEQ)
            columns.append(modseq)
        return list(map(render.fetch_format(items).__mod__, zip(*columns, strict=True)))

    def new_keywords(self, statuses: Sequence[Status]) -> list[bytes]:
        """FLAGS and PERMANENTFLAGS where keywords occur that the client was not told of
        (RFC 9051 §7.3.5)."""
        seen = {s.keywords for s in statuses}
        seen.discard(())
        if not seen:
            return []
        fresh = {word for words in seen for word in words}.difference(self.keywords)
        if not fresh:
            return []
        self.keywords = tuple(sorted(fresh.union(self.keywords)))
        return self.flag_lines()

    def flag_lines(self) -> list[bytes]:
        """What flags there are and which of them can be changed to stay."""
        words = FLAG_WORDS[ALL_FLAGS, " ".join(self.keywords)]
        if self.writable:
            permanent = render.ok("These are kept", codes.permanentflags(words + b" \\*"))
        else:
            permanent = render.ok("Nothing can be changed", codes.permanentflags(b""))
        return [render.flags(words), permanent]
