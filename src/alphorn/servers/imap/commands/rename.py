"""RENAME (RFC 9051 §6.3.6)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import SEPARATOR
from alphorn.wire.imap.commands import Rename


async def rename(session: ImapSession, command: Rename, tag: bytes) -> Outcome:
    """A session that has the mailbox selected keeps it: the store knows it by its number."""
    new_name = command.new_name.removesuffix(SEPARATOR)
    await session.io.run(session.mail().rename, command.mailbox, new_name)
    return b"OK RENAME done"
