"""STARTTLS (RFC 9051 §6.2.1)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import StartTls


def starttls(session: ImapSession, command: StartTls, tag: bytes) -> Outcome:
    """The answer leaves in plaintext; whatever the client sent behind the command is forgotten."""
    session.send(render.tagged(tag, b"OK", "Begin TLS now"))
    session.start_tls()
    return None
