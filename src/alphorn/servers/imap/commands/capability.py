"""CAPABILITY (RFC 9051 §6.1.1)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import Capability


def capability(session: ImapSession, command: Capability, tag: bytes) -> Outcome:
    session.send(render.capability(session.capabilities()))
    return b"OK CAPABILITY done"
