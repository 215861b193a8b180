"""EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9)."""

from alphorn.servers.imap.commands.selecting import uids_meant, writable
from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap.commands import Expunge


async def expunge(session: ImapSession, command: Expunge, tag: bytes) -> Outcome:
    """The EXPUNGE responses come with whatever else is told before the last line."""
    view = writable(session)
    uids = None if command.uids is None else uids_meant(view, command.uids, uid=True)
    if uids is None or uids:
        await session.io.run(session.mail().expunge, view.mailbox_id, uids)
    return b"OK EXPUNGE done"
