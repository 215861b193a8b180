"""STATUS (RFC 9051 §6.3.11)."""

from alphorn.servers.imap import mailboxes
from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap.commands import Status
from alphorn.wire.imap.items import StatusItem


def status(session: ImapSession, command: Status, tag: bytes) -> Outcome:
    if StatusItem.HIGHEST_MODSEQ in command.items:
        session.condstore = True
    session.send(
        mailboxes.status_line(
            session.mail().mailbox(command.mailbox),
            command.items,
            utf8=session.rev2,
            message_limit=session.service.limits.message,
        )
    )
    return b"OK STATUS done"
