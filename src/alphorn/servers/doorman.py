"""Who is turned away at once when he connects: the banned, and who connects too often.

Asked for each connection, before anything is set up for it: it costs a few microseconds, and reads
the file of the door once a second at most.
"""

import math

from alphorn.base.door import Scope
from alphorn.base.help import Help
from alphorn.operations.doorkeeper import Doorkeeper
from alphorn.servers.listeners import Listener, Security
from alphorn.servers.rates import Rates
from alphorn.wire.managesieve import codes
from alphorn.wire.managesieve import render as managesieve
from alphorn.wire.smtp.replies import Reply

MX = "mx"
IMAP = "imap"
SIEVE = "sieve"
_RATE = "Too many connections from your network; connect again in {} seconds"


class Doorman:
    """One per worker. `help` is where those who are turned away find it. Without `rates` nobody
    connects too often."""

    def __init__(
        self,
        keeper: Doorkeeper,
        rates: Rates | None = None,
        help: Help = Help(),  # noqa: B008 - frozen
    ) -> None:
        self._keeper = keeper
        self._rates = rates
        self._help = help

    def turn_away(self, listener: Listener, client: str) -> bytes | None:
        """None for who may come in; else what he is told, which is nothing where TLS would have to
        come first."""
        if not listener.role:
            return None
        mx = listener.role == MX
        refusal = self._keeper.refusal(client, Scope.MX if mx else Scope.LOGINS)
        if refusal is not None:
            text = self._help.added(refusal.text, refusal.page)
            return _said(listener, Reply(refusal.status, text, refusal.basic), alert=True)
        if self._rates is None or not mx:
            return None
        wait = self._rates.take(client, self._keeper.clock())
        if not wait or self._keeper.exempt(client):
            return None
        reply = Reply("4.7.0", _RATE.format(math.ceil(wait)), 421)
        return _said(listener, reply.helped(self._help.url))


def _said(listener: Listener, reply: Reply, *, alert: bool = False) -> bytes:
    """`alert`: whoever reads his mail is to see it (RFC 9051 §7.1)."""
    if listener.security is Security.IMPLICIT:
        return b""
    if listener.role == IMAP:
        code = "ALERT" if alert else "UNAVAILABLE"
        return f"* BYE [{code}] {reply.text}\r\n".encode("ascii", "replace")
    if listener.role == SIEVE:
        return managesieve.bye(reply.text, b"" if reply.code >= 500 else codes.TRYLATER)
    return reply.encode()
