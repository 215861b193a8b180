"""DELETE (RFC 9051 §6.3.5)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import Delete


async def delete(session: ImapSession, command: Delete, tag: bytes) -> Outcome:
    """Who deletes the mailbox that is selected has none selected afterwards."""
    mailbox = session.mail().mailbox(command.mailbox)
    await session.io.run(session.mail().delete, command.mailbox)
    if session.view is not None and session.view.mailbox_id == mailbox.id:
        session.close_mailbox()
        session.send(render.ok("The selected mailbox was deleted", b"CLOSED"))
    return b"OK DELETE done"
