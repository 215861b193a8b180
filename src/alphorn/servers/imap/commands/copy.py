"""COPY, MOVE and their UID forms (RFC 9051 §6.4.7, §6.4.8)."""

from collections.abc import Sequence

from alphorn.base.errors import NotFound
from alphorn.servers.imap import uids as uid_sequences
from alphorn.servers.imap.commands.selecting import uids_meant, writable
from alphorn.servers.imap.failures import No
from alphorn.servers.imap.handler import Outcome, done
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import Mailbox
from alphorn.wire.imap import codes, render
from alphorn.wire.imap.commands import Copy, Move

Pairs = Sequence[tuple[int, int]]


def target_of(session: ImapSession, name: str) -> Mailbox:
    """The mailbox that messages are to go to."""
    try:
        return session.mail().mailbox(name)
    except NotFound as error:
        raise No(error.text, b"TRYCREATE") from error


async def copy(session: ImapSession, command: Copy, tag: bytes) -> Outcome:
    """NO would mean that nothing was copied (§6.4.7), so where others have expunged some of the
    messages meanwhile it is OK for the rest, and COPYUID says which."""
    view = session.selected()
    uids = uids_meant(view, command.numbers, uid=command.uid)
    target = target_of(session, command.mailbox)
    if not uid_sequences.count_in(view.uids, uids):
        return b"OK COPY done: there was nothing to copy"
    pairs: Pairs = await session.io.run(
        session.mail().copy, view.mailbox_id, uids, target.id, session.quota()
    )
    if not pairs:
        raise No("The messages have been expunged", b"EXPUNGEISSUED")
    return done(b"COPY done", codes.copyuid(target.uidvalidity, pairs))


async def move(session: ImapSession, command: Move, tag: bytes) -> Outcome:
    """COPYUID comes before the EXPUNGE responses (§6.4.8), and these with whatever else is told."""
    view = writable(session)
    uids = uids_meant(view, command.numbers, uid=command.uid)
    target = target_of(session, command.mailbox)
    pairs: Pairs = ()
    if uids:
        pairs = await session.io.run(session.mail().move, view.mailbox_id, uids, target.id)
    if not pairs:
        return b"OK MOVE done: there was nothing to move"
    session.send(render.ok("Moved", codes.copyuid(target.uidvalidity, pairs)))
    return b"OK MOVE done"
