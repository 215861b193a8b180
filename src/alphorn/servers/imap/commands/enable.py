"""ENABLE (RFC 9051 §6.3.1)."""

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.capabilities import ENABLE
from alphorn.wire.imap.commands import Enable


def enable(session: ImapSession, command: Enable, tag: bytes) -> Outcome:
    """What is not known or on already is passed over; it is never switched off again."""
    fresh = []
    for name in command.capabilities:
        if name == "CONDSTORE" and not session.condstore:
            session.condstore = True
        elif name == "IMAP4REV2" and not session.rev2:
            session.rev2 = session.core.utf8 = True
        else:
            continue
        fresh.append(ENABLE[name])
    session.send(render.enabled(fresh))
    return b"OK ENABLE done"
