"""CLOSE and UNSELECT (RFC 9051 §6.4.1, §6.4.2)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap.commands import Close, Unselect


async def close(session: ImapSession, command: Close, tag: bytes) -> Outcome:
    """Messages with \\Deleted go without a word, unless the mailbox is open for reading only."""
    view = session.selected()
    if view.writable:
        await session.io.run(session.mail().expunge, view.mailbox_id)
    session.close_mailbox()
    return b"OK CLOSE done"


def unselect(session: ImapSession, command: Unselect, tag: bytes) -> Outcome:
    session.close_mailbox()
    return b"OK UNSELECT done"
