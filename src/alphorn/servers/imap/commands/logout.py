"""LOGOUT (RFC 9051 §6.1.3)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import Logout


def logout(session: ImapSession, command: Logout, tag: bytes) -> Outcome:
    session.send(render.bye("Until next time") + render.tagged(tag, b"OK", "LOGOUT done"))
    session.hang_up()
    return None
