"""IDLE (RFC 9051 §6.3.13): from now on the client hears of changes as they happen."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import Idle


def idle(session: ImapSession, command: Idle, tag: bytes) -> Outcome:
    """What happened before comes at once; the end comes with the client's DONE."""
    session.send(render.IDLING)
    session.tell(expunge=True)
    return None
