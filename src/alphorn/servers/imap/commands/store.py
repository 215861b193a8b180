"""STORE and UID STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3)."""

from collections.abc import Sequence

from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids as uid_sequences
from alphorn.servers.imap.commands.selecting import all_there, uids_meant, writable
from alphorn.servers.imap.handler import Outcome, done
from alphorn.servers.imap.session import ImapSession
from alphorn.servers.imap.view import View
from alphorn.store.api import FlagAction, Status
from alphorn.wire.imap import codes, render, tokens
from alphorn.wire.imap.commands import Store, StoreAction
from alphorn.wire.imap.items import Item

_ACTIONS = {
    StoreAction.ADD: FlagAction.ADD,
    StoreAction.REMOVE: FlagAction.REMOVE,
    StoreAction.REPLACE: FlagAction.REPLACE,
}


async def store(session: ImapSession, command: Store, tag: bytes) -> Outcome:
    view = writable(session)
    uids = uids_meant(view, command.numbers, uid=command.uid)
    if command.unchanged_since is not None:
        session.condstore = True
    wanted = uid_sequences.count_in(view.uids, uids)
    if not wanted:
        return b"OK STORE done"
    result = await session.io.run(
        session.mail().flag,
        view.mailbox_id,
        uids,
        _ACTIONS[command.action],
        command.flags,
        command.keywords,
        command.unchanged_since,
    )
    session.settle(result.before, result.modseq)
    _answer(session, view, command, result.statuses)
    if result.unchanged:
        return done(b"Conditional STORE failed", _modified(view, command, result.unchanged))
    return all_there(b"STORE done", wanted, len(result.statuses), uid=command.uid)


def _answer(session: ImapSession, view: View, command: Store, statuses: Sequence[Status]) -> None:
    """The new flags; with .SILENT only mod-sequences, and those only to who asked for them once."""
    if not statuses:
        return
    if not command.silent:
        for line in view.new_keywords(statuses):
            session.send(line)
        lines = view.status_lines(statuses, modseqs=session.condstore, with_uid=command.uid)
        session.send(b"".join(lines))
    elif session.condstore:
        uids = [status.uid for status in statuses]
        modseqs = [status.modseq for status in statuses]
        numbers = uid_sequences.numbers_of_rows(view.uids, uids)
        line = render.fetch_format((Item.UID, Item.MODSEQ))
        session.send(b"".join(map(line.__mod__, zip(numbers, uids, modseqs, strict=True))))


def _modified(view: View, command: Store, unchanged: NumberSet) -> bytes:
    """Which messages were left alone: message numbers, or UIDs for UID STORE."""
    if not command.uid:
        unchanged = uid_sequences.numbers_in(view.uids, unchanged)
    return codes.modified(tokens.number_set(unchanged))
