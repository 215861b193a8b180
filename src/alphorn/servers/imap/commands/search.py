"""SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 7162 §3.1.5)."""

import time
from bisect import bisect_right
from collections.abc import Sequence

from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import identifiers
from alphorn.servers.imap import uids as uid_sequences
from alphorn.servers.imap.commands.selecting import uids_meant
from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.servers.imap.view import View
from alphorn.store.api import Column
from alphorn.wire.imap import keys, render
from alphorn.wire.imap.commands import Search, SearchReturn
from alphorn.wire.imap.sets import SequenceSet

_ALL = frozenset((SearchReturn.ALL,))
_ENDS = frozenset((SearchReturn.MIN, SearchReturn.MAX))
_NOTHING = NumberSet()


async def search(session: ImapSession, command: Search, tag: bytes) -> Outcome:
    """A search that was to be saved and failed leaves an empty result (RFC 9051 §6.4.4.1)."""
    view = session.selected()

    def resolve(numbers: SequenceSet, uid: bool) -> NumberSet:
        return uids_meant(view, numbers, uid=uid)

    query = identifiers.in_store(keys.to_query(command.key, resolve))
    saves = command.returns is not None and SearchReturn.SAVE in command.returns
    if saves:
        view.saved = _NOTHING
    with_modseq = keys.uses_modseq(command.key)
    if with_modseq:
        session.condstore = True
    found: Sequence[int] = await session.io.run_long(
        session.mail().search, view.mailbox_id, query, int(time.time())
    )
    found = found[: bisect_right(found, view.highest)]
    if command.returns is not None:
        found = _reported(found, command.returns)
    if saves:
        view.saved = NumberSet.of(found)
    modseq = _highest_modseq(session, view, found) if with_modseq and found else None
    numbers = found if command.uid else list(uid_sequences.numbers_of_rows(view.uids, found))
    if command.returns is None and not session.rev2:
        session.send(render.search(numbers, modseq))
    else:
        returns = command.returns if command.returns is not None else _ALL
        session.send(render.esearch(tag, command.uid, returns, numbers, modseq))
    return b"OK SEARCH done"


def _reported(found: Sequence[int], returns: frozenset[SearchReturn]) -> Sequence[int]:
    """Where only MIN or MAX is asked for, only these count: for the mod-sequence and for what is
    saved (RFC 7162 §3.1.5, RFC 9051 §6.4.4.1)."""
    asked = returns - {SearchReturn.SAVE}
    if not found or not asked or not asked <= _ENDS:
        return found
    ends = []
    if SearchReturn.MIN in asked:
        ends.append(found[0])
    if SearchReturn.MAX in asked and found[-1] not in ends:
        ends.append(found[-1])
    return ends


def _highest_modseq(session: ImapSession, view: View, found: Sequence[int]) -> int:
    rows = session.mail().fetch(view.mailbox_id, NumberSet.of(found), (Column.MODSEQ,))
    return max((int(row[0]) for row in rows), default=0)  # type: ignore[call-overload]
