"""NAMESPACE (RFC 9051 §6.3.10): one personal namespace without a prefix."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import SEPARATOR
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import Namespace


def namespace(session: ImapSession, command: Namespace, tag: bytes) -> Outcome:
    session.send(render.namespace(SEPARATOR))
    return b"OK NAMESPACE done"
