"""SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import SEPARATOR
from alphorn.wire.imap.commands import Subscribe, Unsubscribe


async def subscribe(session: ImapSession, command: Subscribe, tag: bytes) -> Outcome:
    """The mailbox need not exist: a program may subscribe to one that it is about to make."""
    name = command.mailbox.removesuffix(SEPARATOR)
    await session.io.run(session.mail().subscribe, name, True)
    return b"OK SUBSCRIBE done"


async def unsubscribe(session: ImapSession, command: Unsubscribe, tag: bytes) -> Outcome:
    await session.io.run(session.mail().subscribe, command.mailbox.removesuffix(SEPARATOR), False)
    return b"OK UNSUBSCRIBE done"
