"""NOOP and CHECK: nothing to do but to tell what changed (RFC 9051 §6.1.2, RFC 3501 §6.4.1)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap.commands import Check, Noop


def noop(session: ImapSession, command: Noop, tag: bytes) -> Outcome:
    return b"OK NOOP done"


def check(session: ImapSession, command: Check, tag: bytes) -> Outcome:
    """What was acknowledged is durable already."""
    return b"OK CHECK done"
