"""ID (RFC 2971): who we are; what a client says of itself goes to the log."""

import logging

from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import Id

_log = logging.getLogger(__name__)

SHOWN = {"name": "Alphorn"}
"""No version: it would only help whoever looks for one with a known hole."""

LOGGED = ("name", "version", "vendor", "os", "os-version")
"""What of the client's fields is useful to whoever looks for a problem."""


def identify(session: ImapSession, command: Id, tag: bytes) -> Outcome:
    said = {name: value for name, value in command.parameters if name in LOGGED and value}
    if said:
        _log.debug("client %s", said, extra={"peer": session.io.peer.address})
    session.send(render.identity(SHOWN))
    return b"OK ID done"
